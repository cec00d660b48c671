"""Operations turned into requests, sent, and their outcomes told: entries, variables, exclusions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from adapters.toolkit import strict_json
from adapters.topo import entries, exchange, mapping, optouts, wire
from adapters.topo.keys import profile_of
from adapters.topo.limits import MAX_ENTRIES, VARIABLE_SLOTS
from adapters.topo.shapes import PROVIDER
from sync.change import Batch, BatchResult, Outcome
from sync.codes import StateReason
from sync.errors import MappingError, Missing, OutcomeUnknown, Rejected, Transient, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from adapters.topo.client import Client
    from adapters.topo.entries import Entry
    from adapters.topo.optouts import TopoOptOuts
    from adapters.topo.reading import TopoReader
    from adapters.topo.settings import TopoSettings
    from sync.change import Operation
    from sync.record import OptOut


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWire:
    """``entries`` go out as ``body``; ``keyless`` ones do not, because they would be refused."""

    body: bytes
    entries: tuple[Entry, ...]
    keyless: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesWire:
    """A PATCH of one contact's variables; ``names`` are the slots that it needs."""

    body: bytes
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionWire:
    """The exclusions of one opt-out: the primary email with the profile, then one for each further email."""

    parts: tuple[tuple[bytes, OptOut], ...]


Wire = EntryWire | VariablesWire | ExclusionWire


