"""What a decision about people will do, as people read it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.report.masking import in_report_order, masked_value, one_line
from sync.report.record_names import masked_name
from sync.report.words import LONGEST_VALUE, count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.contact import Contact, Value
    from sync.engine.decisions import Foreseen, Outlook
    from sync.record import RecordRef


def as_text(foreseen: Foreseen, *, values: bool) -> Iterator[str]:
    """Who will have which records and which values, and what is remembered."""
    if not foreseen.moves:
        yield "Nobody's records change."
    for outlook in foreseen.people:
        yield from _person(outlook, values=values)
    for retired, winner in sorted(foreseen.retired.items()):
        yield f"Person {retired} goes on as {winner}; the id is given back if they part again."
    judged = foreseen.judged
    if judged.decide:
        yield f"Remembered for good: {count(len(judged.decide), 'judgement', 'judgements')} on pairs of records."
    if judged.withdraw:
        yield f"Taken back: {count(len(judged.withdraw), 'judgement', 'judgements')}; keys decide again."


def record_list(refs: Sequence[RecordRef], *, values: bool) -> str:
    """The records by name."""
    return ", ".join(f"{r.provider}:{r.record_id if values else masked_name(r.record_id)}" for r in sorted(refs))


def _person(outlook: Outlook, *, values: bool) -> Iterator[str]:
    origin = " (the former id, given back)" if outlook.formerly else ""
    origin = origin or (" (a new id)" if outlook.before is None else "")
    yield f"Person {outlook.person_id}{origin}"
    yield f"  records: {record_list(outlook.records, values=values)}"
    changes = list(_changes(outlook))
    width = max((len(name) for name, _, _ in changes), default=0)
    for name, before, after in changes:
        if outlook.before is None:
            yield f"  {name.ljust(width)}  {_shown(name, after, values=values)}"
        else:
            old, new = _shown(name, before, values=values), _shown(name, after, values=values)
            yield f"  {name.ljust(width)}  {old} -> {new}"


def _changes(outlook: Outlook) -> Iterable[tuple[str, Value | None, Value | None]]:
    before = {} if outlook.before is None else _flat(outlook.before.contact)
    after = _flat(outlook.contact)
    for name, _ in in_report_order(dict.fromkeys((*before, *after))):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _flat(contact: Contact) -> dict[str, Value]:
    return contact.to_fields()


def _shown(name: str, value: Value | None, *, values: bool) -> str:
    return one_line(masked_value(name, value, values=values), limit=LONGEST_VALUE) or "(empty)"
