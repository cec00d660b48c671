"""Writing to Apollo: operations rendered into requests, and each answer told apart into outcomes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from adapters.apollo import contacts, exchange, wire
from adapters.apollo.echo import AMBIGUOUS, Echo, carries, correlate, same_person
from adapters.apollo.limits import MAX_ROWS
from adapters.apollo.mapping import PATCH_ONLY, to_create, to_patch, to_record, to_update
from sync.change import Batch, Outcome
from sync.codes import StateReason
from sync.errors import Missing, ProviderError, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from adapters.apollo.client import Client
    from adapters.apollo.contacts import ContactRow
    from adapters.apollo.reader import ApolloReader
    from adapters.apollo.settings import ApolloSettings
    from adapters.toolkit.http import Request
    from sync.change import Operation
    from sync.ports import Clock

TOUCHED = timedelta(seconds=60)
"""A foreign row touched this shortly before the call may have been given our label by the call itself."""


class ApolloWriter:
    """The writing half, for one run."""

    def __init__(self, client: Client, reader: ApolloReader, settings: ApolloSettings, clock: Clock) -> None:
        self._client = client
        self._reader = reader
        self._settings = settings
        self._clock = clock

    # -- rendering

    def batches(self, operations: Sequence[Operation]) -> list[Batch]:
        """See ``sync.ports.Provider.batches``."""
        groups: list[list[Operation]] = []
        for operation in operations:
            way = self._way(operation)
            room = MAX_ROWS if way != "patch" else 1
            if groups and self._way(groups[-1][0]) == way and len(groups[-1]) < room:
                groups[-1].append(operation)
            else:
                groups.append([operation])
        return [self._batch(tuple(group)) for group in groups]

    def _way(self, operation: Operation) -> str:
        """``create``, ``update``, ``patch`` or ``stage``."""
        if operation.kind not in {"create", "update", "stage"}:
            raise ValueError(f"{wire.PROVIDER} has no operation {operation.kind}")
        alone = self._settings.update_by == "patch" or not PATCH_ONLY.keys().isdisjoint(operation.fields)
        return "patch" if operation.kind == "update" and alone else operation.kind

    def _batch(self, operations: tuple[Operation, ...]) -> Batch:
        request = self._request(operations)
        return Batch(
            provider=wire.PROVIDER,
            kind=operations[0].kind,
            operations=operations,
            way=self._way(operations[0]),
            digest=digest_of(request),
            wire=request,
        )

    def _request(self, operations: Sequence[Operation]) -> Request:
        way = self._way(operations[0])
        if way == "create":
            rows = [to_create(o.contact, o.person_id, self._settings) for o in operations]
            as_text = self._settings.contacts_as_text
            return exchange.bulk_create(rows, label_names=self._settings.labels, as_text=as_text)
        if way == "update":
            return exchange.bulk_update([{"id": _id(o)} | to_update(o, self._settings) for o in operations])
        if way == "patch":
            return exchange.patch(_id(operations[0]), to_patch(operations[0], self._settings))
        return exchange.update_stages([_id(o) for o in operations], self._settings.opt_out_stage_id)

    # -- sending

    async def send(self, batch: Batch) -> tuple[Outcome, ...]:
        """One outcome an operation. Raises what ``sync.ports.Provider.send`` says."""
        if not self._settings.writable:
            raise Rejected(
                wire.PROVIDER, "nothing is written to a workspace shared with strangers", code="read-only"
            )
        way = self._way(batch.operations[0])
        if way == "create":
            return await self._create(batch)
        if way == "update":
            return await self._update(batch)
        return await self._by_id(batch, _one if way == "patch" else _many)

    async def _ask(self, request: Request, operations: Sequence[Operation], parse: Any) -> Any:
        """The same create has the same key in every run; an update may rightly say the same again later."""
        first = operations[0]
        digest = digest_of(request) + ("" if first.kind == "create" else f":{first.run_id or ''}")
        return await self._client.ask(self._client.keyed(request, digest), parse)

    async def _create(self, batch: Batch) -> tuple[Outcome, ...]:
        sent_at = self._clock.now()
        echoes, request_id = await self._ask(_request_of(batch), batch.operations, _created)
        found = correlate(batch.operations, echoes, self._settings)
        return tuple(
            [await self._created(o, found[o.id], sent_at, request_id) for o in batch.operations],
        )

    async def _created(
        self, operation: Operation, match: Echo | str | None, sent_at: datetime, request_id: str | None
    ) -> Outcome:
        if not isinstance(match, Echo):
            reason = StateReason.AMBIGUOUS_ECHO if match == AMBIGUOUS else StateReason.BATCH_INCONSISTENT
            return _unknown(operation, reason, request_id)
        row = match.row
        if match.existing:
            try:
                doubt = await self._doubt(operation, row, sent_at)
            except ProviderError:  # the batch is written; waiting to be sent would be the wrong word for it
                return _unknown(operation, StateReason.OUTCOME_UNKNOWN, request_id)
            if doubt:
                refused = _refused(operation, doubt, f"matched contact {row.id}", request_id)
                return replace(refused, record_id=row.id) if doubt == StateReason.MATCH_DOUBTFUL else refused
        return self._acked(operation, row, request_id, existing=match.existing)

    async def _doubt(self, operation: Operation, row: ContactRow, sent_at: datetime) -> str | None:
        """Why a row that was there before is not linked; ``None`` when it may be."""
        field = self._settings.external_id_field
        marked = bool(field) and row.custom.get(field) == operation.person_id
        if self._settings.shared and not marked and not await self._is_ours(row, sent_at):
            return StateReason.FOREIGN_ROW
        return None if same_person(operation.contact, row, marked=marked) else StateReason.MATCH_DOUBTFUL

    async def _is_ours(self, row: ContactRow, sent_at: datetime) -> bool:
        """Whether a row in the shared workspace had our label before this call.

        AISA's answer may leave the labels out; one read then shows them. It is not documented whether
        ``append_label_names`` also reaches matches (2026-11), so a label on a row that was just touched proves
        nothing.
        """
        if "label_ids" not in row.present:
            try:
                row = await self._reader.fetch_row(row.id)
            except (Missing, Rejected):
                return False
        untouched = row.updated_at is not None and row.updated_at < sent_at - TOUCHED
        return untouched and carries(row, self._reader.label_ids)

    async def _update(self, batch: Batch) -> tuple[Outcome, ...]:
        """A row that is named as bad is refused and the others are sent again.

        Whether a refused call has changed the other rows is not documented; sending absolute values twice is
        safe either way. Source: https://docs.apollo.io/reference/bulk-update-contacts
        """
        outcomes: dict[str, Outcome] = {}
        left = list(batch.operations)
        request = _request_of(batch)
        while left:
            try:
                rows, request_id = await self._ask(request, left, _many)
            except ProviderError as error:
                bad = {o.id for o in left if isinstance(error, Rejected) and o.record_id == error.record_id}
                if not bad and not outcomes:
                    raise
                for operation in left:
                    if operation.id in bad:
                        outcomes[operation.id] = _refused(
                            operation, StateReason.REJECTED, error.message, error.request_id
                        )
                    elif not bad:
                        outcomes[operation.id] = _unknown(operation, StateReason.OUTCOME_UNKNOWN, error.request_id)
                left = [o for o in left if o.id not in outcomes]
                if left:
                    request = self._request(left)
                continue
            outcomes |= self._by_row(left, rows, request_id)
            left = []
        return tuple(outcomes[operation.id] for operation in batch.operations)

    async def _by_id(self, batch: Batch, parse: Any) -> tuple[Outcome, ...]:
        """``PATCH`` and stage moves: nothing is sent a second time."""
        rows, request_id = await self._ask(_request_of(batch), batch.operations, parse)
        outcomes = self._by_row(batch.operations, rows, request_id)
        return tuple(outcomes[operation.id] for operation in batch.operations)

    def _by_row(
        self, operations: Sequence[Operation], rows: Sequence[ContactRow], request_id: str | None
    ) -> dict[str, Outcome]:
        shown = {row.id: row for row in rows}
        outcomes = {}
        for operation in operations:
            row = shown.get(_id(operation))
            moved = row is not None and row.text("contact_stage_id") in {None, self._settings.opt_out_stage_id}
            if row is None or (operation.kind == "stage" and not moved):
                outcomes[operation.id] = _unknown(operation, StateReason.BATCH_INCONSISTENT, request_id)
            else:
                outcomes[operation.id] = self._acked(operation, row, request_id)
        return outcomes

    def _acked(
        self, operation: Operation, row: ContactRow, request_id: str | None, *, existing: bool = False
    ) -> Outcome:
        message = f"custom_field_errors: {', '.join(row.custom_errors)}" if row.custom_errors else None
        return Outcome(
            operation_id=operation.id,
            state="acked",
            record_id=row.id,
            record=to_record(row, self._settings),
            existing=existing,
            message=message,
            request_id=request_id,
        )


def digest_of(request: Request) -> str:
    """SHA-256 of the body; of address and body where the address says what is written."""
    address = "" if not request.params and request.method == "POST" else f"{request.path} {request.params}\n"
    return hashlib.sha256(address.encode() + (request.body or b"")).hexdigest()


def _id(operation: Operation) -> str:
    if operation.record_id is None:
        raise ValueError(f"operation {operation.id} names no record")
    return operation.record_id


def _request_of(batch: Batch) -> Request:
    request: Any = batch.wire
    return request  # type: ignore[no-any-return]  # made by ``_batch``; nobody else looks into it


def _created(value: Any) -> list[Echo]:
    """The rows of both arrays; one that breaks the documented shape leaves its operation unknown, not all."""
    answer = wire.mapping(value, "$")
    echoes = []
    for name, existing in (("created_contacts", False), ("existing_contacts", True)):
        rows, _ = contacts.parse_contacts(wire.sequence(answer.get(name), f"$.{name}", null=True), f"$.{name}")
        echoes += [Echo(row=row, existing=existing) for row in rows]
    return echoes


def _many(value: Any) -> list[ContactRow]:
    """The rows of ``contacts``; a job instead of rows says nothing about what was done.

    Source: https://docs.apollo.io/reference/bulk-update-contacts (``entity_progress_job``, no way to poll it)
    """
    rows = wire.sequence(wire.mapping(value, "$").get("contacts"), "$.contacts")
    return contacts.parse_contacts(rows, "$.contacts")[0]


def _one(value: Any) -> list[ContactRow]:
    return [contacts.parse_contact(wire.mapping(value, "$").get("contact"), "$.contact")]


def _unknown(operation: Operation, reason: str, request_id: str | None) -> Outcome:
    return Outcome(operation_id=operation.id, state="unknown", reason=reason, request_id=request_id)


def _refused(operation: Operation, reason: str, message: str, request_id: str | None) -> Outcome:
    return Outcome(
        operation_id=operation.id, state="refused", reason=reason, message=message, request_id=request_id
    )
