"""The daemon's side port: ``/healthz``, ``/readyz`` and ``/metrics``.

It is served from a thread of its own, so that it answers while a long cycle computes. Nothing that it tells
is about a person.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sync.clock import utc
from sync.daemon import open_items
from sync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from sync.daemon import CycleEnd, Pulse
    from sync.ports import Clock
    from sync.report.model import Report

STARTED_WITHIN_S = 5.0


class Metrics:
    """What the cycles of this process did with the ``providers``, for Prometheus; a registry of its own."""

    def __init__(self, providers: Iterable[str]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # as the library has it
        self.registry = CollectorRegistry()
        own = self.registry
        self._cycles = Counter(
            "contact_sync_cycles", "Cycles that ended, by exit code.", ["exit_code"], registry=own
        )
        self._at = Gauge("contact_sync_last_cycle_timestamp_seconds", "When the last cycle ended.", registry=own)
        self._took = Gauge(
            "contact_sync_last_cycle_duration_seconds", "How long the last cycle took.", registry=own
        )
        labels = ["provider", "kind", "state"]
        self._operations = Counter(
            "contact_sync_operations", "Operations, by the state they ended in.", labels, registry=own
        )
        self._requests = Counter(
            "contact_sync_requests", "HTTP requests sent.", ["provider", "kind"], registry=own
        )
        self._up = Gauge(
            "contact_sync_provider_up", "1 if the last cycle could work with it.", ["provider"], registry=own
        )
        self._open = Gauge(
            "contact_sync_open_items", "What waits for a person or a later cycle.", ["kind"], registry=own
        )
        self._providers = sorted(providers)
        self._people = Gauge("contact_sync_people", "Distinct people with at least one record.", registry=own)

    def observe(self, end: CycleEnd) -> None:
        """The cycle is counted."""
        self._cycles.labels(str(end.exit_code)).inc()
        self._at.set(end.finished_at.timestamp())
        self._took.set(end.took_s)
        if end.report is None:  # it broke off, or could not begin: it worked with nobody
            for name in self._providers:
                self._up.labels(name).set(0)
        else:
            self._observe_report(end.report)

    def _observe_report(self, report: Report) -> None:
        for operation in report.operations:
            self._operations.labels(operation.provider, operation.kind, operation.state).inc()
        for name, provider in report.providers.items():
            self._requests.labels(name, "read").inc(provider.read_requests)
            self._requests.labels(name, "write").inc(provider.write_requests)
            self._up.labels(name).set(provider.status in {"ok", "partial", "off"})
        for kind, amount in open_items(report).items():
            self._open.labels(kind).set(amount)
        self._people.set(report.people.total)

    def text(self) -> bytes:
        """All metrics as Prometheus reads them."""
        return generate_latest(self.registry)


class SidePort:
    """The port, bound as soon as it is made and served from ``start`` to ``stop``.

    Raises ``ConfigError`` when ``address`` cannot be listened on.
    """

    def __init__(self, address: tuple[str, int], pulse: Pulse, metrics: Metrics, clock: Clock) -> None:
        self._pulse = pulse
        self._metrics = metrics
        self._clock = clock
        self._listener = _bound(address)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app(), lifespan="off", ws="none", log_config=None, access_log=False, server_header=False,
                timeout_graceful_shutdown=1, timeout_keep_alive=5, limit_concurrency=50,
            )
        )  # fmt: skip
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    @property
    def address(self) -> str:
        """``host:port`` as it is really bound."""
        host, port = self._listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def start(self) -> None:
        """Requests are answered from now on."""
        self._thread.start()

    def stop(self) -> None:
        """The port is free."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STARTED_WITHIN_S)
        self._listener.close()

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", self._health),
                Route("/readyz", self._ready),
                Route("/metrics", self._told_metrics),
            ]
        )

    async def _health(self, _request: Request) -> Response:
        """503 when the last cycle broke off or could not begin, or nothing has moved for too long."""
        return self._answer(self._trouble())

    async def _ready(self, _request: Request) -> Response:
        """503 also before the end of the first cycle and while stopping."""
        waiting = "no cycle has ended yet" if self._pulse.last is None else ""
        return self._answer(self._trouble() or ("stopping" if self._pulse.stopping else waiting))

    async def _told_metrics(self, _request: Request) -> Response:
        return Response(self._metrics.text(), media_type=CONTENT_TYPE_LATEST)

    def _trouble(self) -> str:
        if self._pulse.overdue(self._clock.monotonic()):
            return "overdue"
        return "the last cycle broke off or could not begin" if self._pulse.broken() else ""

    def _answer(self, trouble: str) -> Response:
        last = self._pulse.last
        told = {
            "status": trouble or "ok",
            "cycles": self._pulse.cycles,
            "working": self._pulse.working,
            "last_exit_code": None if last is None else last.exit_code,
            "last_finished_at": utc(last.finished_at) if last else None,
        }
        return JSONResponse(told, status_code=503 if trouble else 200, headers={"cache-control": "no-store"})


def _bound(address: tuple[str, int]) -> socket.socket:
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=50)
    except OSError as error:
        raise ConfigError(
            f"[daemon] listen: {host}:{port} cannot be listened on ({error.strerror or error})",
            remedy='choose another port there, or write listen = "" to do without health and metrics',
        ) from error
