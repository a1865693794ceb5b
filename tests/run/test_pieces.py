"""The parts of a run by themselves: line files, the journal, the schedule, polls, servers that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from mathagent.data import Problem
from mathagent.errors import ModelUnreachable, RunError, UsageError
from mathagent.grading import EMPTY, Grader
from mathagent.run.endpoints import Endpoints
from mathagent.run.folder import differences, open_run, read_settings
from mathagent.run.journal import Journal, read_journal
from mathagent.run.lines import LineFile, read_lines
from mathagent.run.polls import Poll
from mathagent.run.rows import Row
from mathagent.run.schedule import Schedule
from mathagent.run.seeds import seed_of
from mathagent.trace.schema import CodeStep, TextStep
from mathagent.types import Chunk, ModelInfo, ModelInput, Sampling


def test_a_torn_line_is_cut_off_wherever_it_was_torn(tmp_path: Path) -> None:
    whole = b'{"n": 1}\n{"n": 2, "text": "\xc3\xa9"}\n'
    for length in range(len(whole) + 1):
        path = tmp_path / "lines"
        path.write_bytes(whole[:length])
        before = [record["n"] for _, record in read_lines(path)]
        file = LineFile(path)
        file.append('{"n": 3}')
        file.close()
        assert [record["n"] for _, record in read_lines(path)] == [*before, 3]
        assert file.repaired == length - (whole[:length].rfind(b"\n") + 1)


def test_a_long_torn_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"n": 1}\n' + b"x" * 200_000)
    file = LineFile(path)
    file.close()
    assert file.repaired == 200_000
    assert path.read_bytes() == b'{"n": 1}\n'


def test_a_line_that_was_changed_by_hand_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text('{"n": 1}\nnot json\n')
    with pytest.raises(RunError, match="lines, line 2: no JSON"):
        list(read_lines(path))


def test_the_journal_gives_back_what_the_last_beginning_completed(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    steps = [
        TextStep(at=0.5, raw="I think é\u2028"),
        CodeStep(at=0.6, index=0, raw="```python\n1\n```", code="1\n", closed=False),
    ]
    journal = Journal(path)
    journal.begin(("a", 0), "t0", "2026-01-01T00:00:00+00:00")
    journal.commit(("a", 0), steps)
    journal.begin(("a", 1), "t1", "2026-01-01T00:00:00+00:00")
    journal.begin(("b", 0), "t2", "2026-01-01T00:00:00+00:00")
    journal.commit(("b", 0), steps)
    journal.begin(("b", 0), "t3", "2026-01-02T00:00:00+00:00")
    journal.close()
    begun = read_journal(path, finished={("a", 1)})
    assert {key: (each.trace, each.steps) for key, each in begun.items()} == {
        ("a", 0): ("t0", steps),
        ("b", 0): ("t3", []),
    }


def test_a_step_of_another_version_is_an_error_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    journal = Journal(path)
    journal.begin(("a", 0), "t0", "2026-01-01T00:00:00+00:00")
    journal.commit(("a", 0), [TextStep(at=0.5, raw="I think")])
    journal.close()
    path.write_text(path.read_text().replace('"raw"', '"rare": 1, "raw"'))
    with pytest.raises(RunError, match=r"a step that this mathagent can't read: 0\.text\.rare"):
        read_journal(path)


async def test_the_schedule_goes_through_the_samples_breadth_first() -> None:
    schedule = Schedule(["a", "b"], 2, finished={("a", 0)}, begun={("b", 1)})
    assert [await schedule.next() for _ in range(3)] == [("b", 1), ("b", 0), ("a", 1)]
    waiting = asyncio.ensure_future(schedule.next())
    await asyncio.sleep(0)
    assert not waiting.done()  # one that runs may still come back
    schedule.put_back(("b", 0))
    assert await waiting == ("b", 0)
    for key in (("b", 0), ("b", 1), ("a", 1)):
        schedule.end(key)
    assert await schedule.next() is None


async def test_the_schedule_drops_what_a_vote_makes_needless() -> None:
    schedule = Schedule(["a", "b"], 4, finished=(), begun=())
    first = [await schedule.next() for _ in range(3)]
    assert first == [("a", 0), ("b", 0), ("a", 1)]
    running = schedule.drop([("a", 1), ("a", 2), ("a", 3)])
    assert running == [("a", 1)]
    assert schedule.waiting == 3
    assert [await schedule.next() for _ in range(3)] == [("b", 1), ("b", 2), ("b", 3)]
    assert schedule.dropped == {("a", 2), ("a", 3)}
    schedule.drain()
    schedule.put_back(("b", 3))
    assert await schedule.next() is None


def test_seeds_depend_on_problem_and_sample_only() -> None:
    assert seed_of(0, "a", 0) == seed_of(0, "a", 0)
    seeds = {seed_of(run, problem, sample) for run in (0, 1) for problem in "ab" for sample in range(50)}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**31 for seed in seeds)


async def test_a_poll_counts_equal_answers_together() -> None:
    async with Grader() as grader:
        poll = Poll(grader, 8, "decided")
        answers = ["1/2", "0.5", "\\frac{1}{2}", "3"]
        numbers = await asyncio.gather(*(poll.number(answer) for answer in answers))
        assert numbers[0] == numbers[1] == numbers[2] != numbers[3]
        rows = [
            Row(id="a", sample=sample, predicted_answer=answer, cluster=number)
            for sample, (answer, number) in enumerate(zip(answers, numbers, strict=True))
        ]
        for row in rows:
            poll.count(row)
        assert not poll.settled  # 3 to 1 with 4 to come
        again = Poll(grader, 8, "decided")
        again.recount(rows)
        again.count(Row(id="a", sample=4, predicted_answer="", cluster=EMPTY))
        again.count(Row(id="a", sample=5, predicted_answer="1/2", cluster=0, error="the server died"))
        assert not again.settled  # 3 to 1 with 2 to come
        assert await again.number("2/4") == numbers[0]
        again.count(Row(id="a", sample=6, predicted_answer="2/4", cluster=numbers[0]))
        assert again.settled


def test_differences_name_what_changed() -> None:
    old = {"model": "a", "limits": {"tokens": 1, "seconds": 2}, "stop": None}
    assert differences(old, old) == []
    assert differences(old, {"model": "a", "limits": {"tokens": 3, "seconds": 2}, "stop": 0.9}) == [
        "limits.tokens: 1 -> 3",
        "stop: null -> 0.9",
    ]


@pytest.mark.parametrize("killed_at", range(5))
def test_a_beginning_that_was_killed_is_no_stranger(tmp_path: Path, killed_at: int) -> None:
    """Whatever a kill left of the first files, the folder can still be used; anything else in it is refused."""
    left = ("lock", ".problems.jsonl.new", "problems.jsonl", ".settings.json.new")[:killed_at]
    for name in left:
        (tmp_path / name).write_text("{")
    problems = [Problem("a", "What is 1 + 1?", "2")]
    open_run(tmp_path, {"samples": 1}, problems, 0).close()
    assert read_settings(tmp_path) == {"samples": 1}
    open_run(tmp_path, {"samples": 1}, problems, 0).close()
    with pytest.raises(UsageError, match="samples: 1 -> 2"):
        open_run(tmp_path, {"samples": 2}, problems, 0)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("")
    with pytest.raises(UsageError, match=r"holds no run \(mine\.txt\)"):
        open_run(tmp_path / "other", {"samples": 1}, problems, 0)


class Client:
    """A client that answers while its address is in `alive`."""

    alive: ClassVar[set[str]] = set()

    def __init__(self, address: str) -> None:
        self.address = address

    async def describe(self) -> ModelInfo:
        if self.address not in self.alive:
            raise ModelUnreachable(f"{self.address} is away")
        return ModelInfo("m", None, "", True)

    async def stream(
        self, request: ModelInput, sampling: Sampling, *, stop: Sequence[str], max_tokens: int
    ) -> AsyncGenerator[Chunk, None]:
        yield Chunk(text=self.address)

    async def aclose(self) -> None:
        pass


async def test_endpoints_are_chosen_by_load_set_aside_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mathagent.run.endpoints._PROBE", 0.02)
    told: list[str] = []
    Client.alive = {"one", "two"}
    endpoints = Endpoints(["one", "two"], Client, requests=4, patience=30, tell=told.append)
    async with endpoints.lease() as first, endpoints.lease() as second:
        assert {first.address, second.address} == {"one", "two"}
        async with endpoints.lease() as third:
            Client.alive = {second.address}
            endpoints.set_aside(first, "it broke")
            async with endpoints.lease() as fourth:
                assert fourth is second
            endpoints.set_aside(second, "it broke")
            Client.alive = set()
            waiting = asyncio.ensure_future(endpoints.lease().__aenter__())
            await asyncio.sleep(0.1)
            assert not waiting.done()
            Client.alive = {first.address}
            assert await asyncio.wait_for(waiting, 20) is first
            assert third in (first, second)
    assert told[0] == f"{first.address} is set aside: it broke"
    assert told[-1] == f"{first.address} answers again"
    await endpoints.aclose()


async def test_no_server_for_too_long_is_an_error() -> None:
    Client.alive = set()
    endpoints = Endpoints(["one"], Client, requests=1, patience=0.05)
    endpoints.set_aside(endpoints.all[0], "it broke")
    with pytest.raises(RunError, match=r"no server has answered for 0\.05 s: one"):
        async with endpoints.lease():
            pass
    await endpoints.aclose()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_said(tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    with pytest.raises(RunError, match="No space left on device"):
        LineFile(path).append("{}")
