"""Marks of blocks, and names read word by word, say the same as what they stand for."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.identity.names import fold_name, plain_tokens
from sync.matching import Blocks, alike_blocks, full_name
from sync.matching.suspicions import MAX_BLOCK
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


@settings(max_examples=400, deadline=None)
@given(ROWS, st.booleans())
def test_marks_bring_together_whoever_shares_a_block(rows: Any, dense: bool) -> None:
    marked = Blocks(len(rows) if dense else None)
    marked.read([(rid, *row[:5]) for rid, row in enumerate(rows, start=1)])
    blocks: dict[str, list[int]] = {}
    for rid, (first, last, company, domain, phone, emails) in enumerate(rows, start=1):
        found = record(
            rid, name=full_name(first, last), company=company, domain=domain, phone=phone, emails=tuple(emails)
        )
        for email in emails:
            marked.read_host(email.rpartition("@")[2], [rid])
        for block in alike_blocks(found):
            blocks.setdefault(block, []).append(rid)
    expected = sorted(b for b in blocks.values() if 1 < len(b) <= MAX_BLOCK)
    assert sorted(sorted(b) for b in marked.shared(list(range(len(rows) + 1)))) == expected


def test_one_person_alone_is_compared_with_nobody() -> None:
    marked = Blocks(None)
    marked.read([(rid, "Ann", "Lee", "Acme", None, None) for rid in (1, 2, 3)])
    assert list(marked.shared([0, 1, 1, 1])) == []


def test_a_crowd_is_left_out() -> None:
    marked = Blocks(None)
    marked.read([(rid, "Ann", "Lee", "Acme", None, None) for rid in (1, 2, 3)])
    marked.read([(rid, "Bob", "Ray", "Acme", None, None) for rid in range(4, 5 + MAX_BLOCK)])
    assert list(marked.shared(list(range(5 + MAX_BLOCK)))) == [[1, 2, 3]]


@given(st.text(max_size=8) | WORDS, st.text(max_size=8) | WORDS)
def test_two_plain_words_are_read_as_the_whole_name_is(given_name: str, family: str) -> None:
    tokens = plain_tokens(given_name, family)
    assert tokens is None or tokens == fold_name(f"{given_name} {family}").tokens
