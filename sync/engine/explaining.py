"""Everything known of one person, or of why two are one or two, from what is stored: JSON-able, masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.change import LATER
from sync.clock import utc
from sync.codes import explain
from sync.identity import email_key
from sync.identity.names import names_agree
from sync.items import item_id
from sync.optouts import OptOutIndex, in_force
from sync.planning.opt_outs import keys_of_person
from sync.report.masking import in_report_order, masked, masked_value, sentence
from sync.report.record_names import masked_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sync.change import Choice, Conflict, Suspicion
    from sync.contact import Value
    from sync.dossier import Dossier, Sent, Sighting
    from sync.person import Decision, Member, Person
    from sync.record import RecordRef
    from sync.store_port import Store

SCHEMA = "contact-sync/explain/1"

EVIDENCE = {
    "own": "stands alone",
    "linked": "tied before, by something it no longer shows",
    "former": "has a key of the others that not all of them show any more",
    "decision": "a person decided that it is one with others",
    "our-create": "created by contact-sync for this person",
    "existing": "the provider answered our create with this record",
}
"""What ties a record to its person, in words; anything else is a list of shared keys."""


class Explainer:
    """Explains people out of one store. ``values``: personal data is shown instead of masked."""

    def __init__(self, store: Store, now: datetime, *, values: bool) -> None:
        self._store = store
        self._now = now
        self._values = values

    # one person ---------------------------------------------------------------------------------------
    def person(self, person: Person) -> dict[str, Any]:
        """Values with their sources, reasons and losers; records, writes, opt-outs and what is open."""
        dossier = self._store.dossier(person.id)
        return {
            "schema": SCHEMA,
            "person": person.id,
            "name": self._text(person.contact.full_name),
            "since": utc(person.created_at),
            "former_ids": list(dossier.former_ids),
            "split_from": dossier.split_from,
            "fields": dict(self._fields(person)),
            "records": [self._record(m, s) for m, s in _paired(person, dossier)],
            "decisions": [self._decision(d) for d in dossier.decisions],
            "suspicions": [self._suspicion(s) for s in dossier.suspicions],
            "operations": [self._sent(s) for s in dossier.sent],
            "opt_outs": self._opt_outs(person),
            "holds": [
                {
                    "item": item_id(h),
                    "kind": h.kind,
                    "why": explain(h.kind),
                    "record": f"{h.provider}:{self._id(h.record_id)}",
                }
                for h in dossier.holds
            ],
            "cannot_express": [
                {"provider": c.provider, "field": c.field, "reason": c.reason, "why": explain(c.reason)}
                for c in dossier.cannot_express
            ],
            "manual_actions": [
                {"item": item_id(a), "provider": a.provider, "action": a.action} for a in dossier.manual_actions
            ],
        }

    def _fields(self, person: Person) -> Iterator[tuple[str, dict[str, Any]]]:
        conflicts = {c.field: c for c in person.conflicts}
        known = dict.fromkeys((*person.contact.to_fields(), *person.choices, *conflicts))
        for name, _ in in_report_order(known):
            choice = person.choices.get(name)
            yield (
                name,
                {
                    "value": self._value(name, person.contact.get(name)),
                    **self._choice(name, choice),
                    "held_by": self._held_by(name, person),
                    "conflict": self._conflict(conflicts.get(name)),
                },
            )

    def _choice(self, name: str, choice: Choice | None) -> dict[str, Any]:
        if choice is None:
            return {"source": None, "rule": None, "why": None, "at": None, "lost": {}}
        return {
            "source": self._source(choice.source),
            "rule": choice.rule,
            "why": explain(choice.rule),
            "at": utc(choice.at),
            "lost": {self._source(s): self._value(name, v) for s, v in choice.losers.items()},
        }

    def _held_by(self, name: str, person: Person) -> dict[str, Any]:
        """What each record shows, with what we last sent it."""
        held = {}
        for member in person.members:
            shown, sent = member.record.contact.get(name), member.link.sent.get(name)
            if shown is not None or sent is not None:
                told = {"shows": self._value(name, shown)}
                held[self._ref(member.record.ref)] = told | (
                    {"sent": self._value(name, sent)} if sent is not None else {}
                )
        return held

    def _conflict(self, conflict: Conflict | None) -> dict[str, Any] | None:
        if conflict is None:
            return None
        values = {self._source(s): self._value(conflict.field, v) for s, v in conflict.values.items()}
        return {
            "item": item_id(conflict),
            "since": utc(conflict.since),
            "reason": conflict.reason,
            "why": explain(conflict.reason),
            "values": values,
        }

    def _record(self, member: Member, seen: Sighting | None) -> dict[str, Any]:
        link = member.link
        keys = dict(seen.keys) if seen else {}
        return {
            "record": self._ref(member.record.ref),
            "state": "released" if member.released else "gone" if member.gone else "live",
            "evidence": link.evidence,
            "why": EVIDENCE.get(link.evidence, f"shares {link.evidence.replace('+', ' and ')} with the others"),
            "linked_at": utc(link.linked_at),
            "ours": link.ours,
            "first_seen": utc(seen.first_seen) if seen else None,
            "changed_at": utc(seen.changed_at) if seen else None,
            "gone_at": utc(seen.gone_at) if seen else None,
            "keys": [self._key(*key) for key, shown in keys.items() if shown],
            "former_keys": [self._key(*key) for key, shown in keys.items() if not shown],
        }

    def _sent(self, sent: Sent) -> dict[str, Any]:
        operation = sent.operation
        return {
            "id": operation.id,
            "run": operation.run_id,
            "provider": operation.provider,
            "kind": operation.kind,
            "record_id": None if operation.record_id is None else self._id(operation.record_id),
            "state": operation.state,
            "reason": operation.reason,
            "why": explain(operation.reason),
            "planned_at": utc(sent.planned_at),
            "sent_at": utc(operation.sent_at),
            "settled_at": utc(sent.settled_at),
            "attempts": operation.attempt,
            "values_kept": operation.knows_values,
            "message": None if operation.message is None else sentence(operation.message, values=self._values),
            "fields": {
                name: {"before": self._value(name, c.before), "after": self._value(name, c.after), "rule": c.rule}
                for name, c in in_report_order(operation.fields)
            },
        }

    def _opt_outs(self, person: Person) -> list[dict[str, Any]]:
        keys = keys_of_person(person)
        hashed = {self._store.keyed_hash(key) for key in keys}
        index = OptOutIndex(self._store.opt_outs_with(hashed), self._store.keyed_hash)
        return [
            {
                "reason": entry.reason,
                "source": entry.source,
                "at": utc(entry.at),
                "until": utc(entry.until),
                "in_force": in_force(entry, self._now),
            }
            for entry in index.entries(keys)
        ]

    def _suspicion(self, suspicion: Suspicion) -> dict[str, Any]:
        return {
            "item": item_id(suspicion),
            "records": [self._ref(ref) for ref in suspicion.records],
            "people": [self._store.person_of(ref) for ref in suspicion.records],
            "score": round(suspicion.score, 2),
            "reason": suspicion.reason,
            "features": [
                {
                    "name": f.name,
                    "score": round(f.score, 2),
                    "detail": f.detail if self._values else masked(f.detail),
                }
                for f in suspicion.features
            ],
        }

    def _decision(self, decision: Decision) -> dict[str, Any]:
        pair = [self._ref(decision.a), self._ref(decision.b)]
        return {"records": pair, "verdict": decision.verdict, "by": decision.by, "at": utc(decision.at)}

    # two people ---------------------------------------------------------------------------------------
    def pair(self, a: Person, b: Person) -> dict[str, Any]:
        """Why the two are one person, or two."""
        left, right = self._store.dossier(a.id), self._store.dossier(b.id)
        across = {m.record.ref: p.id for p in (a, b) for m in p.members}
        between = [d for d in left.decisions if across.get(d.a) != across.get(d.b) and {d.a, d.b} <= across.keys()]
        suspicions = [s for s in left.suspicions if set(s.records) <= across.keys()]
        shared = _keys(left) & _keys(right)
        return {
            "schema": SCHEMA,
            "people": [a.id, b.id],
            "one": a.id == b.id,
            "shared_keys": [self._key(*key) for key in sorted(shared)],
            "decisions": [self._decision(d) for d in between],
            "suspicions": [self._suspicion(s) for s in suspicions],
            "why": list(_why_two((a, left), (b, right), between, suspicions)),
            "side_by_side": self.side_by_side(a, b),
        }

    def side_by_side(self, a: Person, b: Person) -> dict[str, dict[str, Any]]:
        """Field → both values with their sources."""
        known = dict.fromkeys((*a.contact.to_fields(), *b.contact.to_fields()))
        return {
            name: {
                p.id: {
                    "value": self._value(name, p.contact.get(name)),
                    "source": self._source(p.choices[name].source) if name in p.choices else None,
                }
                for p in (a, b)
            }
            for name, _ in in_report_order(known)
        }

    # shown --------------------------------------------------------------------------------------------
    def _value(self, name: str, value: Value | None) -> str | list[str] | None:
        return masked_value(name, value, values=self._values)

    def _text(self, text: str | None) -> str | None:
        return text if self._values or text is None else masked(text)

    def _id(self, record_id: str) -> str:
        return record_id if self._values else masked_name(record_id)

    def _ref(self, ref: RecordRef) -> str:
        return f"{ref.provider}:{self._id(ref.record_id)}"

    def _source(self, source: str) -> str:
        record = source.removesuffix(LATER)
        provider, colon, record_id = record.partition(":")
        return provider + colon + self._id(record_id) + source.removeprefix(record)

    def _key(self, kind: str, value: str) -> str:
        return f"{kind} {self._text(value)}"


def _why_two(
    one: tuple[Person, Dossier],
    other: tuple[Person, Dossier],
    decided: list[Decision],
    suspicions: list[Suspicion],
) -> Iterator[str]:
    for decision in decided[:1]:
        yield f"{decision.by} decided on {decision.at:%Y-%m-%d}: {decision.verdict}."
    for suspicion in suspicions:
        yield f"Perhaps one ({suspicion.score:.0%}): {suspicion.reason}; a person is to decide."
    (a, left), (b, right) = one, other
    shared = _keys(left) & _keys(right)
    if not shared and _joining(_keys(left, former=True) & _keys(right, former=True), left):
        yield "They share no email and no profile that both still show."
    elif not shared:
        yield "They share no email and no profile that joins."
    elif not decided and not suspicions and _joining(shared, left):
        yield "They share a key with so many others in question that not every two of them are asked about."
    elif not decided and not suspicions:
        yield "They share a key that joins nobody: it stands at too many different people, or at a role."
    if names_agree(a.contact.full_name, b.contact.full_name).agree is False:
        yield "Their names disagree."


def _keys(dossier: Dossier, *, former: bool = False) -> set[tuple[str, str]]:
    """What the person's records show, with what they showed before where that is asked for."""
    return {key for sighting in dossier.sightings for key, shown in sighting.keys.items() if shown or former}


def _joining(keys: set[tuple[str, str]], dossier: Dossier) -> bool:
    """Whether one of the person's ``keys`` joins; a kept address may be a role by now."""
    return any(kind != "email" or email_key(value) is not None for kind, value in keys - dossier.generic)


def _paired(person: Person, dossier: Dossier) -> Iterable[tuple[Member, Sighting | None]]:
    seen: Mapping[RecordRef, Sighting] = {s.ref: s for s in dossier.sightings}
    return [(m, seen.get(m.record.ref)) for m in person.members]
