"""What an export says of opt-outs: each is the no of whom its row names, by a key or by a record known here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sync.contact import Contact
from sync.optouts import record_key, wide_keys, wide_keys_of
from sync.record import RecordRef

if TYPE_CHECKING:
    from sync.engine.session import Seat, Session
    from sync.record import Export, OptOut


@dataclass(frozen=True, slots=True)
class Noes:
    """``opt_outs``: with every key that is known of their records. ``nobodys``: rows whose no cannot be noted,
    as they show no key and name no record that has one here.
    """

    opt_outs: tuple[OptOut, ...]
    nobodys: frozenset[RecordRef]


def noes_of(session: Session, seat: Seat, export: Export) -> Noes:
    """The export's opt-outs as they go into the ledger."""
    rows = [(RecordRef(seat.name, opt_out.source_id or ""), opt_out) for opt_out in export.opt_outs]
    known = _known_contacts(session, [ref for ref, _ in rows])
    full = [(ref, _with_keys(opt_out, known.get(ref, Contact()))) for ref, opt_out in rows]
    lost = [ref for ref, no in full if not wide_keys(no.emails, no.linkedin_url)]
    return Noes(
        opt_outs=tuple(replace(no, source_id=None) for _, no in full),
        nobodys=frozenset(ref for ref in lost if not session.opt_outs.forgotten({record_key(ref)})),
    )


def _with_keys(opt_out: OptOut, known: Contact) -> OptOut:
    profile = opt_out.linkedin_url or known.linkedin_url or known.linkedin_id
    return replace(opt_out, emails=(*opt_out.emails, *known.emails), linkedin_url=profile)


def _known_contacts(session: Session, refs: list[RecordRef]) -> dict[RecordRef, Contact]:
    """What the records showed last; of one that showed no key, what its person shows."""
    named = session.store.named(refs)
    records = session.store.records(named.values())
    keyless = [ref for ref, record in records.items() if not wide_keys_of(record.contact)]
    owners = session.store.owners(keyless)
    people = {person.id: person.contact for person in session.store.people(owners.values())}
    contacts = {ref: record.contact for ref, record in records.items()}
    contacts |= {ref: people[owner] for ref, owner in owners.items() if owner in people}
    return {ref: contacts[name] for ref, name in named.items() if name in contacts}
