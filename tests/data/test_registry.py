"""sets.yaml is sound, and its names are found as people write them."""

from __future__ import annotations

import re

import pytest

from mathagent.data import find_set, sets
from mathagent.data.registry import unknown_set


def test_the_names_that_the_field_uses_are_there() -> None:
    wanted = (
        *("gsm8k", "gsm-hard", "svamp", "asdiv", "mawps", "math"),
        *("math-500", "aime24", "aime25", "amc23", "minerva_math", "olympiadbench"),
        *("hungarian_exam", "mathbench", "mathbench-zh", "cmath", "mgsm-zh", "gaokao_math_qa"),
        *("gaokao_math_cloze", "gaokao2023en", "gaokao2024_mix", "cn_middle_school", "hmmt_feb25", "brumo25"),
        *("omni-math", "beyond-aime", "gsm-plus", "hendrycks_math"),
    )
    assert [name for name in wanted if find_set(name) is None] == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("MATH-500", "math-500"),
        ("math_500", "math-500"),
        ("math500", "math-500"),
        ("AIME2024", "aime24"),
        ("Minerva-Math", "minerva_math"),
        ("hendrycks_math", "math"),
    ],
)
def test_case_and_hyphens_make_no_difference(written: str, name: str) -> None:
    found = find_set(written)
    assert found is not None
    assert found.name == name


def test_no_name_stands_for_two_sets() -> None:
    spelled = [re.sub("[-_]", "", name.lower()) for info in sets().values() for name in info.names()]
    assert len(set(spelled)) == len(spelled)


def test_every_set_can_be_had_and_says_what_was_checked() -> None:
    for info in sets().values():
        assert info.title
        assert info.licence
        assert info.hub or info.obtain, info.name
        if info.hub:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", info.hub.id), info.name
            assert info.hub.checked, info.name
            assert set(info.hub.checked.split()) <= {"card", "code", "rows"}, info.name


def test_only_exams_without_a_key_are_marked_by_hand() -> None:
    assert [info.name for info in sets().values() if info.by_hand] == ["hungarian_exam"]


def test_an_unknown_name_is_told_the_nearest() -> None:
    assert unknown_set("gsm9k").hint == "did you mean gsm8k?"
    assert "mathagent data list" in unknown_set("wikipedia").hint
