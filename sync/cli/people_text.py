"""What a decision about people will do, as people read it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.report.masking import in_report_order, masked_value, one_line
from sync.report.record_names import masked_name
from sync.report.words import LONGEST_VALUE, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.contact import Contact, Value
    from sync.engine.decisions import Foreseen, Outlook
    from sync.engine.tying import Judgement
    from sync.person import Person
    from sync.record import RecordRef


def as_text(foreseen: Foreseen, *, values: bool) -> Iterator[str]:
    """Who will have which records and which values, and what is remembered."""
    if not foreseen.moves:
        yield "Nobody's records change."
    for outlook in foreseen.people:
        yield from _person(outlook, values=values)
    for person in foreseen.retiring:
        yield from _retiring(person, foreseen, values=values)
    yield from _judged(foreseen.judged)
    if foreseen.judged.withdraw and not foreseen.moves:
        yield "Who is tied by keys and names by now stays one; `contact-sync people split` parts them."


def _judged(judged: Judgement) -> Iterator[str]:
    made, back = len(judged.decide), count(len(judged.withdraw), "judgement", "judgements")
    if not judged.withdraw:
        yield f"Remembered for good: {count(made, 'judgement', 'judgements')} on pairs of records."
    elif made:
        again = count(made, "judgement from before stands", "judgements from before stand")
        yield f"Taken back: {back}; {again} again."
    else:
        yield f"Taken back: {back}; keys decide again."


def record_list(refs: Sequence[RecordRef], *, values: bool) -> str:
    """The records by name."""
    return ", ".join(f"{r.provider}:{r.record_id if values else masked_name(r.record_id)}" for r in sorted(refs))


def _person(outlook: Outlook, *, values: bool) -> Iterator[str]:
    origin = " (the former id, given back)" if outlook.formerly else ""
    origin = origin or (" (a new id)" if outlook.before is None else "")
    yield f"Person {outlook.person_id}{origin}"
    yield f"  records: {record_list(outlook.records, values=values)}"
    if outlook.before is not None:
        yield from _changes(outlook.before.contact, outlook.contact, values=values)
        return
    fields = in_report_order(outlook.contact.to_fields())
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        yield f"  {name.ljust(width)}  {_shown(name, value, values=values)}"


def _retiring(person: Person, foreseen: Foreseen, *, values: bool) -> Iterator[str]:
    """What somebody becomes who goes on under another id."""
    winner = foreseen.retired[person.id]
    yield f"Person {person.id} goes on as {winner}; the id is given back if they part again."
    after = next((o.contact for o in foreseen.people if o.person_id == winner), None)
    if after is not None:
        yield from _changes(person.contact, after, values=values)


def _changes(before: Contact, after: Contact, *, values: bool) -> Iterator[str]:
    old, new = before.to_fields(), after.to_fields()
    names = [n for n, _ in in_report_order(dict.fromkeys((*old, *new))) if old.get(n) != new.get(n)]
    width = max(map(len, names), default=0)
    for name in names:
        was, becomes = (_shown(name, flat.get(name), values=values) for flat in (old, new))
        yield f"  {name.ljust(width)}  {was} -> {becomes}"


def _shown(name: str, value: Value | None, *, values: bool) -> str:
    return one_line(masked_value(name, value, values=values), limit=LONGEST_VALUE) or "(empty)"
