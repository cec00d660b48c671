"""What a record held by itself, told from what we wrote over it: our writes are gone back on, the last one first.

Where what a write replaced is no longer kept, the values that lost tell it.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from sync.identity.canonical import compared, compared_each
from sync.merging.emails import EmailEdit, as_emails, distinct, email_form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sync.change import FieldChange
    from sync.contact import Value
    from sync.merging.parting import Side
    from sync.person import Member, Person

    Writes: TypeAlias = Mapping[str, Sequence[FieldChange]]
    """Field → what our writes of one record replaced there, and by what, oldest first."""

NOTHING: frozenset[str] = frozenset()


def own_values(
    member: Member, person: Person, writes: Writes, region: str, others: Callable[[str], frozenset[str]]
) -> dict[str, Value]:
    """What the record last held by itself: what was written there for the sake of ``person`` is left out.

    ``others``: field → compared forms that are somebody's own all the same; no write of them is gone back on.
    """
    ref, sent = str(member.record.ref), member.link.sent
    taken = member.link.base if member.link.met else member.record.contact.to_fields()
    own: dict[str, Value] = {}
    for name in taken.keys() | sent.keys():
        choice, wrote, value = person.choices.get(name), writes.get(name, ()), taken.get(name)
        if choice is not None and choice.source == ref:
            pass  # it is this record's value that stands
        elif wrote and all(change.is_kept for change in wrote):
            value = before_writes(name, sent.get(name, value) or None, wrote, region, others(name))
        elif name in sent:
            lost = {} if choice is None else choice.losers
            value = lost.get(ref, value if member.link.ours else None)
        if value is not None:
            own[name] = value
    return own


def own_values_of_each(side: Side, together: Mapping[int, Person], region: str) -> dict[int, dict[str, Value]]:
    """What each record held by itself; what it took from us stays where it is another one's own."""

    def own(member: Member, others: Callable[[str], frozenset[str]]) -> dict[str, Value]:
        return own_values(member, together[member.rid], side.writes(member), region, others)

    alone = {m.rid: own(m, lambda _: frozenset()) for m in side.members}
    counted: dict[str, Counter[str]] = {}
    for values in alone.values():
        for name, value in values.items():
            counted.setdefault(name, Counter()).update(compared_each(name, value, region=region))

    def elsewhere(rid: int, name: str) -> frozenset[str]:
        here = compared_each(name, alone[rid].get(name), region=region)
        return frozenset(form for form, count in counted.get(name, {}).items() if count > (form in here))

    return {m.rid: own(m, partial(elsewhere, m.rid)) for m in side.members}


def before_writes(
    name: str, value: Value | None, writes: Sequence[FieldChange], region: str, stays: frozenset[str] = NOTHING
) -> Value | None:
    """What stood in the place of ``value`` before our writes; no write of what ``stays`` is gone back on."""
    for change in reversed(writes):
        value = _before(name, value, change, region, stays)
    return value


def _before(
    name: str, value: Value | None, change: FieldChange, region: str, stays: frozenset[str]
) -> Value | None:
    ours = compared(name, value, region=region) == compared(name, change.after, region=region)
    if ours and stays.isdisjoint(compared_each(name, value, region=region)):
        return change.before
    if name != "emails" or value is None:
        return value
    swaps = EmailEdit(as_emails(change.after), as_emails(change.before)).swaps()
    back = {form: old for new, old in swaps if (form := email_form(new)) not in stays}
    return tuple(distinct(back.get(email_form(email), email) for email in as_emails(value)))
