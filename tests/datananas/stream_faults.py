"""What can go wrong with the stream, as faults that can be put together: eighteen of them, by name."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from adapters.datananas.sandbox import DatananasSandbox

NOISE = (
    "{", b"\xff\xfe\x00", "[" * 2000, '"\ud800"'.encode("utf-8", "surrogatepass"), "{}", '{"type":"unheard"}',
    '{"type":"contact_bulk_create_running","data":{"uuid":7,"i":"x","total":[]}}',
)  # fmt: skip
GIANT = ("x" * (2 << 20), *['{"type":"other"}'] * 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFault:
    """``switches`` of the server, ``settings`` of ours, ``request``: what happens to the first POST.

    ``dead``: the connection goes dead once it is open. ``dies``: our process dies while the import is worked on.
    ``opens``: false when the stream cannot be opened at all.
    """

    what: str
    switches: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    request: str = ""
    dead: bool = False
    dies: bool = False
    opens: bool = True


FAULTS: dict[str, StreamFault] = {
    "S1": StreamFault(what="the stream cannot be opened", switches={"socket_status": 503}, opens=False),
    "S2": StreamFault(what="the import's start is never told", switches={"starting": "never"}),
    "S3": StreamFault(what="the end comes before the answer", switches={"ending": "before"}),
    "S4": StreamFault(what="the end is lost", switches={"ending": "never"}),
    "S5": StreamFault(what="nothing moves any more", switches={"ending": "never", "drop_running": True}),
    "S6": StreamFault(what="the connection is half open", dead=True),
    "S7": StreamFault(what="somebody else imports as much into our list", switches={"foreign": 3}),
    "S8": StreamFault(
        what="duplicates, gaps, disorder, other totals",
        switches={"duplicate": True, "shuffle": True, "running_base": 0, "running_every": 2, "total_off": 4},
    ),
    "S9": StreamFault(what="a second end with other totals", switches={"second_ending": True}),
    "S10": StreamFault(
        what="a row is left out without a word",
        switches={"silently_refuse": lambda row: str(row.get("email")).startswith("p1@")},
    ),
    "S11": StreamFault(what="totals that cannot be", switches={"bad_totals": "negative"}),
    "S12": StreamFault(what="noise", switches={"noise": NOISE}),
    "S13": StreamFault(what="a giant and a flood", switches={"noise": GIANT}),
    "S14": StreamFault(what="the server goes away", switches={"close_at": 2, "close_code": 1012}),
    "S15": StreamFault(what="the token ends on the stream", switches={"close_at": 2, "close_code": 4401}),
    "S16": StreamFault(what="we die before the end", dies=True),
    "S17": StreamFault(
        what="the quota is met after the start",
        switches={"quota": "connect", "quota_left": 1, "quota_when": "after_starting", "written_part": True},
    ),
    "S18": StreamFault(what="the answer is slow", request="POST /contacts/bulk:1:stall=0.1"),
}


def together(*faults: StreamFault) -> StreamFault:
    """All of them at once; where two want one switch, the later one has it."""
    return StreamFault(
        what=" and ".join(f.what for f in faults),
        switches={name: value for f in faults for name, value in f.switches.items()},
        settings={name: value for f in faults for name, value in f.settings.items()},
        request=next((f.request for f in faults if f.request), ""),
        dead=any(f.dead for f in faults),
        dies=any(f.dies for f in faults),
        opens=all(f.opens for f in faults),
    )


async def _carry(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while (told := await source.read(65536)) and b"contact_bulk_create" not in told:
            to.write(told)
        await asyncio.Event().wait()  # the line stays open and carries nothing


@asynccontextmanager
async def through_a_dying_line(box: DatananasSandbox) -> AsyncIterator[str]:
    """An address through which the stream opens; from the first event on nothing comes through any more."""
    host = urlsplit(str(box.settings["stream_url"]))
    cables: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host.hostname, host.port)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_carry(reader, back))
                ways.create_task(_carry(there, writer))
        finally:
            back.transport.abort()
            writer.transport.abort()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(carry(reader, writer))
        cables.add(task)
        task.add_done_callback(cables.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in cables:
            task.cancel()
        await asyncio.gather(*cables, return_exceptions=True)
