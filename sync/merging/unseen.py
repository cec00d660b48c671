"""What stands, beside edits by people who could not know of it: it was chosen since their providers were read, and
came to their records at no time. Nobody can tell which came later, so they count as made at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sync.change import HUMAN
from sync.codes import ConflictReason
from sync.merging.emails import as_emails, email_form
from sync.merging.first_contact import EDITS, is_decided
from sync.merging.work import Edit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.change import Choice
    from sync.contact import Value
    from sync.merging.work import Work


TOLD_BY: Final = timedelta(seconds=1)
"""How exactly it is told when a record was touched, where fractions are left out."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """The value that stands, and whose it is. ``edit``: as one of that record, ``None`` where a person decided it,
    or the record is not there: no priority decides between such a value and others. ``rivals``: the edits that
    would take its place.
    """

    source: str
    value: Value | None
    edit: Edit | None
    rivals: tuple[Edit, ...]


def unseen(work: Work, name: str, edits: Sequence[Edit]) -> Unseen | None:
    """What stands by somebody's edit or decision, and was not known to anybody who would replace it.

    ``None`` where nothing stands by one, and where one of them came surely later. Once it is in question it stays
    so for as long as anybody shows another value.
    """
    choice = work.choices.get(name)
    if choice is None or choice.rule not in EDITS:
        return None
    decided = is_decided(choice)
    rivals = tuple(e for e in edits if _would_replace(work, name, e, choice))
    if not rivals or (not decided and any(e.source == choice.source for e in edits)):
        return None
    if work.disputed(name) is None:
        in_question = not any(_came_later(work, name, e, choice) for e in rivals)
    else:
        in_question = work.disputed(name) == ConflictReason.UNSEEN
    if not in_question:
        return None
    value = work.values.get(name)
    member = next((m for m in work.live if str(m.record.ref) == choice.source), None)
    own = None if member is None or decided else Edit(member, None, value)
    return Unseen(HUMAN if decided else choice.source, value, own, rivals)


def _would_replace(work: Work, name: str, edit: Edit, choice: Choice) -> bool:
    """Whether the edit puts another value in the place of the one that stands; of addresses, which are united,
    only where it replaced the very one in whose place that stands.
    """
    stands = work.values.get(name)
    if name != "emails":
        return not work.same(name, edit.value, stands)
    before, after, now = map(_first, (edit.before, edit.value, stands))
    return before in choice.replaced and after not in {None, before, now}


def _came_later(work: Work, name: str, edit: Edit, choice: Choice) -> bool:
    """Whether the record showed or acknowledged what stands, or its provider was read since that was chosen. What
    was chosen by a clock that is ahead was chosen at some time before.
    """
    read_until = work.policy.read_at.get(edit.source, work.policy.read_until.get(edit.provider))
    if read_until is None or choice.at > work.at or choice.at <= read_until:
        return True
    touched_at = edit.member.record.updated_at if edit.provider in work.policy.touches else None
    if touched_at is not None and choice.at <= (touched_at if touched_at.microsecond else touched_at + TOLD_BY):
        return True
    stands, sent = work.values.get(name), edit.member.link.sent
    if name == "emails":
        return name in sent and _first(sent[name]) == _first(stands)
    showed = edit.source != choice.source and work.same(name, stands, edit.before)
    return showed or (name in sent and work.same(name, stands, sent[name]))


def _first(emails: Value | None) -> str | None:
    """The compared form of the address that comes first."""
    return next(map(email_form, as_emails(emails)), None)
