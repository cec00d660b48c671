"""The short way in: judgements count by their time, whatever their order and form."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from sync.matching import cluster
from tests.matching.histories import START, decision, record

ROWS: list[dict[str, Any]] = [
    {"rid": rid, "provider": provider, "provider_id": "1", "emails": [email], "name": "Ann Lee"}
    for rid, provider, email in (("a", "topo", "ann@acme.com"), ("b", "apollo", "lee@acme.com"))
]
LATER, YET_LATER = START + timedelta(days=1), START + timedelta(days=2)


def are_one(*said: Any, rows: list[dict[str, Any]] = ROWS) -> bool:
    """What all orders of ``said`` give."""
    (found,) = {len(cluster(rows, decisions=order)) == 1 for order in permutations(said)}
    return found


def test_the_latest_judgement_on_a_pair_counts_in_any_order_and_form() -> None:
    said = [("a", "b", "same", START), {"rid_a": "b", "rid_b": "a", "verdict": "different", "at": LATER}]
    assert not are_one(*said)
    assert are_one(*said, {"a": "a", "b": "b", "verdict": "same", "at": YET_LATER.isoformat()})
    assert not are_one(*said, ("b", "a", "unsure", "ann", YET_LATER))
    assert not are_one(("a", "b", "same", START), ("a", "b", "different"))


def test_of_judgements_without_a_time_different_stands_before_same_and_unsure_takes_back_either() -> None:
    assert not are_one(("a", "b", "same"), ("a", "b", "different"))
    assert not are_one(("a", "b", "same"), ("b", "a", "unsure"))
    assert not are_one(("a", "b", "same", START), ("b", "a", "unsure"))


def test_who_is_left_undecided_is_told_by_keys_again() -> None:
    rows = [{**row, "emails": ["ann@acme.com"]} for row in ROWS]
    said = ("a", "b", "different", START), ("a", "b", "unsure", LATER)
    assert are_one(*said, rows=rows)
    assert not are_one(*said[:1], rows=rows)


def test_judgements_of_the_store_count_as_they_are() -> None:
    one, other = record(0, provider="topo"), record(1, provider="apollo")
    rows = [{**row, "provider_id": r.ref.record_id} for row, r in zip(ROWS, (one, other), strict=True)]
    assert are_one(decision(one, other, "different"), decision(other, one, "same", 1), rows=rows)
    assert not are_one(decision(one, other, "different", 1), decision(other, one, "same", 1), rows=rows)


def test_another_verdict_is_refused() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        cluster(ROWS, decisions=[("a", "b", "perhaps")])
