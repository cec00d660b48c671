"""Values to columns and back: times, JSON text, and the values that are kept whole.

Pairs ``to_x`` / ``from_x``; ``to`` makes what a column holds.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sync.change import Choice, Feature, Return
from sync.contact import Contact
from sync.record import Link, Record, RecordRef, Written

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sync.contact import Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_decode = json.JSONDecoder().raw_decode

REMEMBERED = 2048
"""Texts whose value is remembered, by kind: a cycle reads the same few rows again and again."""

NOTHING: Mapping[str, Any] = MappingProxyType({})
EMPTY = "{}"
NOBODY = Contact()


def to_time(at: datetime) -> int:
    """UTC microseconds since 1970; ValueError for a naive time, whose instant is not known."""
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return (at - EPOCH) // MICROSECOND


def from_time(microseconds: int) -> datetime:
    """The aware UTC time."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_time_or_none(at: datetime | None) -> int | None:
    """``to_time``; ``None`` stays."""
    return None if at is None else to_time(at)


def from_time_or_none(microseconds: int | None) -> datetime | None:
    """``from_time``; ``None`` stays."""
    return None if microseconds is None else from_time(microseconds)


def to_json(value: Any) -> str:
    """Compact ASCII JSON; a tuple becomes a list."""
    return _encode(value)


def from_json(text: str) -> Any:
    """The value of JSON text that ``to_json`` made."""
    return _decode(text)[0]


def to_set(values: Collection[str]) -> str:
    """A sorted JSON list."""
    return _encode(sorted(values)) if values else "[]"


@lru_cache(REMEMBERED)
def from_set(text: str) -> frozenset[str]:
    """The set of a JSON list."""
    return frozenset(from_json(text)) if text != "[]" else frozenset()


def to_contact(contact: Contact) -> str:
    """The flat fields of a contact."""
    return _encode(contact.to_fields())


@lru_cache(REMEMBERED)
def from_contact(text: str) -> Contact:
    """The contact of its flat fields."""
    return NOBODY if text == EMPTY else Contact.from_fields(from_json(text))


def to_values(flat: Mapping[str, Value]) -> str:
    """Flat fields (a link's base or sent)."""
    return _encode(dict(flat)) if flat else EMPTY


def from_value(value: Any) -> Any:
    """One flat value; the list that JSON made of a tuple is a tuple again."""
    return tuple(value) if isinstance(value, list) else value


@lru_cache(REMEMBERED)
def from_values(text: str) -> Mapping[str, Value]:
    """Flat fields; not to be changed."""
    if text == EMPTY:
        return NOTHING
    return MappingProxyType({name: from_value(value) for name, value in from_json(text).items()})


def to_written(written: Mapping[str, Written]) -> str:
    """Unconfirmed writes by flat field."""
    return (
        _encode(
            {
                name: [w.before, w.echoed, to_time(w.at), w.seen, w.earlier, to_time_or_none(w.since)]
                for name, w in written.items()
            }
        )
        if written
        else EMPTY
    )


@lru_cache(REMEMBERED)
def from_written(text: str) -> Mapping[str, Written]:
    """Unconfirmed writes by flat field; not to be changed."""
    if text == EMPTY:
        return NOTHING
    return MappingProxyType(
        {
            name: Written(
                before=from_value(before),
                echoed=echoed,
                at=from_time(at),
                seen=seen,
                earlier=tuple(from_value(value) for value in (later[0] if later else ())),
                since=from_time_or_none(later[1] if len(later) > 1 else None),
            )
            for name, (before, echoed, at, seen, *later) in from_json(text).items()
        }
    )


def to_choices(choices: Mapping[str, Choice]) -> str:
    """Choices by flat field."""
    return _encode(
        {name: [c.source, c.rule, to_time(c.at), dict(c.losers), dict(c.replaced)] for name, c in choices.items()}
    )


def from_choices(text: str, contact: Contact) -> Mapping[str, Choice]:
    """Choices by flat field; not to be changed. A list stands for one choice for everything in ``contact``."""
    if text == EMPTY:
        return NOTHING
    own = _choices(text)
    return MappingProxyType(dict.fromkeys(contact.to_fields(), own)) if isinstance(own, Choice) else own


