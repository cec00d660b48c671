"""Apollo as a provider: what it can do, its preflight, and its two halves."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from adapters.apollo import contacts, exchange, wire
from adapters.apollo.actor import ApolloActor
from adapters.apollo.client import Client
from adapters.apollo.limits import capabilities
from adapters.apollo.mapping import import_names
from adapters.apollo.reader import ApolloReader
from adapters.apollo.settings import LABEL, UNLABELLED, ApolloSettings
from adapters.apollo.spend import ESTIMATE_MICROS
from adapters.apollo.writer import ApolloWriter
from adapters.spec import ProviderSpec
from sync.change import BatchResult
from sync.errors import ConfigError, ProviderError, Rejected
from sync.record import Account, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from adapters.apollo.sandbox import ApolloSandbox
    from adapters.spec import Opening
    from sync.capabilities import Capabilities
    from sync.change import Batch, Operation
    from sync.ports import Progress, RequestCounts

READ_ONLY = (
    "Apollo through AISA is read only: its one workspace is shared with strangers, who would see everything "
    "written there (accept_shared_workspace = false)"
)
SHARED = "Apollo through AISA: everything written there can be seen and edited by strangers"


class Apollo:
    """One Apollo workspace, directly or through AISA."""

    name = wire.PROVIDER
    opt_out_list = None

    def __init__(self, settings: ApolloSettings, opening: Opening) -> None:
        if settings.shared and not settings.labels:
            raise ConfigError(f"providers.apollo.labels: {UNLABELLED}", remedy=LABEL)
        self._settings = settings
        self._capabilities = capabilities(settings)
        self._client = Client(settings, opening)
        self._reader = ApolloReader(self._client, settings, opening.clock)
        self._writer = ApolloWriter(self._client, self._reader, settings, opening.clock)
        self._labels = _remembered_labels(opening.memory.get("labels"), settings)
        self._last_problems = opening.memory.get("problems")
        self._reader.label_ids = frozenset(self._labels.values())

    @property
    def capabilities(self) -> Capabilities:
        """See ``sync.ports.Provider``."""
        return self._capabilities

    @property
    def reader(self) -> ApolloReader:
        """See ``sync.ports.Provider``."""
        return self._reader

    @property
    def requests(self) -> RequestCounts:
        """See ``sync.ports.Provider``."""
        return self._client.requests

    @property
    def memory(self) -> Mapping[str, object]:
        """Rate windows, AISA's spend of the day, ids of our labels, and problems to tell at the next opening."""
        return self._client.memory() | {"labels": self._labels, "problems": list(self._reader.problems)}

    async def open(self) -> Account:
        """One cheap documented read proves key and scope; through AISA the ids of our labels are looked up too.

        No endpoint tells the workspace: its id is the ``team_id`` that rows carry, ``None`` while none is seen.
        Source: https://docs.apollo.io/reference/search-for-contacts
        """
        try:
            if self._settings.shared:
                await self._find_labels()
            request = exchange.search(per_page=1, labels=sorted(self._reader.label_ids))
            answer, _ = await self._client.ask(request, contacts.parse_search)
        except Rejected as error:
            if error.status != 404:
                raise
            raise ConfigError(
                "providers.apollo.base_url: there is no Apollo at this address",
                remedy="use https://api.apollo.io/api/v1 or https://api.aisa.one/apis/v1/apollo",
            ) from error
        self._reader.remember(answer)
        team = next((row.text("team_id") for row in answer.rows), None)
        return Account(account_id=self._settings.account_id or team, problems=self._problems())

    async def close(self) -> None:
        """See ``sync.ports.Provider``."""
        await self._client.close()

    async def target(self) -> Target:
        """A contact created here sets nothing off: sequences are never joined by a create."""
        return Target()

    def batches(self, operations: Sequence[Operation]) -> list[Batch]:
        """See ``sync.ports.Provider``."""
        return self._writer.batches(operations)

    async def send(self, batch: Batch, progress: Progress) -> BatchResult:  # noqa: ARG002  # one request, no stages
        """See ``sync.ports.Provider``."""
        outcomes = await self._writer.send(batch)
        if self._settings.shared and batch.kind == "create" and not self._reader.label_ids:
            # the create made our label; without its id the read-back would see nothing
            with suppress(ProviderError):
                await self._find_labels()
        return BatchResult(outcomes=outcomes)

    async def _find_labels(self) -> None:
        """An id found once goes on counting: strangers may rename the label, its id stays."""
        found, _ = await self._client.ask(exchange.labels(), wire.parse_labels)
        wanted = set(self._settings.labels)
        self._labels |= {row.name: row.id for row in found if row.name in wanted and row.modality == "contacts"}
        self._reader.label_ids = frozenset(self._labels.values())

    def _problems(self) -> tuple[str, ...]:
        problems = [str(p) for p in self._last_problems] if isinstance(self._last_problems, list) else []
        if self._settings.shared:
            problems.append(SHARED if self._settings.writable else READ_ONLY)
            if self._settings.max_price_usd * 1e6 < ESTIMATE_MICROS:
                problems.append(f"max_price_usd is below the price of one call ({ESTIMATE_MICROS / 1e6} USD)")
        return tuple(problems)


def _remembered_labels(memory: object, settings: ApolloSettings) -> dict[str, str]:
    notes = memory if isinstance(memory, dict) else {}
    return {name: str(notes[name]) for name in settings.labels if settings.shared and notes.get(name)}


def _sandbox(**switches: Any) -> AbstractAsyncContextManager[ApolloSandbox]:
    """The local server; its web parts are loaded only when it is served."""
    from adapters.apollo.sandbox import sandbox

    return sandbox(**switches)


SPEC = ProviderSpec(
    name=wire.PROVIDER,
    settings=ApolloSettings,
    open=Apollo,
    sandbox=_sandbox,
    actor=ApolloActor,
    import_names=import_names,
)
