"""Marks of blocks, and names read word by word, say the same as what they stand for."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.identity.names import full_name
from sync.matching import alike_blocks, alike_marks
from sync.matching.suspicions import read_company
from tests.matching.histories import record

WORDS = st.sampled_from(
    [
        "Ann",
        "ANN",
        "Lee",
        "L.",
        "Dr.",
        "Dr",
        "Jr.",
        "van",
        "de la Cruz",
        "José",
        "Jose",
        "Öz",
        "O'Neil",
        "李",
        "Lee, MBA",
        "",
    ]
)
ROWS = st.lists(
    st.tuples(
        st.none() | WORDS,
        st.none() | WORDS,
        st.sampled_from([None, "Acme", "ACME Ltd", "Beta"]),
        st.sampled_from([None, "acme.com", "www.acme.com", "gmail.com", "beta.io"]),
        st.sampled_from([None, "+33600000001", "+33600000002", "nonsense"]),
        st.lists(
            st.sampled_from(["a@acme.com", "b@mail.acme.com", "c@gmail.com", "d@beta.io"]), unique=True, max_size=2
        ),
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(ROWS)
def test_two_records_share_a_mark_where_they_share_a_block(rows: Any) -> None:
    found = [
        record(rid, name=full_name(first, last), company=company, domain=domain, phone=phone, emails=tuple(emails))
        for rid, (first, last, company, domain, phone, emails) in enumerate(rows, start=1)
    ]
    for one, two in combinations(found, 2):
        blocks = set(alike_blocks(one)) & set(alike_blocks(two))
        assert len(set(alike_marks(one)) & set(alike_marks(two))) == len(blocks)


@pytest.mark.parametrize(("one", "other"), [("राम", "रीमा"), ("ปิติ", "ปัตตา"), ("সেন", "সোনা")])
def test_vowels_written_on_letters_tell_companies_apart(one: str, other: str) -> None:
    assert read_company(one) != read_company(other)
    assert read_company(f"{one} Ltd.") == read_company(one)
