"""Datananas behind the provider's door: one upsert for creates and updates, followed to its end on the stream."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.datananas import exchange
from adapters.datananas.actor import DatananasActor
from adapters.datananas.client import Client
from adapters.datananas.following import Following, Verdict
from adapters.datananas.limits import capabilities
from adapters.datananas.mapping import create_row, update_row
from adapters.datananas.settings import CONFIRM, UNCONFIRMED, DatananasSettings
from adapters.datananas.stream import Listening, Patience, Stream
from adapters.spec import Opening, ProviderSpec
from adapters.toolkit.keys import record_name
from adapters.toolkit.oauth import FixedToken, jwt_expiry
from sync.change import PARTIAL_TOTALS, Batch, BatchResult, BulkTotals, Outcome
from sync.codes import StateReason
from sync.errors import ConfigError, OutcomeUnknown
from sync.identity import canonical_email, linkedin_key
from sync.ports import RequestCounts
from sync.record import Account, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from adapters.toolkit.http import Request
    from sync.capabilities import Capabilities
    from sync.change import Operation
    from sync.ports import OptOutList, Progress, Reader

MOST_HEARD = 200
"""Imports remembered for the next batch and the next run; a server tells no more of them again."""
LONGEST_UUID = 100

TWO_ENDINGS = "the stream told two different endings; the first one counts"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A rendered row that waits for its batch."""

    operation: Operation
    row: dict[str, Any]
    keys: set[str]


class Datananas:
    """A sink: contacts go out in bulk, and nothing can be read back."""

    name = exchange.PROVIDER
    reader: Reader | None = None
    opt_out_list: OptOutList | None = None

    def __init__(self, settings: DatananasSettings, opening: Opening) -> None:
        self._settings = settings
        self._capabilities = capabilities(settings)
        self._opening = opening
        self.requests = RequestCounts()
        self._client = Client(settings, opening, self.requests)
        self._one_bulk = asyncio.Lock()
        heard = opening.memory.get("imports")
        self._heard = [uuid for uuid in heard if isinstance(uuid, str)] if isinstance(heard, list) else []
        self._stream = Stream(
            url=settings.stream_url,
            auth=settings.stream_auth,
            credential=self._client.credential,
            clock=opening.clock,
            reconnect_wait_s=settings.reconnect_wait.total_seconds(),
            proxy=opening.proxy(settings.proxy),
        )

    @property
    def capabilities(self) -> Capabilities:
        """What it can do under the current settings."""
        return self._capabilities

    @property
    def memory(self) -> Mapping[str, object]:
        """When the bulk endpoint may be asked again, by its rate windows and its daily quota; imports heard of."""
        notes = dict(self._client.memory)
        return notes | {"imports": self._heard} if self._heard else notes

    async def open(self) -> Account:
        """The credentials are there; whether they are good shows at the first send.

        No harmless request is documented that could be tried. Raises ``ConfigError`` when the field names were
        never confirmed for a real account.
        """
        if not self._settings.write:
            return Account(account_id=None)  # nothing is ever sent, so nothing is needed
        if self._settings.unsettled():
            raise ConfigError(f"datananas: {UNCONFIRMED}", remedy=CONFIRM)
        return Account(account_id=None, problems=await self._problems())

    async def _problems(self) -> tuple[str, ...]:
        if self._settings.oauth2 is not None:
            self._opening.secret(self._settings.oauth2.client_secret)
            self._opening.secret(self._settings.oauth2.refresh_token)
        if not isinstance(self._client.credential, FixedToken):
            return ()
        ends_at = jwt_expiry(await self._client.credential.token())
        if ends_at is None or ends_at > self._opening.clock.now():
            return ()
        return (f"the token ended on {ends_at:%Y-%m-%d}; ask Datananas' support for another",)

    async def close(self) -> None:
        """Connections closed; safe to call twice."""
        await self._client.close()

    async def target(self) -> Target:
        """Nothing: no outreach is documented to start from a list."""
        return Target()

    def batches(self, operations: Sequence[Operation]) -> list[Batch]:
        """Rows of one kind and ``batch_size`` at most; no two of a batch share an email or a profile.

        Rows that may have been posted before go apart, because the query flags are the whole request's.
        """
        rows = [(operation, self._row(operation)) for operation in operations]
        waiting = [_Waiting(operation, row, _keys(operation)) for operation, row in rows if row is not None]
        batches: list[Batch] = []
        while waiting:
            taken, waiting = self._take(waiting)
            body = exchange.render_body([one.row for one in taken], self._settings)
            batches.append(_batch([one.operation for one in taken], body))
        return batches + [_batch([operation], None) for operation, row in rows if row is None]

    def _row(self, operation: Operation) -> dict[str, Any] | None:
        """``None`` for a row without email and profile: nothing could ever find it again."""
        if operation.kind == "create":
            row = create_row(operation.contact, self._settings)
        else:
            row = update_row(operation, self._settings)
        keys = (self._settings.wire_name("emails"), self._settings.wire_name("linkedin_url"))
        return row if any(row.get(key) for key in keys) else None

    def _take(self, waiting: list[_Waiting]) -> tuple[list[_Waiting], list[_Waiting]]:
        taken: list[_Waiting] = []
        left: list[_Waiting] = []
        used: set[str] = set()
        first = waiting[0].operation
        for one in waiting:
            other = one.operation.kind != first.kind or one.operation.repeats != first.repeats
            full = len(taken) == self._settings.batch_size or other
            (left if full or used & one.keys else taken).append(one)
            used |= one.keys  # also of those left: no later row of the same person overtakes them
        return taken, left

    async def send(self, batch: Batch, progress: Progress) -> BatchResult:
        """The batch posted and followed to its end; every outcome is the same, since the totals name no rows."""
        if not isinstance(batch.wire, bytes):
            return BatchResult(outcomes=tuple(_keyless(one) for one in batch.operations))
        if self._settings.stream_leaves:
            raise ConfigError(
                "datananas: base_url is on this machine and stream_url is not", remedy="point both to one server"
            )
        async with self._one_bulk:
            self._client.check_quota()
            request = exchange.bulk_request(batch.wire, self._settings, repeats=batch.operations[0].repeats)
            verdict = await self._followed(request, len(batch.operations), progress)
        if verdict.doubt:
            why = {
                "ambiguous": "several imports may be ours",
                "contradiction": "the totals do not fit what was sent",
            }[verdict.doubt]
            raise OutcomeUnknown(self.name, f"the end of the import is not certain: {why}")
        return self._result(batch, verdict)

    async def _followed(self, request: Request, size: int, progress: Progress) -> Verdict:
        def show(i: int, total: int | None) -> None:
            progress.advance("bulk", self.name, i, total)

        following = Following(size, self._settings.list.get("_id"), self._heard)
        try:
            async with Listening(self._stream, following, show, self._patience(size)) as listening:
                answer = await self._client.post(request, listening.posted)
                listening.answered(answer.uuid, answer.list_id)
                return await listening.verdict()
        finally:
            known = dict.fromkeys([*self._heard, *(u for u in following.heard if len(u) <= LONGEST_UUID)])
            self._heard = list(known)[-MOST_HEARD:]

    def _patience(self, size: int) -> Patience:
        stall_s = (self._settings.stall_timeout + size * self._settings.stall_per_contact).total_seconds()
        start_s = self._settings.start_timeout.total_seconds()
        return Patience(start_s=start_s, stall_s=stall_s, overall_s=4 * stall_s)

    def _result(self, batch: Batch, verdict: Verdict) -> BatchResult:
        size = len(batch.operations)
        whole = (verdict.created or 0) + (verdict.updated or 0) == size
        outcomes = tuple(
            Outcome(
                operation_id=one.id,
                state="acked" if whole else "unknown",
                record_id=one.record_id or record_name(one.contact, self._settings.match_key),
                reason=None if whole else PARTIAL_TOTALS,
                message=TWO_ENDINGS if verdict.contradicted else None,
            )
            for one in batch.operations
        )
        totals = BulkTotals(uuid=verdict.uuid, sent=size, created=verdict.created, updated=verdict.updated)
        return BatchResult(outcomes=outcomes, bulk=totals)


