"""What an export says of opt-outs: each is the no of whom its row names, by a key or by a record known here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sync.batches import batched
from sync.contact import Contact
from sync.optouts import record_key, wide_keys, wide_keys_of
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Collection

    from sync.engine.session import Seat, Session
    from sync.record import Export, OptOut, Record

_SOME = 1_000


@dataclass(frozen=True, slots=True)
class Noes:
    """``opt_outs``: with every key that is known of their records. ``anew``: ids of those whose records said no
    "no" when they were last read. ``nobodys``: rows whose no cannot be noted, as they show no key and name no
    record that has one here.
    """

    opt_outs: tuple[OptOut, ...]
    anew: frozenset[str]
    nobodys: frozenset[RecordRef]


def noes_of(session: Session, seat: Seat, export: Export) -> Noes:
    """The export's opt-outs as they go into the ledger, under ids that tell a released one from one said anew.

    None has an id where the provider itself can be read: what its records say is what it shows.
    """
    rows = [(RecordRef(seat.name, opt_out.source_id or ""), opt_out) for opt_out in export.opt_outs]
    known = _known(session, [ref for ref, _ in rows])
    contacts = _contacts(session, known)
    full = [(ref, _with_keys(opt_out, contacts.get(ref, Contact()))) for ref, opt_out in rows]
    lost = [ref for ref, no in full if not wide_keys(no.emails, no.linkedin_url)]
    readable = seat.provider.capabilities.readable
    # hashed, because the name of a record may be an address
    ids = {} if readable else {ref: session.store.keyed_hash(record_key(ref)) for ref, _ in rows}
    return Noes(
        opt_outs=tuple(replace(no, source_id=ids.get(ref)) for ref, no in full),
        anew=frozenset(ids[ref] for ref in ids.keys() & known.keys() if known[ref].opted_out is None),
        nobodys=frozenset(ref for ref in lost if not session.opt_outs.forgotten({record_key(ref)})),
    )


def _with_keys(opt_out: OptOut, known: Contact) -> OptOut:
    profile = opt_out.linkedin_url or known.linkedin_url or known.linkedin_id
    return replace(opt_out, emails=(*opt_out.emails, *known.emails), linkedin_url=profile)


def _known(session: Session, refs: list[RecordRef]) -> dict[RecordRef, Record]:
    """The records as they are known here, by what the rows call them."""
    named = session.store.named(refs)
    records = session.store.records(named.values())
    return {ref: records[name] for ref, name in named.items() if name in records}


def _contacts(session: Session, known: dict[RecordRef, Record]) -> dict[RecordRef, Contact]:
    """What the records showed last; of one that showed no key, what its person shows."""
    contacts = {ref: record.contact for ref, record in known.items()}
    keyless = {ref: record.ref for ref, record in known.items() if not wide_keys_of(record.contact)}
    owners = session.store.owners(keyless.values())
    people = {person.id: person.contact for person in session.store.people(owners.values())}
    return contacts | {ref: people[owners[name]] for ref, name in keyless.items() if owners.get(name) in people}


def said_before(session: Session, refs: Collection[RecordRef]) -> dict[RecordRef, str | None]:
    """Of each record the opt-out that it told when it was last read, ``None`` = none."""
    known = (session.store.records(some) for some in batched(refs, _SOME))
    return dict.fromkeys(refs) | {ref: record.opted_out for some in known for ref, record in some.items()}
