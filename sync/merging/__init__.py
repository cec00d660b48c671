"""Which value of a field stands for a person: a three-way merge with a base per record.

Per field and record the question is whether the record *changed* it: what it holds now differs, after
normalisation, from the base that was last taken into account. The answers:

===========================  ==========================================================================
who changed                  what stands
===========================  ==========================================================================
nobody                       the canonical value
one record                   its value (``only-changer``)
several, to one value        that value (``agreed``)
several, to different ones   the field owner's, else the field's own priority, else a conflict: the field
                             freezes, every value is kept, other fields flow
a record seen for the first  union; unequal values by survivorship (priority, then completeness), never a
time                         blank over a value, never over an edit that was taken before
===========================  ==========================================================================

A field with an owner takes nobody else's edit (``reverted-by-owner``; the losing value is kept), as long as
there is a value to put back. An emptied value counts as a change only when blanks are explicit; otherwise it
is noted and overruled. Between two records of one provider that both may decide, the later one does.
Source of the three-way rule: Khanna, Kunal, Pierce, «A Formal Investigation of Diff3», 2007.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.codes import Rule
from sync.contact import Contact
from sync.merging.edits import merge_edits
from sync.merging.first_contact import welcome
from sync.merging.policy import FieldPolicy, MergePolicy
from sync.merging.strangers import Met, Shown, meet
from sync.merging.work import MergeResult, Work

if TYPE_CHECKING:
    from datetime import datetime

    from sync.person import Person

__all__ = ["FieldPolicy", "MergePolicy", "MergeResult", "Met", "Shown", "meet", "merge"]


def merge(person: Person, policy: MergePolicy, at: datetime) -> MergeResult:
    """The person's contact after everything its live records changed.

    Pure and idempotent: merging the result again with unchanged records changes nothing.
    """
    return _strangers(person, policy, at) or merge_step_by_step(person, policy, at)


def _strangers(person: Person, policy: MergePolicy, at: datetime) -> MergeResult | None:
    """``meet`` for somebody of whom nothing is known; ``None`` for others."""
    live = [member for member in person.members if not member.gone]
    known = person.choices or person.returns or person.frozen or person.conflicts or person.contact.to_fields()
    if known or not live or any(member.link.met for member in live):
        return None
    shown = {member.rid: member.record.contact.to_fields() for member in live}
    records = [Shown(m.rid, m.record.ref.provider, str(m.record.ref), shown[m.rid]) for m in live]
    met = meet(records, policy, at)
    if met is None:
        return None
    return MergeResult(
        contact=Contact.from_fields(met.fields),
        choices=MappingProxyType(met.choices),
        conflicts=(),
        links=MappingProxyType(
            {m.rid: replace(m.link, base=MappingProxyType(shown[m.rid]), met=True) for m in live}
        ),
    )


def merge_step_by_step(person: Person, policy: MergePolicy, at: datetime) -> MergeResult:
    """``merge`` without its short cut."""
    work = Work(person, policy, at)
    merge_edits(work)
    welcome(work)
    _keep_disputed(work)
    return work.result()


def _keep_disputed(work: Work) -> None:
    """What was in dispute and is no more, as when a late write of ours took its place, is not lost with it.

    Where the same record shows a later value, and that one lost just now, it stays away.
    """
    for dispute in work.person.conflicts:
        name = dispute.field
        waiting = work.conflicts[name].values if name in work.conflicts else {}
        later = _lost_just_now(work, name)
        kept = {s: v for s, v in dispute.values.items() if v is not None and s not in waiting and s not in later}
        work.note_losers(name, kept, Rule.SURVIVORSHIP)


def _lost_just_now(work: Work, name: str) -> set[str]:
    """The records whose own value of now is among what lost, and was not before."""
    now, then = (own[name].losers if name in own else {} for own in (work.choices, work.person.choices))
    shows = {str(m.record.ref): work.shown[m.rid].get(name) for m in work.live}
    return {s for s in now.keys() & shows.keys() if now[s] != then.get(s) and work.same(name, now[s], shows[s])}