def _keys(operation: Operation) -> set[str]:
    """By what the server may take two rows for one."""
    contacts = [operation.contact] + ([operation.record.contact] if operation.record else [])
    keys = {canonical_email(email) for contact in contacts for email in contact.emails}
    keys |= {linkedin_key(contact.linkedin_url) for contact in contacts}
    return {key for key in keys if key}


def _batch(operations: Sequence[Operation], body: bytes | None) -> Batch:
    return Batch(
        provider=exchange.PROVIDER,
        kind=operations[0].kind,
        operations=tuple(operations),
        digest=hashlib.sha256(body or b"").hexdigest(),
        wire=body,
    )


def _keyless(operation: Operation) -> Outcome:
    return Outcome(
        operation_id=operation.id,
        state="refused",
        reason=StateReason.NO_KEY,
        message="the row has neither an email nor a profile, so it is not sent",
    )


@asynccontextmanager
async def _sandbox(**switches: Any) -> AsyncIterator[Any]:
    from adapters.datananas.sandbox import sandbox

    async with sandbox(**switches) as server:
        yield server


def import_names(settings: DatananasSettings) -> dict[str, str]:
    """Wire name → canonical field, for the headers of exports."""
    return {wire: name for name, wire in settings.field_map.items() if wire}


SPEC = ProviderSpec(
    name=exchange.PROVIDER,
    settings=DatananasSettings,
    open=Datananas,
    sandbox=_sandbox,
    actor=DatananasActor,
    import_names=import_names,
)
