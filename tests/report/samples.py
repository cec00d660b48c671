"""Reports to render: a realistic one, an empty one, a hostile one, a large one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sync.change import (
    BulkTotals,
    CannotExpress,
    Conflict,
    Feature,
    FieldChange,
    GuardReport,
    Hold,
    ManualAction,
    Operation,
    Suspicion,
)
from sync.contact import Contact
from sync.record import RecordRef
from sync.report.model import (
    DeferredReport,
    ParkedReport,
    PeopleReport,
    ProviderReport,
    Report,
    SuspicionReport,
    TwinReport,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

START = datetime(2026, 11, 20, 18, 34, 5, tzinfo=UTC)
ANA = "0193f2aa-7c1e-7000-8000-000000000001"
BOB = "0193f2aa-7c1e-7000-8000-000000000002"
CHLOE = "0193f2aa-7c1e-7000-8000-000000000003"
DAN = "0193f2aa-7c1e-7000-8000-000000000004"
NO_NAMES: Mapping[str, str] = MappingProxyType({})


def change(before: Any, after: Any, source: str = "topo", rule: str = "only-changer") -> FieldChange:
    return FieldChange(before=before, after=after, source=source, rule=rule)


def operation(number: int, **values: Any) -> Operation:
    base: dict[str, Any] = {
        "id": f"0193f2ab-0000-7000-8000-{number:012d}",
        "person_id": ANA,
        "provider": "apollo",
        "kind": "update",
        "contact": Contact(),
        "reason": "only-changer",
    }
    return Operation(**{**base, **values})


def report(**values: Any) -> Report:
    base: dict[str, Any] = {
        "run_id": "0193f2ab-1111-7000-8000-00000000000a",
        "mode": "run",
        "started_at": START,
        "finished_at": START + timedelta(seconds=36),
        "exit_code": 0,
        "providers": {
            "apollo": ProviderReport(records=655, read_requests=7, complete=True),
            "topo": ProviderReport(records=812, read_requests=9, complete=True),
        },
        "people": PeopleReport(total=1290),
    }
    return Report(**{**base, **values})


def quiet() -> Report:
    """Nothing changed anywhere."""
    return report()


NEW_ANA = {
    "emails": change(None, ("ana.perez@acme.example", "ana@perez.example"), rule="first-contact"),
    "first_name": change(None, "Ana", rule="first-contact"),
    "last_name": change(None, "Pérez", rule="first-contact"),
    "job_title": change(None, "Chief Operating Officer", rule="first-contact"),
    "company_name": change(None, "Acme", rule="first-contact"),
    "variables.lead_source": change(None, "fair", rule="first-contact"),
}
OPERATIONS = (
    operation(1, kind="create", reason="new-person", state="verified", record_id="66f0a1", fields=NEW_ANA),
    operation(
        2,
        person_id=BOB,
        state="verified",
        record_id="66f0b2",
        fields={
            "job_title": change("CFO", "COO"),
            "phone": change(None, "+33612345678", source="topo", rule="fill"),
        },
    ),
    operation(
        3, person_id=CHLOE, provider="topo", state="failed", record_id="t-9", reason="verify-failed",
        fields={"city": change("Lyon", "Paris", source="apollo")},
        message="city of chloe@dupont.example unchanged",
    ),
    operation(
        4, person_id=CHLOE, provider="datananas", kind="create", state="parked", reason="outcome-unknown",
        fields={"emails": change(None, ("chloe@dupont.example",), rule="first-contact")},
    ),
    operation(
        5, person_id=DAN, kind="create", state="blocked", reason="suspected-duplicate",
        fields={"last_name": change(None, "Müller", rule="first-contact")},
    ),
    operation(6, person_id=DAN, provider="topo", kind="exclude", state="acked", reason="opt-out"),
    operation(
        7, person_id=DAN, provider="apollo", kind="create", state="deferred", reason="quota",
        fields={"last_name": change(None, "Müller", rule="survivorship")}, effects=("adds label Sync",),
    ),
)  # fmt: skip


def full() -> Report:
    """One of everything that a run can say."""
    since = START - timedelta(days=2)
    features = (Feature(name="name", score=0.4, detail="Only the family names fit."),)
    suspicion = Suspicion(
        records=(RecordRef("apollo", "66f0d4"), RecordRef("topo", "t-4")),
        score=0.93,
        reason="same email, names disagree",
        features=features,
    )
    return report(
        exit_code=3,
        providers={
            "apollo": ProviderReport(records=655, changed=3, read_requests=7, complete=True, write_requests=2),
            "datananas": ProviderReport(
                status="partial",
                write_requests=1,
                problems=("it cannot be read, so edits made there are not seen",),
            ),
            "topo": ProviderReport(records=812, changed=41, read_requests=9, complete=True, write_requests=2),
        },
        people=PeopleReport(total=1290, new=40, merged=3, excluded=12),
        operations=OPERATIONS,
        conflicts=(
            Conflict(
                person_id=BOB,
                field="job_title",
                values={"topo:t-2": "COO", "apollo:66f0b2": "CEO", "datananas:7": None},
                since=since,
            ),
            Conflict(person_id=ANA, field="phone", values={"topo:t-1": "+33612345678"}, since=since),
        ),
        suspected_duplicates=(SuspicionReport(people=(DAN, BOB), suspicion=suspicion),),
        twins=(TwinReport(person_id=ANA, provider="topo", records=("t-1", "t-77")),),
        holds=(Hold(kind="disappeared", person_id=CHLOE, provider="topo", record_id="t-9"),),
        parked=(
            ParkedReport(
                operation=OPERATIONS[3],
                look_for={"email": "chloe@dupont.example"},
                decide="contact-sync review show 4",
            ),
        ),
        deferred=(
            DeferredReport(provider="apollo", reason="quota", count=120, until=datetime(2026, 11, 21, tzinfo=UTC)),
        ),
        cannot_express=(
            CannotExpress(person_id=ANA, provider="topo", field="city", reason="no-endpoint"),
            CannotExpress(person_id=BOB, provider="topo", field="city", reason="no-endpoint"),
        ),
        manual_actions=(ManualAction(person_id=DAN, provider="datananas", action="opt-out"),),
        bulk=(BulkTotals(uuid="b1d0", sent=500, created=420, updated=80),),
        notes=("Two people wait for a review: contact-sync review list.",),
        names={ANA: "Ana Pérez", BOB: "Bob Stone", CHLOE: "Chloé Dupont", DAN: "Dan Müller"},
    )


def guarded() -> Report:
    """A first run that a guard stopped."""
    planned = tuple(
        operation(n, person_id=f"p-{n:04d}", kind="create", reason="new-person", fields=NEW_ANA)
        for n in range(1, 2001)
    )
    return report(
        exit_code=5,
        operations=planned,
        guards=(
            GuardReport(
                provider="apollo",
                kind="create",
                planned=2000,
                limit=50,
                allow="create=apollo:2000",
                detail="2,000 people would be created, more than 50 and more than 25 % of 0.",
            ),
            GuardReport(
                provider="topo",
                kind="config",
                planned=0,
                limit=0,
                allow="config=topo:9f86d081884c",
                detail="The mapping changed since the last accepted run.",
            ),
        ),
    )


def hostile(text: str) -> Report:
    """``text`` wherever somebody else's text can stand."""
    found = full()
    suspicion = Suspicion(
        records=(RecordRef(text, text), RecordRef("topo", text)),
        score=0.5,
        reason=text,
        features=(Feature(name=text, score=0.1, detail=text),),
    )
    evil = operation(
        9,
        person_id=text,
        provider=text,
        record_id=text,
        reason=text,
        message=text,
        effects=(text,),
        fields={
            "job_title": change(text, text, source=text, rule=text),
            "emails": change((text, text), (text,)),
            f"variables.{text}": change(text, text),
        },
    )
    return replace(
        found,
        run_id=text,
        providers={text: ProviderReport(status="failed", problems=(text,))},
        operations=(evil,),
        conflicts=(Conflict(person_id=text, field=text, values={text: text}, since=START),),
        suspected_duplicates=(SuspicionReport(people=(text, text), suspicion=suspicion),),
        twins=(TwinReport(person_id=text, provider=text, records=(text, text)),),
        holds=(Hold(kind=text, person_id=text, provider=text, record_id=text),),
        parked=(ParkedReport(operation=evil, look_for={text: text}, decide=text),),
        deferred=(DeferredReport(provider=text, reason=text, count=1, until=None),),
        cannot_express=(CannotExpress(person_id=text, provider=text, field=text, reason=text),),
        manual_actions=(ManualAction(person_id=text, provider=text, action=text),),
        guards=(GuardReport(provider=text, kind=text, planned=1, limit=0, allow=text, detail=text),),
        bulk=(BulkTotals(uuid=text, sent=1, created=None, updated=None),),
        notes=(text,),
        names={text: text},
    )
