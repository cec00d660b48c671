"""Who must be looked at again although none of their records changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import partial
from re import Pattern
from typing import TYPE_CHECKING

from sync.codes import StateReason
from sync.contact import VARIABLE_PREFIX
from sync.engine.doubts import in_doubt
from sync.engine.notes import note, noted, noted_of_providers
from sync.engine.recognising import same
from sync.identity import linkedin_key
from sync.identity.canonical import compared
from sync.matching.values import RULES
from sync.optouts import wide_keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.engine.session import Seat, Session
    from sync.person import Member, Person
    from sync.record import OptOut, Record, RecordRef

SETTINGS = "settings"
MATCH = "match"
SINCE = "since"
"""Provider → digest of its table, and when a run first met the table so."""
TARGETS = "targets"
"""Provider → id of its target, and when a run first met it instead of another; ``""`` = the first one known."""
ABILITIES = "abilities"
"""Provider → digest of what it could do, and whether its target enrolled people, when it was looked at last."""
CARRIED = "carried"
"""Provider → the fields that its rows could carry when it was looked at last."""
ENDED = "ended"
"""Which opt-outs had ended when those whom they forbade were last looked for."""
UNREAD = "unread"
"""Provider → ids of records that changed since they were read singly."""


def after_changed_settings(session: Session) -> None:
    """Everybody, when merge, match or provider settings are not those of the last run; every record is matched
    again when it is by other rules.
    """
    rules = {"rules": RULES, **session.settings.match.model_dump(mode="json")}
    digest, match = _settings_digest(session), _digest(rules)
    if noted(session, SETTINGS) != digest:
        session.store.mark_all_people_dirty()
    if noted(session, MATCH) != match:
        session.store.mark_all_records_dirty()
    note(session, {SETTINGS: digest, MATCH: match, SINCE: _since(session)})


def settings_since(session: Session) -> dict[str, datetime]:
    """Provider → since when its settings are what they are now."""
    kept = noted_of_providers(session, SINCE)
    return {name: datetime.fromisoformat(at) for name, (_, at) in kept.items()}


def _since(session: Session) -> dict[str, list[str]]:
    kept = noted_of_providers(session, SINCE)
    for name, own in session.settings.providers.items():
        digest = _digest(own.model_dump(mode="json"))
        if kept.get(name, [""])[0] != digest:
            kept[name] = [digest, session.clock.now().isoformat()]
    return kept


def targets_since(session: Session) -> dict[str, datetime]:
    """Provider → since when its target is another than the first one known."""
    return {name: datetime.fromisoformat(at) for name, (_, at) in known_targets(session).items() if at}


def known_targets(session: Session) -> dict[str, list[str]]:
    """The targets as they are to be remembered, with those of providers that were not looked at."""
    kept = noted_of_providers(session, TARGETS)
    for name, seat in session.seats.items():
        target = seat.target.id if seat.target is not None else ""
        if target and kept.get(name, [""])[0] != target:
            kept[name] = [target, session.clock.now().isoformat() if name in kept else ""]
    return kept


def after_changed_abilities(session: Session) -> None:
    """Everybody, when a provider can do other things than when it was looked at last, as with a key of more
    scopes, or when its target no longer enrols people or begins to: what could not be written may be by now.
    """
    _mark_uncarried(session)
    kept = noted_of_providers(session, ABILITIES)
    now = {**kept, **{seat.name: [_abilities(seat)] for seat in session.working()}}
    if now != kept:
        session.store.mark_all_people_dirty()
        note(session, {ABILITIES: now})


def _mark_uncarried(session: Session) -> None:
    """What a provider's rows can carry from now on, as after another mapping, none of them has carried so far."""
    kept = noted_of_providers(session, CARRIED)
    readable = [seat for seat in session.working() if seat.provider.capabilities.readable]
    now = {**kept, **{seat.name: _carried(seat) for seat in readable}}
    for name in now.keys() & kept.keys():
        if news := set(now[name]) - set(kept[name]):
            session.store.mark_absent(name, news)
    note(session, {CARRIED: now})


def _carried(seat: Seat) -> list[str]:
    able = seat.provider.capabilities
    names = (*able.fields, *(VARIABLE_PREFIX + name for name in able.variables))
    return sorted(name for name in names if able.can(name, "read"))


def _abilities(seat: Seat) -> str:
    able = seat.provider.capabilities
    enrols = seat.target is not None and seat.target.starts_outreach
    return _digest({"enrols": enrols, **{f.name: getattr(able, f.name) for f in fields(able)}})


