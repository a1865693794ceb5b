"""Where a name leads: files, folders, data folders; what becomes of bad rows, ids and several files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from mathagent.data import load, read_mapping
from mathagent.errors import DataError, UsageError

ROWS = [{"problem": f"What is {n} + {n}?", "answer": n + n} for n in range(5)]


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MATHAGENT_DATA", raising=False)


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", ROWS)
    data = load(f"{path}:4", limit=2)
    assert [(problem.id, problem.gold, problem.source) for problem in data.problems] == [
        ("0", "0", "mine"),
        ("1", "2", "mine"),
    ]
    assert (data.samples, data.total, data.source, data.bad, data.unanswered) == (4, 5, str(path), (), 0)


@pytest.mark.parametrize(
    "place",
    [
        "math-500.jsonl",
        "math500.parquet",
        "math_500/test.jsonl",
        "MATH_OAI/test.jsonl",
        "math_oai/test.json",
        "math-500/data/test.jsonl",
        "math500/data/test-00000-of-00001.parquet",
    ],
)
def test_a_short_name_in_a_data_folder(tmp_path: Path, place: str) -> None:
    write(tmp_path / place.replace("MATH_OAI", "math_oai"), ROWS)
    data = load("Math-500", data_dir=tmp_path)
    assert (data.name, data.licence, len(data.problems), data.problems[0].language) == (
        "math-500",
        "MIT",
        5,
        "en",
    )


def test_the_environment_names_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "house" / "test.jsonl", ROWS)
    monkeypatch.setenv("MATHAGENT_DATA", str(tmp_path))
    assert load("house").total == 5
    monkeypatch.setenv("MATHAGENT_DATA", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="MATHAGENT_DATA: no folder"):
        load("house")


def test_splits(tmp_path: Path) -> None:
    write(tmp_path / "gsm8k" / "test.jsonl", ROWS[:2])
    write(tmp_path / "gsm8k" / "train.jsonl", ROWS)
    assert load("gsm8k", data_dir=tmp_path).total == 2
    assert load("gsm8k", data_dir=tmp_path, split="train").total == 5
    assert load(str(tmp_path / "gsm8k"), split="train").total == 5
    write(tmp_path / "gsm-hard" / "train.jsonl", [{"input": "1+1?", "target": 2.0}])  # the hub calls it train
    assert load("gsm-hard", data_dir=tmp_path).problems[0].gold == "2"


def test_shards_are_one_table(tmp_path: Path) -> None:
    write(tmp_path / "mine" / "test-00000-of-00002.parquet", ROWS[:3])
    write(tmp_path / "mine" / "test-00001-of-00002.parquet", ROWS[3:])
    data = load("mine", data_dir=tmp_path)
    assert [problem.id for problem in data.problems] == ["0", "1", "2", "3", "4"]


def test_several_files_are_one_set_with_ids_that_differ(tmp_path: Path) -> None:
    folder = tmp_path / "mathbench_v1"
    choice = {"question": "哪个是素数", "options": ["4", "6", "7", "9"], "answer": "C", "topic": "数论"}
    write(folder / "high" / "single_choice_cn.jsonl", [choice])
    write(folder / "high_knowledge" / "single_choice_en.jsonl", [choice | {"question": "Which is prime?"}])
    write(folder / "primary" / "cloze_cn.jsonl", [{"question": "1+1=", "answer": "2"}])
    data = load("mathbench", data_dir=tmp_path)
    assert [(problem.id, problem.level, problem.language, problem.gold) for problem in data.problems] == [
        ("high/single_choice_cn/0", "high", "zh", "C"),
        ("high_knowledge/single_choice_en/0", "high_knowledge", "en", "C"),
        ("primary/cloze_cn/0", "primary", "zh", "2"),
    ]
    data = load("mathbench-zh", data_dir=tmp_path, circular=True)
    assert [problem.id for problem in data.problems] == [
        *(f"high/single_choice_cn/0@{turn}" for turn in range(4)),
        "primary/cloze_cn/0",
    ]
    assert data.total == 2


def test_bad_rows_stand_beside_the_good_ones(tmp_path: Path) -> None:
    path = tmp_path / "gsm8k.jsonl"
    path.write_text(
        '{"question": "a", "answer": "#### 1"}\n'
        '{"q": "b", "answer": "#### 2"}\n'
        '{"question": "c", "answer": "about three"}\n'
        "{\n"
        '{"question": "e", "answer": "#### 5"}\n'
    )
    data = load("gsm8k", data_dir=tmp_path)
    assert [(problem.id, problem.gold) for problem in data.problems] == [("0", "1"), ("4", "5")]
    assert [str(bad) for bad in data.bad] == [
        f"{path}: row 2: no column problem; has: q, answer",
        f"{path}: row 3: column answer: no line '#### answer' in 'about three'",
        f"{path}: row 4: not JSON: Expecting property name enclosed in double quotes at character 3",
    ]


def test_ids_are_taken_from_a_column_only_if_they_differ(tmp_path: Path) -> None:
    same = [{**row, "id": "exam", "idx": 7 + n} for n, row in enumerate(ROWS)]
    assert load(str(write(tmp_path / "a.jsonl", same))).problems[0].id == "7"
    assert (
        load(str(write(tmp_path / "b.jsonl", [{**row, "id": "exam"} for row in ROWS]))).problems[4].id == "4"
    )
    data = load(str(tmp_path / "b.jsonl"), columns=read_mapping("id=id"))
    assert len(data.problems) == 1
    assert str(data.bad[0]).endswith("row 2: the id 'exam' is that of row 1")
    data = load(
        str(write(tmp_path / "c.jsonl", [{**ROWS[0], "n": None}, {**ROWS[1], "n": "x"}])),
        columns={"id": ("n",)},
    )
    assert [problem.id for problem in data.problems] == ["x"]
    assert str(data.bad[0]).endswith("row 1: column n: empty, no id")


def test_columns_of_a_user_overrule_those_of_the_set(tmp_path: Path) -> None:
    write(
        tmp_path / "cmath.jsonl", [{"input": "一加一", "golden": "2", "grade": 3, "key": "k1", "better": "3"}]
    )
    problem = load("cmath", data_dir=tmp_path).problems[0]
    assert (problem.id, problem.gold, problem.level) == ("0", "2", "3")
    problem = load("cmath", data_dir=tmp_path, columns=read_mapping("id=key,answer=better")).problems[0]
    assert (problem.id, problem.gold, problem.level) == ("k1", "3", "3")


def test_the_fingerprint_tells_data_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ROWS)
    other = write(tmp_path / "b.parquet", ROWS)
    changed = write(tmp_path / "c.jsonl", [*ROWS[:4], {**ROWS[4], "answer": 9}])
    assert load(str(path)).sha256 == load(str(other)).sha256
    assert load(str(path)).sha256 != load(str(changed)).sha256
    assert load(str(path)).sha256 != load(str(path), seed=1).sha256


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("gsm9k", "no data set, file or folder is called 'gsm9k', nor in"),
        ("none.jsonl", "no file none.jsonl"),
        ("mathbench", "mathbench is not on the hub, and"),
        ("../gsm8k", "no data set, file or folder is called '../gsm8k'"),
    ],
)
def test_what_is_not_there(tmp_path: Path, spec: str, said: str) -> None:
    with pytest.raises((UsageError, DataError)) as caught:
        load(spec, data_dir=tmp_path)
    assert said in caught.value.message
    assert "\n" not in str(caught.value)


def test_nothing_that_can_be_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"q": 1}, {"q": 2}])
    with pytest.raises(DataError) as caught:
        load(str(path))
    assert caught.value.message == f"none of 2 rows can be used: {path}: row 1: no column problem; has: q"
    assert "--columns" in caught.value.hint
    (tmp_path / "b.jsonl").write_text("\n")
    with pytest.raises(DataError, match=r"b\.jsonl: no rows"):
        load(str(tmp_path / "b.jsonl"))
    with pytest.raises(UsageError, match="does not go with a file"):
        load(str(path), split="train")
    with pytest.raises(UsageError, match="the short name says which configuration"):
        load("gsm8k", config="main", data_dir=tmp_path)
