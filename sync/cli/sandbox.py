"""``sandbox``: every provider's local server, in the foreground, until somebody says stop."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.spec import ProviderSpec

DEFAULT_OUT = ".sandbox/config.toml"


@click.command("sandbox")
@click.option("--port", "ports", multiple=True, metavar="NAME=N", help="Port of one server; otherwise a free one.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT",
              help="Disturb a server: 'PROVIDER METHOD PATH:ORDINAL:ACTION'; repeatable.")  # fmt: skip
@click.option("--switch", "switches", multiple=True, metavar="PROVIDER.NAME=VALUE",
              help="Answer an open question of an API otherwise; repeatable.")  # fmt: skip
@click.option("--list-switches", is_flag=True, help="List every switch with its default and meaning.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_OUT, show_default=True,
              metavar="PATH", help="Where the configuration that points at the servers is written.")  # fmt: skip
def command(
    ports: tuple[str, ...], faults: tuple[str, ...], switches: tuple[str, ...], list_switches: bool, out: Path
) -> int:
    """Serve the built-in provider servers on this machine, in the foreground, until Ctrl-C.

    A configuration that points at them is written, so that every command can be tried without any account.

    A fault is for example 'topo POST /v1/contact-entries:1:status=503'. The path may end in *, the ordinal
    counts matching requests from 1 (2-4 for several, * for all); actions are status=N, then-status=N,
    reset-before, reset-after, cut-body, stall=S, delay=S, garbage, empty, body=TEXT, redirect=URL.
    """
    from adapters.registry import providers
    from sync.cli import switches as told
    from sync.cli.alone import alone_with

    specs = providers()
    if list_switches:
        click.echo("\n".join(told.listed(specs)))
        return 0
    chosen = told.parsed(switches, specs)
    parsed_ports = _ports(ports, specs)
    parsed_faults = _faults(faults, specs)
    with alone_with(out):
        asyncio.run(_serve(specs, chosen, parsed_ports, parsed_faults, out))
    return 0


def _ports(texts: tuple[str, ...], specs: Mapping[str, ProviderSpec]) -> dict[str, int]:
    ports = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in specs or not number.isdecimal() or int(number) > 65535:
            raise click.BadParameter(
                f"{text!r} is not NAME=N with one of {', '.join(specs)} and a port", param_hint="--port"
            )
        ports[name] = int(number)
    return ports


def _faults(texts: tuple[str, ...], specs: Mapping[str, ProviderSpec]) -> list[tuple[str, Any]]:
    from adapters.toolkit.faults import Fault

    faults = []
    for text in texts:
        name, _, fault = text.partition(" ")
        if name not in specs:
            raise click.BadParameter(
                f"{text!r} does not begin with one of {', '.join(specs)}", param_hint="--fault"
            )
        try:
            faults.append((name, Fault.parse(fault)))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--fault") from error
    return faults


async def _serve(
    specs: Mapping[str, ProviderSpec],
    switches: Mapping[str, Mapping[str, Any]],
    ports: Mapping[str, int],
    faults: list[tuple[str, Any]],
    out: Path,
) -> None:
    """All servers answered until a signal came."""
    from sync.cli.pointing import write_config
    from sync.errors import ConfigError

    stopping = _stop_event()
    async with AsyncExitStack() as stack:
        boxes: dict[str, Any] = {}
        for name, spec in specs.items():
            try:
                box = spec.sandbox(port=ports.get(name, 0), **switches.get(name, {}))
                boxes[name] = await stack.enter_async_context(box)
            except OSError as error:
                raise ConfigError(f"--port {name}={ports.get(name, 0)}: {error.strerror}") from error
        for name, fault in faults:
            boxes[name].traffic.faults.append(fault)
        write_config(out, boxes)
        _introduce(boxes, faults, out)
        await stopping.wait()
    click.echo("\nStopped. Requests received: " + ", ".join(_received(n, b) for n, b in boxes.items()) + ".")


def _stop_event() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM."""
    import signal

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _introduce(boxes: Mapping[str, Any], faults: list[tuple[str, Any]], out: Path) -> None:
    for name, box in boxes.items():
        mine = [f for n, f in faults if n == name]
        click.echo(f"{name:<10}  {box.base_url}" + (f"  (faults set: {len(mine)})" if mine else ""))
    click.echo(f"\nThe configuration that points at them: {out}")
    click.echo("In another terminal:")
    click.echo(f"  contact-sync run --config {out}")
    click.echo("For this one and every command that a report names:")
    click.echo(f"  export CONTACT_SYNC_CONFIG={quote(str(out))}")
    click.echo("They begin empty. Ctrl-C stops the servers; they forget everything then.")


def _received(name: str, box: Any) -> str:
    return f"{name} {len(box.traffic.received)} ({box.writes} of them writes)"
