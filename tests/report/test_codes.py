"""The code list is closed, explained, and says one thing per code."""

from __future__ import annotations

import re

import pytest

from sync.codes import ALL_CODES, EXPLANATIONS, explain, phrase

CODES = sorted({str(code) for group in ALL_CODES for code in group})


def test_every_code_is_explained_and_every_explanation_has_a_code() -> None:
    assert sorted(EXPLANATIONS) == CODES


def test_no_two_codes_mean_the_same() -> None:
    assert len(set(EXPLANATIONS.values())) == len(EXPLANATIONS)


@pytest.mark.parametrize("code", CODES)
def test_an_explanation_is_one_sentence(code: str) -> None:
    assert re.fullmatch(r"[A-Z].*[.]", explain(code))
    assert not phrase(code).endswith(".")


@pytest.mark.parametrize("code", CODES)
def test_codes_are_spelled_in_lower_case_with_hyphens(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)


def test_an_unknown_code_stands_for_itself() -> None:
    assert explain("never-heard-of") == "never-heard-of"
