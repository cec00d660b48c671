"""What an outcome means for what is remembered of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sync.change import FieldChange, Operation, Outcome
from sync.record import Written
from sync.settling import CLEARED, link_after_create, observed_after, settled_operation, wrote
from tests.builders import NOW, contact, link
from tests.planning.sides import BY_ID, UPSERT, able

if TYPE_CHECKING:
    from sync.capabilities import Capabilities
    from sync.contact import Value


def operation(
    kind: Any = "update", before: Value | None = "CEO", after: Value | None = "CTO", **given: Any
) -> Operation:
    change = FieldChange(before=before, after=after, source="topo", rule="only-changer")
    plain = {"id": "o1", "person_id": "p1", "provider": "apollo", "contact": contact(), "reason": "only-changer"}
    return Operation(kind=kind, fields={"job_title": change}, **{**plain, **given})


def acked(**given: Any) -> Outcome:
    return Outcome(operation_id="o1", state="acked", **given)


def test_an_outcome_ends_its_operation_and_keeps_what_was_known() -> None:
    before = operation(record_id="7", entry_id="e")
    assert settled_operation(before, acked()).record_id == "7"
    after = settled_operation(before, Outcome(operation_id="o1", state="refused", reason="rejected", message="no"))
    assert (after.state, after.reason, after.message, after.entry_id) == ("refused", "rejected", "no", "e")


@pytest.mark.parametrize(
    ("caps", "echo", "after", "base", "sent", "written"),
    [
        # what the provider shows is the base from now on
        (BY_ID, {"job_title": "Cto"}, "CTO", "Cto", "CTO", Written(before="CEO", echoed=True, at=NOW)),
        # an echo that leaves the field out is no echo of it
        (BY_ID, {"city": "Lyon"}, "CTO", "CEO", "CTO", Written(before="CEO", echoed=False, at=NOW)),
        (BY_ID, None, "CTO", "CEO", "CTO", Written(before="CEO", echoed=False, at=NOW)),
        # a cleared value is remembered as acknowledged
        (BY_ID, {}, None, "CEO", CLEARED, Written(before="CEO", echoed=False, at=NOW)),
        # a field nobody can read has no base to move
        (able(BY_ID, fields={}), None, "CTO", "CEO", "CTO", None),
        # a provider nobody can read holds what it acknowledged
        (UPSERT, None, "CTO", "CTO", "CTO", None),
        (UPSERT, None, None, None, CLEARED, None),
    ],
)
def test_an_acknowledged_write_moves_base_and_sent(
    caps: Capabilities,
    echo: dict[str, Value] | None,
    after: Value | None,
    base: Value | None,
    sent: Value,
    written: Any,
) -> None:
    tie = link(base={"job_title": "CEO", "city": "Lyon"}, sent={"city": "Lyon"}, accepted_key="a@x.co")
    shown = None if echo is None else contact(**echo)
    result = wrote(tie, operation(after=after), caps, shown, NOW)
    assert result.base.get("job_title") == base
    assert result.sent == {"city": "Lyon", "job_title": sent}
    assert result.written.get("job_title") == written
    assert (result.base["city"], result.accepted_key) == ("Lyon", "a@x.co")


def test_a_record_we_created_is_ours_and_knows_its_base() -> None:
    made = operation("create", before=None, accepted_key="ann@x.co")
    tie = link_after_create(made, acked(record_id="7"), BY_ID, contact(job_title="CTO"), NOW)
    assert (tie.ours, tie.met, tie.evidence, tie.accepted_key) == (True, True, "our-create", "ann@x.co")
    assert (tie.base, tie.sent) == ({"job_title": "CTO"}, {"job_title": "CTO"})


def test_a_record_that_a_create_met_is_nobodys_echo() -> None:
    tie = link_after_create(
        operation("create", before=None), acked(existing=True), BY_ID, contact(job_title="X"), NOW
    )
    assert (tie.ours, tie.met, tie.evidence, dict(tie.base), dict(tie.sent)) == (False, False, "existing", {}, {})


@pytest.mark.parametrize(
    ("after", "known"), [("CTO", {"job_title": "CTO", "city": "Lyon"}), (None, {"city": "Lyon"})]
)
def test_what_nobody_can_read_is_observed_as_it_was_written(after: Value | None, known: dict[str, Value]) -> None:
    assert observed_after(operation(after=after), contact(job_title="CEO", city="Lyon")) == known
    assert observed_after(operation(after="CTO"), None) == {"job_title": "CTO"}
