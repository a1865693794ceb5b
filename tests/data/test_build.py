"""A row becomes a problem: the names that public sets use, and whatever else a row may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mathagent.data.build import Rules, build
from mathagent.data.columns import NAMES, read_mapping
from mathagent.data.gold import Extraction
from mathagent.data.problem import Problem, RowError
from mathagent.errors import UsageError
from tests.data.properties import steady

TEXT = "What is 6 * 7?"


def built(row: dict[str, Any], columns: str = "", **rules: Any) -> Problem:
    return build(row, Rules(columns=read_mapping(columns), **rules), "0")


@pytest.mark.parametrize(
    "row",
    [
        {"problem": TEXT, "expected_answer": 42},
        {"question": TEXT, "answer": "so\n#### 42"},
        {"query": TEXT, "gt": "42"},
        {"input": TEXT, "golden": "42", "grade": 1},
        {"input": TEXT, "code": "print(42)", "target": 42.0},
        {"Problem": TEXT, "Answer": 42, "Solution": "long"},
        {"problem": TEXT, "solution": r"It is $\boxed{42}$."},
        {"question": TEXT, "final_answer": ["42"], "solution": ["one", "two"]},
        {"question": TEXT, "answer": None, "answer_number": 42},
        {"question": TEXT, "gt_cot": "long", "gt": "42", "idx": 3},
        {"problem": "", "question": TEXT, "answer": " 42 "},
        {"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": TEXT}], "answer": "42"},
    ],
)
def test_the_usual_names_are_known(row: dict[str, Any]) -> None:
    problem = built(row)
    assert (problem.text, problem.gold) == (TEXT, "42")
    assert problem.extra == row


def test_body_and_question_are_joined_with_the_missing_full_stop() -> None:
    row = {"Body": "Paco had 26 cookies", "Question": "How many are left?", "Answer": 17.0}
    assert built(row).text == "Paco had 26 cookies. How many are left?"
    row["Body"] = "Paco had 26 cookies."
    assert built(row).text == "Paco had 26 cookies. How many are left?"
    assert built(row).gold == "17"
    assert built(row, "problem=Body+Question,answer=Answer").text == "Paco had 26 cookies. How many are left?"


def test_a_mapping_overrules_the_names() -> None:
    row = {"q": TEXT, "question": "another", "a": "42", "answer": "41", "meta": {"from": "here"}, "s": "easy"}
    problem = built(row, "question=q, answer=a, source=meta.from, type=s")
    assert (problem.text, problem.gold, problem.source, problem.kind) == (TEXT, "42", "here", "easy")


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("q", "'q' is not ROLE=COLUMN"),
        ("asked=q", "'asked=q' is not ROLE=COLUMN"),
        ("problem=", "'problem=' is not ROLE=COLUMN"),
        ("problem=a,question=b", "problem is given twice"),
    ],
)
def test_a_mapping_that_says_nothing_is_refused(mapping: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_mapping(mapping)


@pytest.mark.parametrize(
    ("row", "columns", "said"),
    [
        ({"a": 1, "b": 2}, "", "no column problem; has: a, b"),
        ({}, "", "no column problem; has: none"),
        ({"problem": "  "}, "", "column problem: empty"),
        ({"problem": None, "question": ""}, "", "column problem + question: empty"),
        ({"problem": {"text": TEXT}}, "", "column problem: text is needed, not an object"),
        ({"problem": b"x"}, "", "column problem: text is needed, not bytes"),
        ({"problem": TEXT}, "answer=a", "no column a; has: problem"),
        ({"problem": TEXT, "answer": {"value": 1}}, "", "column answer: text is needed, not an object"),
        ({"problem": TEXT, "answer": [[1]]}, "", "column answer: text is needed, not a list in a list"),
        (
            {"problem": TEXT, "options": ["1", "2"], "answer": "E"},
            "",
            "column answer: 'E' is none of the options A, B",
        ),
        (
            {"problem": TEXT, "options": ["1", "2"], "label": 2},
            "",
            "column label: 2 is not the index of one of 2",
        ),
        ({"problem": TEXT, "options": 7}, "", "column options: options are a list or an object, not int"),
        (
            {"problem": TEXT, "options": "A or B"},
            "",
            "column options: options are a list or an object, or JSON",
        ),
    ],
)
def test_an_error_says_what_was_found(row: dict[str, Any], columns: str, said: str) -> None:
    with pytest.raises(RowError) as caught:
        built(row, columns)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_set_with_a_key_demands_an_answer_in_every_row() -> None:
    assert built({"problem": TEXT, "answer": ""}).gold is None
    with pytest.raises(RowError, match="no answer; has: problem, answer"):
        built({"problem": TEXT, "answer": ""}, required=True)
    assert built({"problem": TEXT, "solution": r"\boxed{1}"}, answer="none").gold is None


def test_numbers_stay_exact_and_plain() -> None:
    for value, text in ((145.0, "145"), (0.1, "0.1"), (-2, "-2"), (1e300, "1e+300"), (10**30, str(10**30))):
        assert built({"problem": TEXT, "answer": value}).gold == text
    assert built({"problem": TEXT, "answer": float("nan")}).gold is None


def test_level_kind_source_and_language() -> None:
    problem = built({"problem": TEXT, "level": "Level 3", "type": "Algebra"}, source="math", language="en")
    assert (problem.level, problem.kind, problem.source, problem.language) == ("3", "Algebra", "math", "en")
    problem = built(
        {"problem": TEXT, "difficulty": 4.5, "subject": {"a": 1}, "lang": "English", "source": "hmmt"}
    )
    assert (problem.level, problem.kind, problem.source, problem.language) == ("4.5", None, "hmmt", "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("已知非零向量 $\\vec{a}, \\vec{b}$, 求 $\\vec{a}\\cdot\\vec{b}$", "zh"),
        ("妈妈带了30元", "zh"),
        ("What does the character 中 mean in this long English sentence?", ""),
        ("リンゴが30個あります。残りは何個ですか", ""),
        (TEXT, ""),
        ("1+1", ""),
    ],
)
def test_chinese_is_seen(text: str, language: str) -> None:
    assert built({"problem": text}).language == language


def test_extra_is_the_row_as_json_can_hold_it() -> None:
    import datetime
    from decimal import Decimal

    row = {
        "problem": "half \ud835 a pair",
        "when": datetime.date(2024, 2, 1),
        "price": Decimal("1.50"),
        "image": b"\x00\xff",
        "nan": float("nan"),
        "inf": float("inf"),
        "deep": {"a": [1, (2, None)]},
    }
    problem = built(row)
    assert json.loads(json.dumps(problem.extra, allow_nan=False)) == {
        "problem": "half \ufffd a pair",
        "when": "2024-02-01",
        "price": "1.50",
        "image": "AP8=",
        "nan": None,
        "inf": "inf",
        "deep": {"a": [1, [2, None]]},
    }
    problem.text.encode()


def test_a_row_too_deep_is_an_error() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RowError, match="nested too deeply"):
        built({"problem": TEXT, "deep": deep})


_NAMED = st.sampled_from(
    [name for names in NAMES.values() for name in names] + ["Body", "Question", "A", "B", "C"]
)
_CELLS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["#### 1,000", r"\boxed{2}", r"\boxed{", "A", "(B)", '["x", "y"]', '{"A": 1}', "1;2", "zh", "Level 2"]
    )
    | st.binary(max_size=3)
    | st.decimals()
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | _NAMED, inner, max_size=3)
    ),
    max_leaves=6,
)
_HOWS: list[Extraction] = ["auto", "plain", "gsm8k", "boxed", "units", "cloze", "none"]
_MAPPINGS = [
    "",
    "problem=a",
    "problem=Body+Question,answer=A,options=A+B,id=id",
    "options=options,solution=answer,level=x.y",
]


@steady
@given(
    st.dictionaries(_NAMED | st.text(max_size=4), _CELLS, max_size=6),
    st.sampled_from(_HOWS),
    st.sampled_from(_MAPPINGS),
    st.booleans(),
)
@example({"problem": "x", "options": {"label": ["A"], "text": "A"}}, "auto", "", False)
@example({"problem": "x", "options": {"label": [None, {}], "text": [1, 2]}, "answer": [0]}, "auto", "", True)
@example({"problem": "x", "choices": [], "answer": 3}, "plain", "", True)
@example({"problem": "x", "answer": 1 << 100_000}, "auto", "", False)
def test_any_row_is_a_problem_or_a_row_error(
    row: dict[str, Any], how: Extraction, mapping: str, required: bool
) -> None:
    try:
        problem = build(row, Rules(columns=read_mapping(mapping), answer=how, required=required), "0")
    except RowError:
        return
    assert problem.text.strip()
    assert problem.id == "0"
    for text in (problem.text, *problem.golds, *problem.parts):
        text.encode()
    labels = [option.label for option in problem.options]
    assert len(set(labels)) == len(labels)
    if problem.options and problem.gold is not None:
        assert set(problem.gold) <= set(labels)
    json.dumps(problem.extra, allow_nan=False, default=None).encode()
