"""Edits of records that took part in a merge before: who changed a field, and what stands then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import LATER, Choice, Conflict
from sync.codes import ConflictReason, Rule
from sync.contact import MULTI_VALUED
from sync.merging.changed import edit_of
from sync.merging.emails import EmailEdit, as_emails, email_form, merged_emails
from sync.merging.first_contact import is_decided
from sync.merging.replaced import put_back, replaced_by
from sync.merging.unseen import unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from sync.contact import Value
    from sync.merging.work import Edit, Work


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one field: its value and reason, a conflict, or (neither) what stood before."""

    value: Value | None = None
    choice: Choice | None = None
    conflict: Conflict | None = None


STANDS = Verdict()


def merge_edits(work: Work) -> None:
    """Every field that a record changed has its new value, or a conflict; a braked field waits."""
    names = {name for m in work.met for name in (*work.shown[m.rid], *m.link.base, *work.written[m.rid])}
    for name in sorted(names - work.frozen):
        edits = [e for m in work.met if (e := edit_of(work, name, m)) is not None]
        if edits and not work.brakes(name, edits):
            _merge_field(work, name, edits)
    for name in sorted(names & work.conflicts.keys() & work.frozen):
        work.conflicts[name] = _as_shown_now(work, name, work.conflicts[name])


def _as_shown_now(work: Work, name: str, braked: Conflict) -> Conflict:
    """The braked field's conflict with what its records show now, and with what others made of it meanwhile."""
    values = dict(braked.values)
    for member in work.met:
        source, now = str(member.record.ref), work.shown[member.rid].get(name)
        ours = name in work.written[member.rid] or work.same(name, now, member.link.base.get(name))
        if now is not None and (source in values or not ours):
            values[source] = now
    return replace(braked, values=MappingProxyType(values))


def _merge_field(work: Work, name: str, edits: list[Edit]) -> None:
    for edit in edits:
        work.sent[edit.member.rid].pop(name, None)
    verdict = _decide(work, name, edits)
    if verdict.conflict is not None:
        work.conflicts[name] = verdict.conflict
        return
    work.take(name, edits)
    if verdict.choice is not None:
        work.set(name, verdict.value, verdict.choice)


def _decide(work: Work, name: str, edits: list[Edit]) -> Verdict:
    real = [e for e in edits if e.value is not None or _empties(work, name, e)]
    if not real:
        return STANDS
    owner = work.policy.of(name).owner
    if owner is not None and _owner_speaks(work, name, owner, real):
        return _owned(work, name, owner, real)
    stands = unseen(work, name, real)
    if stands is None:
        return _settled(work, name, real, real, owned=False)
    if stands.edit is None:
        return _conflict(work, name, {**_by_source(stands.rivals), stands.source: stands.value}, unseen=True)
    if name == "emails":
        return _settled_with_unseen(work, real, stands.rivals, stands.edit)
    real = [*real, stands.edit]
    return _settled(work, name, real, real, owned=False, unseen=True)


def _settled_with_unseen(work: Work, real: list[Edit], rivals: Sequence[Edit], stands: Edit) -> Verdict:
    """Which address is first, of the one that stands and of those that were put in the same one's place."""
    decider = _decider(work, "emails", [*rivals, stands], _primary, owned=False)
    if decider is None:
        return _conflict(work, "emails", _by_source([*rivals, stands]), unseen=True)
    first = as_emails(stands.value)[:1]
    moved = [replace(e, before=(*first, *as_emails(e.before)[1:])) if e is decider else e for e in real]
    return _settled(work, "emails", moved, moved, owned=False)


def _empties(work: Work, name: str, edit: Edit) -> bool:
    """Whether an emptied value may empty what stands; of several true values, only the very one emptied."""
    if not work.policy.blanks:
        return False
    if name == "emails" or name not in MULTI_VALUED:
        return True
    return work.same(name, edit.before, work.values.get(name))


def _owner_speaks(work: Work, name: str, owner: str, edits: Sequence[Edit]) -> bool:
    """Whether the owner's value stands: it has a record here, and a new value or something to put back."""
    choice = work.choices.get(name)
    told = name in work.values or (choice is not None and choice.rule == Rule.BLANK)
    return any(m.record.ref.provider == owner for m in work.live) and (
        told or any(e.provider == owner for e in edits)
    )


def _owned(work: Work, name: str, owner: str, edits: list[Edit]) -> Verdict:
    own = [e for e in edits if e.provider == owner]
    if own:
        return _settled(work, name, own, edits, owned=True)
    lost = {e.source: e.value for e in edits if e.value is not None and not work.holds(name, e.value)}
    if not lost:
        return STANDS
    at_owner = next(str(m.record.ref) for m in work.live if m.record.ref.provider == owner)
    current = work.choices.get(name) or Choice(source=at_owner, rule=Rule.FIELD_OWNER, at=work.at)
    choice = replace(
        current,
        rule=Rule.REVERTED_BY_OWNER if name in work.values else Rule.BLANK,
        at=work.at,
        losers=MappingProxyType({**current.losers, **lost}),
        replaced=put_back(work, name, edits, current.replaced),
    )
    return Verdict(work.values.get(name), choice)


