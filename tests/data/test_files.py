"""Rows out of files: one bad row spoils no other, and the message says which it is."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.data.files import Row, read_rows
from mathagent.data.problem import BadRow
from mathagent.errors import DataError
from tests.data.properties import steady


def read(path: Path) -> tuple[list[Row], list[str]]:
    rows = list(read_rows(path))
    good = [row for row in rows if isinstance(row, Row)]
    return good, [str(row).removeprefix(f"{path}: ") for row in rows if isinstance(row, BadRow)]


def test_json_lines_with_bad_lines(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"n": 1}\n\n{"n": 2\n[3]\n{"n": "\xff"}\n'
        + b'{"n": '
        + b"9" * 5000
        + b"}\n"
        + b"[" * 100_000
        + b'\n{"n": 6}'
    )
    good, bad = read(path)
    assert [(row.number, row.index, row.values["n"]) for row in good] == [(1, 0, 1), (8, 6, 6)]
    assert bad[0] == "row 3: not JSON: Expecting ',' delimiter at character 9"
    assert bad[1] == "row 4: an object is needed, not list"
    assert bad[2] == "row 5: not UTF-8"
    assert bad[3].startswith("row 6: not JSON that can be read: Exceeds the limit")
    assert bad[4].startswith("row 7: not JSON that can be read")
    assert len(bad) == 5


def test_csv_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_bytes(
        b'\xef\xbb\xbfproblem, answer\r\n"a ""b"",\r\nc",1\r\n,\r\nshort\r\n"x",2,3\r\n\xff,4\r\n'
        + b"z" * 200_000
        + b",5\r\n"
    )
    good, bad = read(path)
    assert [(row.number, row.index) for row in good] == [(2, 0), (7, 4)]
    assert good[0].values == {"problem": 'a "b",\r\nc', "answer": "1"}
    assert len(good[1].values["problem"]) == 200_000
    assert bad == [
        "row 4: has 1 cells, the header 2",
        "row 5: has 3 cells, the header 2",
        "row 6: not UTF-8",
    ]


def test_a_quote_that_never_closes_is_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text('problem,answer\na,1\n"b,2\nc,3\n')
    good, bad = read(path)
    assert len(good) == 1
    assert bad == ["row 3: not CSV: unexpected end of data"]


def test_tabs(tmp_path: Path) -> None:
    path = tmp_path / "set.tsv"
    path.write_text("problem\tanswer\n1, 2\t3\n")
    assert read(path)[0][0].values == {"problem": "1, 2", "answer": "3"}


@pytest.mark.parametrize(
    "text", ['[{"n": 1}, {"n": 2}]', '{"meta": 1, "data": [{"n": 1}, {"n": 2}]}', '{"n": 1}\n{"n": 2}\n']
)
def test_json_in_its_three_forms(tmp_path: Path, text: str) -> None:
    path = tmp_path / "set.json"
    path.write_text(text)
    assert [row.values["n"] for row in read(path)[0]] == [1, 2]


def test_parquet_gives_python_values(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    rows = [{"problem": f"p{n}", "answer": ["1", "2"], "options": {"A": "x"}, "n": n} for n in range(600)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    good, _ = read(path)
    assert [row.values for row in good] == rows
    assert (good[599].number, good[599].index) == (600, 599)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("set.txt", b"", "not a data file"),
        ("set.csv", b"", "the file is empty"),
        ("set.csv", b"a,a\n1,2\n", "two columns are called 'a'"),
        ("set.json", b"7", "a list of objects is needed, not int"),
        ("set.json", b"[1", "not JSON: Expecting ',' delimiter in line 1"),
        ("set.json", b"\xff", "not UTF-8"),
        ("set.json", b"[" * 100_000, "not JSON that can be read"),
        ("set.parquet", b"PAR1 no", "not Parquet that can be read"),
    ],
)
def test_a_file_that_can_not_be_read(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(read_rows(path))
    assert said in caught.value.message
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        list(read_rows(tmp_path / "set.jsonl"))


@steady
@given(
    st.lists(
        st.binary(max_size=30)
        | st.dictionaries(st.text(), st.integers() | st.text()).map(lambda d: json.dumps(d).encode())
    )
)
def test_any_bytes_are_rows_or_bad_rows(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(b"\n".join(lines))
    for row in read_rows(path):
        assert isinstance(row, BadRow) or isinstance(row.values, dict)
