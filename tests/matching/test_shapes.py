"""What ``cluster`` may be given."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from sync.matching import cluster
from sync.record import RecordRef
from tests.matching.histories import decision, record


def test_rows_and_judgements_may_be_written_in_any_usual_way() -> None:
    rows: list[dict[str, Any]] = [
        {"rid": 1, "provider": "topo", "provider_id": "a", "emails": ["ann@acme.com"], "name": "Ann Lee"},
        {
            "rid": 2,
            "provider": "apollo",
            "provider_id": "b",
            "emails": {"ann@acme.com": 1}.keys(),
            "colour": "red",
        },
        {"rid": 3, "linkedin": "https://www.linkedin.com/in/ann and more", "emails": None},
        {"rid": 3, "linkedin": "https://www.linkedin.com/in/ann and more", "emails": None},
        {"rid": 4, "linkedin": ["https://www.linkedin.com/in/ann"]},
    ]
    assert sorted(map(sorted, cluster(row for row in rows))) == [[1, 2], [3], [4]]
    by_ref = decision(record(0), record(1), "different")
    by_ref = replace(by_ref, a=RecordRef("topo", "a"), b=RecordRef("apollo", "b"))
    for said in ({"a_rid": 1, "b_rid": 2, "verdict": "different"}, (1, 2, "different", "ann"), by_ref):
        assert sorted(map(sorted, cluster(rows, decisions=[said]))) == [[1], [2], [3], [4]]
        unsaid = [said, (2, 1, "unsure")]
        assert sorted(map(sorted, cluster(rows, decisions=unsaid))) == [[1, 2], [3], [4]]
    tied = [{"rid": 3, "person_id": "p"}, {"rid": 4, "person_id": "p"}]
    assert sorted(map(sorted, cluster(rows, links=tied))) == [[1, 2], [3, 4]]
    assert cluster(rows, links=[*tied, (4, "q")]) == cluster(rows, links=[(4, "q"), *tied])
    with pytest.raises(ValueError, match="never"):
        cluster(rows, decisions=[(1, 2, "never")])


def test_of_several_judgements_the_latest_counts_however_its_time_is_written() -> None:
    rows: list[dict[str, Any]] = [{"rid": rid, "name": "Ann Lee", "emails": ["ann@acme.com"]} for rid in (1, 2)]
    first, last = "2026-01-01", "2026-02-01T09:00:00Z"
    for written in (str, datetime.fromisoformat):
        said = [(1, 2, "different", written(first)), (2, 1, "same", "ann", written(last))]
        assert cluster(rows, decisions=said) == cluster(rows, decisions=said[::-1]) == [[1, 2]]
    said = [(1, 2, "different", first), (1, 2, "undecided", last)]
    assert cluster(rows, decisions=said) == [[1, 2]]
    assert cluster(rows, decisions=[(1, 2, "undecided", first), (1, 2, "different", last)]) == [[1], [2]]
