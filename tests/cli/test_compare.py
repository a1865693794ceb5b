"""`mathagent compare`: tables, JSON, the difference of two traces, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.program import Program
from tests.collection.made import solved, write_run
from tests.run.stored import make_run, row, samples


def two(program: Program, **about: object) -> tuple[str, str]:
    """Two runs of 14 problems: the second solves ten that the first doesn't, and loses one."""
    for name, answers in (("base", ["41"] * 10 + ["42"] * 4), ("new", ["42"] * 13 + ["41"])):
        traces = [solved(f"p{n:02}", 0, answer, level=str(n % 2 + 1)) for n, answer in enumerate(answers)]
        write_run(program.home / name, traces, sampling={"temperature": 0.0 if name == "base" else 0.7})
    return "base", "new"


def test_two_runs(program: Program) -> None:
    ended = program.call("compare", *two(program), "--by", "level", "--limit", "2")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[:3] == [
        "new against base", "over 14 problems that both have", "  sampling.temperature: 0.0 -> 0.7",
    ]  # fmt: skip
    accuracy = "pass@1  28.57% (11.7 to 54.6)  92.86% (68.5 to 98.7)  +64.29 points  +35.7 to +92.9"
    assert accuracy in lines
    assert (
        "new solves 10 problems that base doesn't and loses 1; p = 0.012: chance alone would hardly do that"
        in lines
    )
    assert "McNemar's exact test" in lines
    assert "solved by new only: 10" in lines
    assert "  p00 [level 1, Algebra]: 41 then 42, known 42" in lines
    assert "  and 8 more: --limit, or --json for all" in lines
    assert "  p13 [level 2, Algebra]: 42 then 41, known 42" in lines
    assert [line.split()[:2] for line in lines if line[:2] in ("1 ", "2 ")] == [["1", "7"], ["2", "7"]]
    assert any(line.split()[:4] == ["generated", "tokens", "5", "5"] for line in lines)


def test_three_runs_as_json(program: Program) -> None:
    base, new = two(program)
    make_run(
        program.home / "third",
        [each for n in range(14) for each in samples(f"p{n:02}", ["42", "41"], problem="")],
        k=2,
    )
    said = json.loads(program.call("compare", base, new, "third", "--json").out)["comparisons"]
    assert [(each["first"], each["second"], each["problems"]) for each in said] == [
        ("base", "new", 14), ("base", "third", 14),
    ]  # fmt: skip
    assert len(said[0]["gained"]) == 10
    assert said[0]["overall"]["p_holm"] >= said[0]["overall"]["p"]
    assert said[1]["overall"]["p_sign_flip"] is not None
    assert [part["name"] for part in said[0]["by_level"]] == ["1", "2"]


def test_what_is_refused(program: Program) -> None:
    base, new = two(program)
    for arguments, complaint in (
        ((base,), "compare takes two runs or more"),
        ((base, "./base"), "a run is named twice"),
        ((base, "nothing"), "there is no run and no file nothing"),
        ((base, new, "--problem", "p99"), None),
    ):
        ended = program.call("compare", *arguments)
        assert ended.code in (2, 3)
        assert len(ended.complaints) == 1
        assert complaint is None or ended.err.startswith(f"error: {complaint}")
    make_run(program.home / "other", [row("q1", problem="Another?")])
    apart = program.call("compare", base, "other")
    assert apart.code == 0
    assert "base and other have no problem in common: nothing can be said" in apart.out
    write_run(program.home / "strange", [solved("q1")])
    assert "has no trace of problem 'p00'" in program.call("compare", base, "strange", "--problem", "p00").err


def test_two_traces_step_by_step(program: Program) -> None:
    runs = two(program)
    second = program.home / "new" / "traces.jsonl"
    text = second.read_text()
    changed = text.replace('"code":"6 * 7\\n"', '"code":"a = 6\\nprint(a * 7)\\n"').replace(
        "Größe", "\\u001b[31mDie Größe"
    )
    assert changed != text
    second.write_text(changed)
    ended = program.call("compare", *runs, "--problem", "p00:0", environment={"COLUMNS": "100"})
    assert ended.code == 0
    for part in ("1. code ──", "  -6 * 7", "  +a = 6", "thinking, the same", "{+Die+} Größe ∑ 中文:",
                 "- base: 41 (wrong) · answer · 5 tokens", "+ new: 42 (correct)"):  # fmt: skip
        assert part in ended.out, part
    assert "\x1b" not in ended.out
    (said,) = json.loads(program.call("compare", *runs, "--problem", "p00", "--json").out)["differences"]
    assert [(step["kind"], step["same"]) for step in said["steps"]] == [
        ("code", False), ("thinking", True), ("prose", False),
    ]  # fmt: skip
    assert said["steps"][0]["first"]["output"] == "42"
    assert said["steps"][0]["diff"] == ["@@ -1 +1,2 @@", "-6 * 7", "+a = 6", "+print(a * 7)"]


def test_files_of_other_tools_against_a_run(program: Program) -> None:
    base, _ = two(program)
    rows = [{"id": f"p{n:02}", "gt": "42", "pred": "42", "score": True, "question": ""} for n in range(14)]
    Path(program.home, "theirs.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    ended = program.call("compare", base, "theirs.jsonl")
    assert "theirs solves 10 problems that base doesn't and loses 0" in ended.out