class Writer:
    """The writing half."""

    def __init__(self, client: Client, settings: TopoSettings, reader: TopoReader, opt_outs: TopoOptOuts) -> None:
        self._client = client
        self._settings = settings
        self._reader = reader
        self._opt_outs = opt_outs

    def batches(self, operations: Sequence[Operation]) -> list[Batch]:
        """The operations in requests, order kept. The same operations give the same digests."""
        found: list[Batch] = []
        for kind, group in groupby(operations, key=lambda operation: operation.kind):
            if kind in {"create", "update"}:
                found += self._entry_batches(group)
            elif kind == "variables":
                found += [self._variables_batch(operation) for operation in group]
            elif kind == "exclude":
                found += [_exclusion_batch(operation) for operation in group]
            else:
                raise ValueError(f"Topo has no operation of kind {kind}")
        return found

    async def send(self, batch: Batch) -> BatchResult:
        """The batch sent; exactly one outcome an operation, or the error that is the fate of all."""
        try:
            return BatchResult(outcomes=await self._send(batch))
        except Missing as error:
            raise Rejected(
                PROVIDER, error.message, status=404, code="NotFoundIssue", request_id=error.request_id
            ) from error
        except MappingError as error:
            raise OutcomeUnknown(PROVIDER, error.message) from error
        except Transient as error:  # only looks before a write end so, and every send begins with its look
            raise Unreachable(PROVIDER, error.message, request_id=error.request_id) from error

    async def _send(self, batch: Batch) -> tuple[Outcome, ...]:
        if isinstance(batch.wire, EntryWire):
            return await self._send_entries(batch, batch.wire)
        (operation,) = batch.operations
        if isinstance(batch.wire, VariablesWire):
            return (await self._send_variables(operation, batch.wire),)
        assert isinstance(batch.wire, ExclusionWire)  # noqa: S101  # made by ``batches``, nobody else looks in
        return (await self._send_exclusions(operation, batch.wire),)

    def _entry_batches(self, operations: Iterable[Operation]) -> Iterator[Batch]:
        every = [entries.to_entry(operation) for operation in operations]
        for part in entries.cut(every, MAX_ENTRIES):
            sent = tuple(entry for entry in part if entry.keys)
            body = entries.render(sent, self._settings.contact_list_id)
            keyless = tuple(entry for entry in part if not entry.keys)
            yield _batch([e.operation for e in part], body, EntryWire(body=body, entries=sent, keyless=keyless))

    async def _send_entries(self, batch: Batch, told: EntryWire) -> tuple[Outcome, ...]:
        refused = [
            Outcome(operation_id=entry.operation.id, state="refused", reason=StateReason.NO_KEY)
            for entry in told.keyless
        ]
        found = list(await self._post(told)) if told.entries else []
        by_id = {outcome.operation_id: outcome for outcome in (*found, *refused)}
        return tuple(by_id[operation.id] for operation in batch.operations)

    async def _post(self, told: EntryWire) -> tuple[Outcome, ...]:
        """A conflict about one entry is looked into like a lost answer: the person may be there already.

        Source: https://docs.topo.io/api-reference/errors-rate-limits (409: a concurrent change, or uniqueness).
        """
        try:
            answer = await self._client.call(exchange.post_entries(told.body))
        except Rejected as error:
            if error.status != 409 or len(told.entries) > 1:
                raise
            only = told.entries[0].operation
            return (
                Outcome(
                    operation_id=only.id, state="unknown", reason=StateReason.OUTCOME_UNKNOWN, message=str(error)
                ),
            )
        items = wire.parse_entry_items(answer, tuple(self._settings.entry_status_fields))
        return entries.outcomes(told.entries, items)

    def _variables_batch(self, operation: Operation) -> Batch:
        values = mapping.to_variables(operation.fields, self._settings.variables)
        body = strict_json.dumps({"contact_variables": values})
        return _batch([operation], body, VariablesWire(body=body, names=frozenset(values)))

    async def _send_variables(self, operation: Operation, told: VariablesWire) -> Outcome:
        """Counts the slots first: a variable that is null still takes one, and lists show none of them."""
        record_id = operation.record_id or ""
        try:
            if not await self._fits(record_id, told.names):
                message = f"the contact's {VARIABLE_SLOTS} variables are all in use"
                return Outcome(
                    operation_id=operation.id, state="refused", reason=StateReason.REJECTED, message=message
                )
            answer = await self._client.call(exchange.patch_variables(record_id, told.body))
        except Missing:
            return Outcome(operation_id=operation.id, state="refused", reason=StateReason.STALE_REMOTE)
        except Rejected as error:
            if error.status == 409:  # changed by somebody else at the same moment: read, plan again
                return Outcome(operation_id=operation.id, state="refused", reason=StateReason.STALE_REMOTE)
            raise
        variables = wire.parse_variables(answer)
        self._reader.slots[record_id] = variables.slots
        echo = mapping.variables_echo(record_id, variables, self._settings.variables)
        return Outcome(operation_id=operation.id, state="acked", record_id=record_id, record=echo)

    async def _fits(self, record_id: str, names: frozenset[str]) -> bool:
        slots = self._reader.slots.get(record_id)
        if slots is None:
            slots = wire.parse_variables(await self._client.call(exchange.get_variables(record_id))).slots
            self._reader.slots[record_id] = slots
        return names <= slots or len(slots | names) <= VARIABLE_SLOTS

    async def _send_exclusions(self, operation: Operation, told: ExclusionWire) -> Outcome:
        rows = [await self._opt_outs.exclude(body, wanted) for body, wanted in told.parts]
        if not rows:
            return Outcome(operation_id=operation.id, state="refused", reason=StateReason.NO_KEY)
        return Outcome(
            operation_id=operation.id,
            state="acked",
            entry_id=rows[0][0].id,
            existing=all(existed for _, existed in rows),
        )


def _batch(operations: Sequence[Operation], body: bytes, told: Wire) -> Batch:
    return Batch(
        provider=PROVIDER,
        kind=operations[0].kind,
        operations=tuple(operations),
        digest=hashlib.sha256(body).hexdigest(),
        wire=told,
    )


def _exclusion_batch(operation: Operation) -> Batch:
    parts = tuple(
        (
            strict_json.dumps(optouts.to_body(part, part.emails[0] if part.emails else None, part.linkedin_url)),
            part,
        )
        for part in _parts(operation)
    )
    return _batch([operation], b"\n".join(body for body, _ in parts), ExclusionWire(parts=parts))


def _parts(operation: Operation) -> list[OptOut]:
    """One opt-out an exclusion: Topo's hold one email each."""
    wanted = operation.opt_out
    if wanted is None:
        raise ValueError("an exclusion needs its opt-out")
    emails = tuple(dict.fromkeys(wanted.emails or operation.contact.emails))
    profile = wanted.linkedin_url or (None if wanted.emails else profile_of(operation.contact))
    if not emails:
        return [replace(wanted, emails=(), linkedin_url=profile)] if profile else []
    first = replace(wanted, emails=emails[:1], linkedin_url=profile)
    return [first, *(replace(wanted, emails=(email,), linkedin_url=None) for email in emails[1:])]
