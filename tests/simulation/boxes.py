"""The three sandboxes, telling the witness whatever a request makes in them."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

from adapters.apollo.sandbox import ApolloSandbox
from adapters.apollo.sandbox_endpoints import Endpoints
from adapters.apollo.sandbox_gate import Gate
from adapters.apollo.sandbox_rows import Workspace
from adapters.apollo.sandbox_switches import Switches as ApolloSwitches
from adapters.datananas.sandbox import DatananasSandbox
from adapters.datananas.sandbox_rows import Rows
from adapters.datananas.sandbox_switches import Switches as DatananasSwitches
from adapters.toolkit.sandbox import Traffic
from adapters.topo.sandbox import TopoSandbox, _app
from adapters.topo.sandbox_rules import Switches as TopoSwitches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from starlette.types import ASGIApp

    Birth = Callable[[str, dict[str, Any]], None]

WORKING_ON: contextvars.ContextVar[str] = contextvars.ContextVar("working_on", default="")
"""Name of the request that a provider works on; empty while somebody else works there."""


class SeenTopo(TopoSandbox):
    """Tells ``born`` about every new contact."""

    born: Birth

    def add(self, **fields: Any) -> dict[str, Any]:
        row = super().add(**fields)
        self.born("topo", row)
        return row


class SeenWorkspace(Workspace):
    """Tells ``born`` about every new contact."""

    born: Birth

    def create(self, fields: Mapping[str, Any], labels: tuple[str, ...] = ()) -> dict[str, Any]:
        row = super().create(fields, labels)
        self.born("apollo", row)
        return row


class SeenRows(Rows):
    """Tells ``born`` about every new contact."""

    __slots__ = ("_born",)

    def __init__(self, switches: DatananasSwitches, now: Callable[[], datetime], born: Birth) -> None:
        super().__init__(switches, now)
        self._born = born

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        row = super().add(values)
        self._born("datananas", row)
        return row


def make_boxes(switches: Mapping[str, Mapping[str, Any]], born: Birth) -> dict[str, Any]:
    """The sandboxes by provider name, not served yet."""
    topo = SeenTopo(TopoSwitches(**switches.get("topo", {})), Traffic())
    topo.born = born
    apollo = ApolloSandbox(ApolloSwitches(**switches.get("apollo", {})))
    workspace = SeenWorkspace(apollo.switches)
    workspace.born = born
    apollo.workspace, apollo.gate, apollo.endpoints = workspace, Gate(workspace), Endpoints(workspace)
    datananas = DatananasSandbox(DatananasSwitches(**switches.get("datananas", {})))
    # the clock is put in later
    datananas._store = SeenRows(datananas.switches, lambda: datananas.now(), born)  # noqa: PLW0108
    return {"apollo": apollo, "datananas": datananas, "topo": topo}


def apps_of(boxes: Mapping[str, Any]) -> dict[str, ASGIApp]:
    """Each box's routes."""
    return {"apollo": boxes["apollo"].app(), "datananas": boxes["datananas"].app(), "topo": _app(boxes["topo"])}


def tell_address(box: Any, name: str, netloc: str) -> None:
    """The box knows where it is served."""
    if name == "datananas":
        box._netloc = netloc
    else:
        box.base_url = f"http://{netloc}" + (box.prefix if name == "apollo" else "/v1")
