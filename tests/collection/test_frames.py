"""Collections as DataFrames: types that hold whatever the traces are, what is unknown missing."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import pandas
import pytest

from mathagent.collection import open_collection
from mathagent.errors import UsageError
from tests.collection.made import solved, write_run
from tests.collection.test_imports import TORA, opened

TYPES = {
    "place": "int64", "id": "string", "problem": "string", "sample": "Int64", "question": "string",
    "dataset": "category", "level": "category", "type": "category", "model": "category", "mode": "category",
    "protocol": "category", "started": "datetime64[ns, UTC]", "finish": "category", "detail": "string",
    "stopped": "bool", "answer": "string", "gold": "string", "verdict": "category", "cluster": "Int64",
    "reward": "float64", "tokens": "Int64", "prompt_tokens": "Int64", "rounds": "Int64", "errors": "Int64",
    "seconds": "float64", "model_seconds": "float64", "kernel_seconds": "float64",
}  # fmt: skip


def test_one_row_a_trace(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [solved("a", tokens=7), solved("b", answer="41"), solved("a", 1)])
    frame = open_collection(str(run)).frame()
    assert list(frame.columns) == list(TYPES)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} | {"started": ""} == TYPES | {
        "started": ""
    }
    assert isinstance(frame["started"].dtype, pandas.DatetimeTZDtype)
    assert frame["problem"].tolist() == ["a", "b", "a"]
    assert frame.groupby("problem", observed=True)["tokens"].sum().to_dict() == {"a": 12, "b": 5}
    assert (frame["verdict"] == "correct").mean() == pytest.approx(2 / 3)
    assert frame["reward"].isna().all()
    assert open_collection(run).frame(query="wrong")["problem"].tolist() == ["b"]


def test_one_row_a_step(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [solved("a"), solved("b", answer="41")])
    frame = open_collection(run).frame("steps")
    assert len(frame) == 12
    first = frame[frame["problem"] == "a"]
    assert first["type"].tolist() == ["prefill", "code", "request", "output", "text", "failure"]
    (request,) = first[first["type"] == "request"].to_dict("records")
    assert (request["prompt_tokens"], request["completion_tokens"], request["seconds"]) == (12, 5, 0.25)
    (output,) = first[first["type"] == "output"].to_dict("records")
    assert (output["text"], output["status"], output["seconds"], output["index"]) == ("42", "ok", 0.01, 0)


def test_what_is_unknown_is_missing(tmp_path: Path) -> None:
    collection = opened(tmp_path, TORA)
    frame = collection.frame()
    assert frame[["tokens", "seconds", "model", "errors", "started"]].isna().all(axis=None)
    assert frame["rounds"].tolist() == [1]
    steps = collection.frame("steps")
    assert steps[["at", "seconds"]].isna().all(axis=None)
    assert str(frame["tokens"].dtype) == "Int64"


def test_nothing_is_a_frame_too(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [solved("a")])
    for of in ("traces", "steps"):
        assert len(open_collection(run).frame(of, "problem:none")) == 0  # type: ignore[arg-type]


def test_without_pandas_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "pandas")
    run = write_run(tmp_path / "run", [solved("a")])
    with pytest.raises(UsageError, match="frames need pandas") as raised:
        open_collection(run).frame()
    assert raised.value.hint == "pip install 'mathagent[traces]'"