def _settings_digest(session: Session) -> str:
    settings = session.settings
    parts = {
        "merge": settings.merge.model_dump(mode="json"),
        "match": settings.match.model_dump(mode="json"),
        "region": settings.sync.default_region,
        "providers": {name: own.model_dump(mode="json") for name, own in settings.providers.items()},
    }
    return _digest(parts)


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: object) -> object:
    """A value of a kind that JSON has not, in one order whatever process writes it."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return value.pattern if isinstance(value, Pattern) else str(value)


def provider_set(session: Session) -> str:
    """A fingerprint of which providers are configured."""
    return hashlib.sha256(" ".join(sorted(session.seats)).encode()).hexdigest()[:12]


def after_opt_outs(session: Session, news: list[OptOut]) -> None:
    """The people that new opt-outs are about, so that every provider is told.

    Whoever was planned before that was known waits on when what is being written is settled. Who may be one with
    them is not made meanwhile.
    """
    people = set(session.store.people_covered([email for opt_out in news for email in opt_out.emails]))
    for profile in {linkedin_key(opt_out.linkedin_url) for opt_out in news} - {None}:
        people.update(session.store.people_with_key("linkedin", str(profile)))
    alike = in_doubt(session, people) if people else set()
    session.store.mark_people_dirty(sorted(people | alike))
    session.unsettled_people |= (people | alike).intersection(session.planned_people)
    session.doubtful |= alike.intersection(session.planned_people)


def after_ended_opt_outs(session: Session) -> None:
    """Whoever was blocked by an opt-out that no longer forbids it; looked for once after any opt-out ended."""
    now = session.clock.now()
    ended = session.opt_outs.ended(now)
    if noted(session, ENDED) == ended:
        return
    free = {
        o.person_id
        for o in session.store.operations(states=("blocked",), reasons=(StateReason.OPTED_OUT,))
        if not session.opt_outs.effect(wide_keys_of(o.contact), now).forbids_create(o.provider)
    }
    session.store.mark_people_dirty(sorted(free))
    note(session, {ENDED: ended})


def fully_planned(session: Session, people: Iterable[str]) -> list[str]:
    """Those of ``people`` who were planned with every provider and after everything of theirs was read.

    The others wait on, also when the process dies before ``after_missing_providers``.
    """
    unread = _unread(session)
    return [] if _is_one_missing(session) else [person for person in people if person not in unread]


def after_missing_providers(session: Session) -> None:
    """Everybody planned without a provider that is configured, but did not take part or did not answer."""
    if _is_one_missing(session):
        session.store.mark_people_dirty(session.planned_people)


def _is_one_missing(session: Session) -> bool:
    return any(seat.settings.write and not (seat.active and seat.up) for seat in session.seats.values())


def after_read_back(session: Session, before: list[Person]) -> None:
    """Only those whom somebody else changed while we wrote; their plan was made before the read-back showed it.

    ``before``: the people written to of whom nothing waited.
    """
    then = {person.id: person for person in before}
    now = session.store.people(sorted(then))
    region = session.settings.sync.default_region
    quiet = [p for p in now if p.id in then and not (_has_news(then[p.id], p, region) or reads_late(session, p))]
    session.store.settle_people([p.id for p in quiet])


def _has_news(then: Person, now: Person, region: str) -> bool:
    """Whether another value stands now, or a record came, or came to show a value that does not stand, or none."""
    if (then.contact, then.conflicts) != (now.contact, now.conflicts):
        return True
    before = {m.rid: m.record.contact.to_fields() for m in then.members}
    if any(m.rid not in before and not m.link.ours for m in now.members):
        return True  # what it lacks is to be filled
    for member in now.members:
        was, shows = before.get(member.rid, {}), member.record.contact.to_fields()
        for name in was.keys() | shows.keys():
            stands = compared(name, now.contact.get(name), region=region)
            if was.get(name) != shows.get(name) and compared(name, shows.get(name), region=region) != stands:
                return True
    return False


def after_unread_details(session: Session) -> None:
    """Everybody of whom more could be read than this cycle did."""
    session.store.mark_people_dirty(sorted(_unread(session)))


def _unread(session: Session) -> set[str]:
    return {person_id for people in session.unread.values() for person_id in people}


def note_unread(
    session: Session, provider: str, wanted: list[tuple[str, Record]], again: list[tuple[str, Record]]
) -> None:
    """The records ``wanted``, each with its person, are not read yet. One read ``again`` shows by nothing in it
    that it is to be read, and later cycles may not meet it.
    """
    session.unread[provider] = [person_id for person_id, _ in wanted]
    ids = [record.ref.record_id for _, record in again]
    kept = noted_of_providers(session, UNREAD)
    if kept.get(provider, []) != ids:
        note(session, {UNREAD: {**kept, provider: ids}})


def read_touched(session: Session, provider: str, times: Mapping[RecordRef, datetime]) -> None:
    """Of the records that were just kept those that their provider touched, as ``times`` tell, and that show no
    change are read one by one, by this cycle or a later one: what changed may be shown nowhere else.
    """
    touched = session.store.touched(times)
    if touched:
        kept = noted_of_providers(session, UNREAD)
        ids = dict.fromkeys((*kept.get(provider, []), *(ref.record_id for ref in touched)))
        note(session, {UNREAD: {**kept, provider: list(ids)}})
        session.store.take_touched({ref: times[ref] for ref in touched})


def left_unread(session: Session, provider: str) -> frozenset[str]:
    """The records that earlier cycles left to this one."""
    return frozenset(noted_of_providers(session, UNREAD).get(provider, []))


def reads_late(session: Session, person: Person) -> bool:
    """Whether a record shows what we replaced just now: a late read, or somebody put it back. Time will tell."""
    return any(_reads_late(session, member) for member in person.members if not member.gone)


def _reads_late(session: Session, member: Member) -> bool:
    since = session.clock.now() - session.settings.sync.settle
    link, contact = member.link, member.record.contact
    for name, written in link.written.items():
        shows, alike = contact.get(name), partial(same, session, name)
        older = alike(shows, written.before) or written.stood_earlier(shows, link.sent.get(name), alike)
        if name in link.sent and written.at > since and older:
            return True
    return False