def _settled(
    work: Work, name: str, real: list[Edit], edits: list[Edit], *, owned: bool, unseen: bool = False
) -> Verdict:
    """What the ``real`` edits come to; ``edits`` besides them lose."""
    if name == "emails":
        return _settled_emails(work, real, edits, owned=owned)

    def key(edit: Edit) -> Hashable:
        return work.key(name, edit.value)

    rule = _rule(real, owned=owned)
    if len({key(e) for e in real}) == 1:
        winner: Edit | None = min(real, key=lambda e: _place(work, name, e))
    else:
        winner = _decider(work, name, real, key, owned=owned)
        rule = rule if owned else Rule.FIELD_PRIORITY
    if winner is None:
        return _conflict(work, name, _by_source(edits), unseen=unseen)
    return Verdict(winner.value, _choice(work, name, winner, Rule.BLANK if winner.value is None else rule, edits))


def _settled_emails(work: Work, real: list[Edit], edits: list[Edit], *, owned: bool) -> Verdict:
    current = as_emails(work.values.get("emails"))
    ordered = sorted(real, key=lambda e: _place(work, "emails", e))
    changes = [EmailEdit(as_emails(e.before), as_emails(e.value)) for e in ordered]
    movers = [e for e, c in zip(ordered, changes, strict=True) if c.moves_primary(current)]
    winner, rule = (movers or ordered)[0], _rule(real, owned=owned)
    if len({_primary(e) for e in movers}) > 1:
        decider = _decider(work, "emails", movers, _primary, owned=owned)
        if decider is None:
            return _conflict(work, "emails", _by_source(edits))
        winner, rule = decider, rule if owned else Rule.FIELD_PRIORITY
    first = as_emails(winner.value)[0] if movers else None
    value = merged_emails(current, changes, first, blanks=work.policy.blanks)
    edits = [*(e for e in edits if e is not winner), winner]
    choice = _choice(work, "emails", replace(winner, value=value or None), rule if value else Rule.BLANK, edits)
    before = work.choices.get("emails")
    if before is not None and is_decided(before) and _same_first(value, current):
        choice = replace(choice, source=before.source, rule=before.rule, at=before.at)  # others only came to it
    if before is not None and work.same("emails", value, current) and choice.replaced == before.replaced:
        return STANDS if not set(choice.losers) - set(before.losers) else Verdict(current or None, choice)
    return Verdict(value or None, choice)


def _same_first(emails: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return bool(emails and others) and email_form(emails[0]) == email_form(others[0])


def _rule(real: Sequence[Edit], *, owned: bool) -> Rule:
    if owned:
        return Rule.FIELD_OWNER
    return Rule.ONLY_CHANGER if len(real) == 1 else Rule.AGREED


def _primary(edit: Edit) -> str:
    return email_form(as_emails(edit.value)[0])


def _place(work: Work, name: str, edit: Edit) -> tuple[int, int]:
    return (work.policy.rank(edit.provider, name), edit.member.rid)


def _decider(
    work: Work, name: str, edits: list[Edit], key: Callable[[Edit], Hashable], *, owned: bool
) -> Edit | None:
    """The edit that the settings let decide between different ones, ``None`` when they name nobody.

    Two records of the deciding provider: the later one, by that provider's own times.
    """
    if not owned:
        order = work.policy.of(name).priority
        places = [order.index(e.provider) for e in edits if e.provider in order]
        edits = [e for e in edits if places and e.provider == order[min(places)]]
    if len({key(e) for e in edits}) > 1:
        times = [e.member.record.updated_at for e in edits]
        latest = max((t for t in times if t is not None), default=None)
        edits = [e for e, t in zip(edits, times, strict=True) if t == latest] if None not in times else []
    return edits[0] if len({key(e) for e in edits}) == 1 else None


def _by_source(edits: Iterable[Edit]) -> dict[str, Value | None]:
    return {e.source: e.value for e in edits}


def _conflict(work: Work, name: str, sides: Mapping[str, Value | None], *, unseen: bool = False) -> Verdict:
    """The sides are in dispute; once what stands is in question with them, that stays so."""
    unseen = unseen or work.disputed(name) == ConflictReason.UNSEEN
    values = {source: sides[source] for source in sorted(sides)}
    since = next((c.since for c in work.person.conflicts if c.field == name), work.at)
    return Verdict(
        conflict=Conflict(
            person_id=work.person.id,
            field=name,
            values=MappingProxyType(values),
            since=since,
            reason=ConflictReason.UNSEEN if unseen else ConflictReason.DISAGREE,
        )
    )


def _choice(work: Work, name: str, winner: Edit, rule: Rule, edits: Sequence[Edit]) -> Choice:
    """Why the winner's value stands, with everything that did not."""
    before = work.choices.get(name)
    editors = {e.source for e in edits}
    wins = work.keys(name, winner.value)
    losers = {e.source: e.value for e in edits if e.value is not None and not work.keys(name, e.value) <= wins}
    replaced = replaced_by(work, name, edits, winner.value)
    if before is not None:
        lost = ((s, v) for s, v in before.losers.items() if s.removesuffix(LATER) not in editors)
        earlier = {s: v for s, v in lost if not work.keys(name, v) <= wins}
        if not work.keys(name, work.values.get(name)) <= wins:
            earlier[before.source] = work.values[name]  # what stood last, not what its record showed before that
        losers = {**earlier, **losers}
        replaced = {**before.replaced, **replaced}
    return Choice(
        source=winner.source,
        rule=rule,
        at=work.at,
        losers=MappingProxyType(losers),
        replaced=MappingProxyType({old: new for old, new in replaced.items() if old not in wins}),
    )