@lru_cache(REMEMBERED)
def _choices(text: str) -> Choice | Mapping[str, Choice]:
    parts = from_json(text)
    if isinstance(parts, list):
        source, rule, at = parts
        return _choice(source, rule, at, {}, {})
    return MappingProxyType({name: _choice(*own) for name, own in parts.items()})


def _choice(source: str, rule: str, at: int, losers: dict[str, Any], replaced: dict[str, str]) -> Choice:
    return Choice(
        source=source,
        rule=rule,
        at=from_time(at),
        losers=MappingProxyType({name: from_value(value) for name, value in losers.items()}),
        replaced=MappingProxyType(replaced),
    )


def to_returns(returns: Mapping[str, Iterable[Return]]) -> str:
    """Returns by flat field."""
    return _encode({name: [[r.source, r.value, to_time(r.at)] for r in own] for name, own in returns.items()})


def from_returns(text: str) -> Mapping[str, tuple[Return, ...]]:
    """Returns by flat field; not to be changed."""
    if text == EMPTY:
        return NOTHING
    return MappingProxyType(
        {
            name: tuple(Return(source=source, value=value, at=from_time(at)) for source, value, at in own)
            for name, own in from_json(text).items()
        }
    )


def to_features(features: Iterable[Feature]) -> str:
    """The reasons behind a suspicion."""
    return _encode([[f.name, f.score, f.detail] for f in features])


def from_features(text: str) -> tuple[Feature, ...]:
    """The reasons behind a suspicion."""
    return tuple(Feature(name=name, score=score, detail=detail) for name, score, detail in from_json(text))


UNREADABLE, FIRST_CARRIED = "?", "+"
"""Before a name in the column of absent fields: it stands in the row and nobody can read it; no row carried it
before, and no merge has taken it into account yet.
"""


class Carried(NamedTuple):
    """What the column of absent fields tells; see ``Record``."""

    absent: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()


ALL_CARRIED: Final = Carried()


def to_absent(told: Carried) -> str:
    """The column of absent fields."""
    if told == ALL_CARRIED:
        return "[]"
    marked = {UNREADABLE + name for name in told.unreadable} | {FIRST_CARRIED + name for name in told.first}
    return to_set(told.absent | marked)


def from_absent(text: str) -> Carried:
    """What the column tells."""
    if text == "[]":
        return ALL_CARRIED
    names = from_set(text)
    unreadable, first = (
        frozenset(name.removeprefix(mark) for name in names if name.startswith(mark))
        for mark in (UNREADABLE, FIRST_CARRIED)
    )
    absent = frozenset(name for name in names if not name.startswith((UNREADABLE, FIRST_CARRIED)))
    return Carried(absent, unreadable, first)


RECORD_COLUMNS = "r.provider, r.record_id, r.fields, r.absent, r.created_at, r.updated_at, r.opted_out, r.labels"
LINK_COLUMNS = "l.person_id, l.evidence, l.linked_at, l.base, l.sent, l.written, l.ours, l.accepted_key, l.met"


def record_of_row(row: Any) -> Record:
    """The record of ``RECORD_COLUMNS``."""
    provider, record_id, fields, absent, created_at, updated_at, opted_out, labels = row
    told = from_absent(absent)
    return Record(
        ref=RecordRef(provider, record_id),
        contact=from_contact(fields),
        absent=told.absent,
        unreadable=told.unreadable,
        first_carried=told.first,
        created_at=from_time_or_none(created_at),
        updated_at=from_time_or_none(updated_at),
        opted_out=opted_out,
        labels=from_set(labels),
    )


def link_of_row(row: Any) -> Link:
    """The link of ``LINK_COLUMNS``."""
    person_id, evidence, linked_at, base, sent, written, ours, accepted_key, met = row
    return Link(
        person_id=person_id,
        evidence=evidence,
        linked_at=from_time(linked_at),
        base=from_values(base),
        sent=from_values(sent),
        written=from_written(written),
        ours=bool(ours),
        accepted_key=accepted_key,
        met=bool(met),
    )


def link_columns(link: Link) -> tuple[object, ...]:
    """``LINK_COLUMNS`` of a link."""
    return (
        link.person_id,
        link.evidence,
        to_time(link.linked_at),
        to_values(link.base),
        to_values(link.sent),
        to_written(link.written),
        link.ours,
        link.accepted_key,
        link.met,
    )
