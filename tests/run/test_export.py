"""`mathagent export`: each form, read back as its own readers do."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from mathagent.run.rows import Row
from tests.cli.program import Program
from tests.run.stored import DATA, failed, make_run, row, samples

STEPS = [
    {"role": "language", "content": "I multiply."},
    {"role": "environment", "content": "42", "name": "interpreter"},
]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    several = samples(
        "a", ["42", "7", None], level="2", extra={"question": "x", "idx": 5}, seed=7, steps=STEPS
    )
    return make_run(tmp_path / "run", [*several, *samples("b", ["42", "42"]), failed("b", 2)], k=3)


def export(program: Program, run: Path, form: str, target: Path) -> None:
    ended = program.call("export", str(run), "--format", form, "--output", str(target))
    assert ended.code == 0, ended.err


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_parquet_has_every_field_with_the_same_types(program: Program, run: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export(program, run, "parquet", tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.num_rows == 6
    assert set(table.column_names) == set(Row.model_fields)
    first = table.to_pylist()[0]
    assert (first["id"], first["symbolic_correct"], first["seed"]) == ("a", True, 7)
    assert json.loads(first["steps"]) == STEPS
    assert json.loads(first["extra"]) == {"question": "x", "idx": 5}
    other = make_run(
        tmp_path / "other", [row("z", gold=None, answer=None, mean_logprob=-0.5, judgement="Yes")]
    )
    export(program, other, "parquet", tmp_path / "other.parquet")
    schema = parquet.read_schema(tmp_path / "other.parquet")
    assert [schema.field(name).type for name in Row.model_fields] == [
        table.schema.field(name).type for name in Row.model_fields
    ]
    assert "judgement" in schema.names


def test_lm_eval_has_a_row_a_problem_with_its_hashes(program: Program, run: Path, tmp_path: Path) -> None:
    export(program, run, "lm-eval", tmp_path / "samples.jsonl")
    first, second = lines(tmp_path / "samples.jsonl")
    assert list(first) == [
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
        *("doc_hash", "prompt_hash", "target_hash", "exact_match"),
    ]
    assert first["resps"] == [["So it is \\boxed{42}.", "So it is \\boxed{7}.", ""]]
    assert first["filtered_resps"] == ["42", "7", ""]
    assert first["arguments"] == {"gen_args_0": {"arg_0": "Problem a", "arg_1": {"temperature": 0.5}}}
    assert first["exact_match"] == pytest.approx(1 / 3)
    assert first["prompt_hash"] == hashlib.sha256(b"Problem a").hexdigest()
    assert first["doc_hash"] == hashlib.sha256(b'{\n  "question": "x",\n  "idx": 5\n}').hexdigest()
    assert (second["doc_id"], second["exact_match"], len(second["filtered_resps"])) == (1, 1.0, 2)


def test_nemo_has_a_file_a_sample(program: Program, run: Path, tmp_path: Path) -> None:
    export(program, run, "nemo", tmp_path / "nemo")
    names = sorted(path.name for path in (tmp_path / "nemo").iterdir())
    assert names == [f"output-rs{sample}.jsonl" for sample in range(3)]
    first, other = lines(tmp_path / "nemo" / "output-rs0.jsonl")
    wanted = {"generation": "So it is \\boxed{42}.", "predicted_answer": "42", "expected_answer": "42"}
    assert {**first, **wanted, "symbolic_correct": True, "question": "x"} == first
    assert other["id"] == "b"
    one = make_run(tmp_path / "one", [row("a"), row("b")])
    export(program, one, "nemo", tmp_path / "output.jsonl")
    assert len(lines(tmp_path / "output.jsonl")) == 2


def test_internlm_rows(program: Program, run: Path, tmp_path: Path) -> None:
    export(program, run, "internlm", tmp_path / "agent.jsonl")
    found = lines(tmp_path / "agent.jsonl")
    assert len(found) == 6
    keys = {"problem", "level", "type", "idx", "query", "gt", "pred", "steps", "error", "score"}
    assert all(keys <= set(line) for line in found)
    assert (found[0]["idx"], found[0]["pred"], found[0]["score"], found[0]["steps"]) == (
        5,
        ["42"],
        [True],
        STEPS,
    )
    dead = next(line for line in found if line["error"])
    assert (dead["pred"], dead["score"]) == ([], [])


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not there: {DATA}")
def test_internlm_rows_have_the_fields_of_a_recorded_one(program: Program, run: Path, tmp_path: Path) -> None:
    recorded = json.loads(
        (DATA / "trajectories" / "internlm-agent-samples.jsonl").read_text().splitlines()[0]
    )
    export(program, run, "internlm", tmp_path / "agent.jsonl")
    assert set(recorded) - {"format", "source", "solution"} <= set(lines(tmp_path / "agent.jsonl")[0])


def test_sheets_name_each_sample(program: Program, run: Path, tmp_path: Path) -> None:
    export(program, run, "sheet", tmp_path / "sheet.csv")
    with (tmp_path / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert [line["id"] for line in found] == ["a#0", "b#0", "a#1", "b#1", "a#2"]


@pytest.mark.parametrize("form", ["nemo", "internlm", "lm-eval"])
def test_what_is_exported_is_read_back_with_the_same_numbers(
    program: Program, tmp_path: Path, form: str
) -> None:
    rows = [row(str(number), answer="42" if number % 3 else "7") for number in range(9)]
    run = make_run(tmp_path / "run", rows)
    export(program, run, form, tmp_path / "out.jsonl")
    ended = program.call("grade", str(tmp_path / "out.jsonl"), "--json")
    assert ended.code == 0, ended.err
    counts = json.loads(ended.out)["overall"]["counts"]
    assert (counts["correct"], counts["wrong"]) == (6, 3)


def test_a_place_that_cannot_be_written_is_one_line(program: Program, run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for form in ("parquet", "lm-eval", "nemo", "internlm", "sheet"):
        ended = program.call("export", str(run), "-f", form, "-o", str(tmp_path / "file" / "x"))
        assert (ended.code, len(ended.complaints)) == (3, 1)
    assert (tmp_path / "file").read_text() == "x"
    assert program.call("export", str(run), "-f", "xml", "-o", "x").code == 2
