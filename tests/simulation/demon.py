"""A provider as the engine meets it: every request stops at gates, and some meet a fault."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from adapters.datananas.sandbox_listeners import Listeners
from adapters.toolkit.sandbox import SAFE_METHODS, _cut, _read, _received, _replay, _send, _transports
from tests.simulation import faults as wrong
from tests.simulation.boxes import WORKING_ON
from tests.simulation.witness import Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tests.simulation.scene import Scene

NEVER_S = 400.0
WRONG_TYPES = (b"[]", b"{}", b'"done"', b"null", b'{"items": {}, "contacts": 3}', b'{"created_contacts": [[]]}')
GIANT = "x" * (2 * 1024 * 1024)
ERROR = b'{"error": "sandbox fault"}'
JSON = {"content-type": "application/json"}


class Demon:
    """ASGI wrapper of one box."""

    def __init__(self, app: ASGIApp, provider: str, box: Any, scene: Scene) -> None:
        self._app = app
        self._provider = provider
        self._box = box
        self._scene = scene
        self._not_before: dict[str, tuple[float, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        self._box.traffic.received.append(_received(scope, body))
        path, query = self._path(scope), scope["query_string"].decode()
        name = self._scene.faults.name(self._provider, scope["method"], path, _calm(query))
        mutating = scope["method"] not in SAFE_METHODS and scope["path"] not in self._box.traffic.safe_posts
        self._check(name, path, query, body, mutating=mutating)
        self._scene.cue(name)
        WORKING_ON.set(name)
        await self._scene.loop.gate(f"{name} received")
        await self._answer(name, scope, body, send, mutating=mutating)

    def _path(self, scope: Scope) -> str:
        prefix = {"topo": "/v1", "apollo": getattr(self._box, "prefix", "")}.get(self._provider, "")
        return str(scope["path"]).removeprefix(prefix)

    # what every request must keep to ------------------------------------------------------------------
    def _check(self, name: str, path: str, query: str, body: bytes, *, mutating: bool) -> None:
        scene, at = self._scene, self._scene.loop.time()
        endpoint = self._endpoint(path)
        scene.witness.requests.append(
            Sent(
                name=name, provider=self._provider, endpoint=endpoint, mutating=mutating, at=at, cycle=scene.cycle
            )
        )
        scene.loop.note(f"> {name} {len(body)}")
        until, told_in = self._not_before.get(endpoint, (0.0, 0))
        if at < until and not scene.clock_moved and told_in not in scene.died_in:
            scene.witness.blame("V14", f"{name} {until - at:.0f} s before {endpoint} may be asked")
        if mutating:
            if scene.mode == "dry-run":
                scene.witness.blame("V12", f"a dry run sent {name}")
            digests = {_sha(body), _sha(f"{path} {tuple(parse_qsl(query))}\n".encode() + body)}
            if not scene.intends(self._provider, digests, body):
                scene.witness.blame("V7", f"{name} has no durable intent of that digest")
            rows = _rows(body)
            scene.check_opt_outs(name, self._provider, rows)
            for edit in scene.witness.overwritten(self._provider, rows, scene.planned_at):
                scene.witness.blame("V1", f"{name} replaces {edit.value}, which the look before it showed")
            for key in scene.witness.nobodys(self._provider, rows):
                scene.witness.blame("V2", f"{name} names {key}, which is nobody's key")
            for edit, value in scene.witness.put_back(self._provider, rows, scene.cycle, scene.died_in):
                scene.witness.blame("V1", f"{name} puts {value} back over {edit.value}, typed after it")

    def _endpoint(self, path: str) -> str:
        if self._provider != "apollo":
            return self._provider
        tail = path.rsplit("/", 1)[-1]
        known = {"search", "bulk_create", "bulk_update", "update_stages", "labels", "contact_stages"}
        return tail if tail in known else "contact"

    # answering ----------------------------------------------------------------------------------------
    async def _answer(self, name: str, scope: Scope, body: bytes, send: Send, *, mutating: bool) -> None:
        scene = self._scene
        kind = scene.aimed(name) or scene.faults.draw(name, mutating=mutating)
        random = scene.faults.random(name + "!")
        if kind is not None:
            scene.witness.struck.append((name, kind))
            scene.loop.note(f"! {kind}")
        self._note_unread(name, kind)
        if kind == "late":
            await asyncio.sleep(wrong.late_s(random, wide=scene.faults.wide))
        if kind == "never":
            await asyncio.sleep(NEVER_S)
        if kind in {"reset-before", "never"}:
            _cut(scope)
        elif kind is not None and kind.partition("=")[0] in {"401", "403", "429", "500", "502", "503"}:
            await self._refuse(kind, name, scope, send)
        else:
            await self._work(kind, name, scope, body, send, mutating=mutating)

    def _note_unread(self, name: str, kind: str | None) -> None:
        """A fault that no reader tries to get over hides the list of those who said no.

        A refusal that came too late to be heard is followed by another request, whose answer counts.
        """
        if "/contact-exclusions" in name and "sort_order=asc" in name:
            self._scene.unread_noes.discard(self._scene.cycle)
            if kind == "403":
                self._scene.unread_noes.add(self._scene.cycle)

    async def _refuse(self, kind: str, name: str, scope: Scope, send: Send) -> None:
        status, wish = int(kind[:3]), kind.partition("=")[2]
        headers, endpoint, wait_s = dict(JSON), "", 0.0
        if status == 429:
            random, scene = self._scene.faults.random(name + "?"), self._scene
            text, wait_s = wrong.wait_header(random, scene.clock.true_now(), wish)
            if text is not None:
                headers["retry-after"] = text
            endpoint = self._endpoint(name.split(" ")[2].partition("?")[0])
        await self._scene.loop.gate(f"{name} reply")
        if status == 429 and _is_heard(scope) and self._scene.mode == "run":
            # a second of grace: the wait begins when the engine reads the answer; a dry run keeps nothing
            self._not_before[endpoint] = (self._scene.loop.time() + wait_s - 1.0, self._scene.cycle)
        await _send(send, status, headers, ERROR)

    async def _work(
        self, kind: str | None, name: str, scope: Scope, body: bytes, send: Send, *, mutating: bool
    ) -> None:
        messages: list[Message] = []
        if kind == "partly":
            body = wrong.part_of(body)
        await self._apply(scope, body, messages)
        if kind == "twice":
            self._scene.twice = True
            await self._apply(scope, body, [])
            self._scene.twice = False
        self._scene.cue(name, applied=True)
        await self._scene.loop.gate(f"{name} applied")
        if kind == "stall":
            await asyncio.sleep(NEVER_S)
        if kind in {"reset-after", "late", "stall"} or (kind == "partly"):
            _cut(scope)
            return
        await self._scene.loop.gate(f"{name} reply")
        await self._send(kind, name, scope, messages, send, mutating=mutating)

    async def _apply(self, scope: Scope, body: bytes, messages: list[Message]) -> None:
        async def keep(message: Message) -> None:
            messages.append(message)

        scope = dict(scope) | {"headers": [h for h in scope["headers"] if h[0] != b"content-length"]}
        await self._app(scope, _replay(body), keep)

    async def _send(
        self, kind: str | None, name: str, scope: Scope, messages: list[Message], send: Send, *, mutating: bool
    ) -> None:
        whole = b"".join(m.get("body", b"") for m in messages)
        random = self._scene.faults.random(name + "~")
        if kind in wrong.LYING:
            whole = wrong.lied(kind, whole, random)
            await _send(send, messages[0]["status"], JSON, whole)
        elif kind == "garbage":
            await _send(send, 200, {"content-type": "text/html"}, b"<html>sign in to this network</html>")
            return
        elif kind == "empty":
            await _send(send, 200, {}, b"")
            return
        elif kind == "wrong-type":
            await _send(send, 200, JSON, random.choice(WRONG_TYPES))
            return
        elif kind in {"500-done", "502-done", "503-done"}:
            await _send(send, int(kind[:3]), JSON, ERROR)
            return
        elif kind == "cut":
            await self._cut_short(scope, messages, whole, send)
            return
        else:
            for message in messages:
                await send(message)
        if not mutating and messages[0]["status"] == 200 and self._scene.mode == "run" and _is_heard(scope):
            self._see(name, whole)

    async def _cut_short(self, scope: Scope, messages: list[Message], whole: bytes, send: Send) -> None:
        await send(messages[0])
        await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
        await asyncio.sleep(0.02)
        _cut(scope)

    def _see(self, name: str, whole: bytes) -> None:
        """Rows were read, or one by its id; a page of a single row was asked for a total or an account."""
        if "size=1" in name.partition("?")[2].split(" ")[0].split("&"):
            return
        try:
            told = json.loads(whole)
        except ValueError:
            return
        if not isinstance(told, dict):
            return
        paging = told.get("pagination")
        if isinstance(paging, dict) and paging.get("per_page") == 1:
            return
        single = told.get("contact") or (told if "first_name" in told else None)
        rows = told.get("items") or told.get("contacts") or [single]
        if isinstance(rows, list):
            good = [row for row in rows if isinstance(row, dict) and "email" in row]
            self._scene.witness.see(self._provider, good, self._scene.loop.time(), self._scene.cycle)


class Murmurs(Listeners):
    """The stream's listeners, with a gate before each message and faults on some."""

    __slots__ = ("_count", "_muted", "_scene")

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene
        self._count = 0
        self._muted = 0

    async def tell(self, message: str | bytes) -> None:
        self._count += 1
        name = f"datananas stream #{self._count}"
        await self._scene.loop.gate(name)
        kind = self._scene.faults.draw_message(name)
        if kind is not None:
            self._scene.witness.struck.append((name, f"ws-{kind}"))
            self._scene.loop.note(f"! ws-{kind}")
        if kind == "silent":
            self._muted = 12
        if self._muted > 0 and self._scene.faults.on:
            self._muted -= 1
            return
        await self._tell(kind, message)

    async def _tell(self, kind: str | None, message: str | bytes) -> None:
        if kind == "close":
            await self.hang_up(1011)
            await asyncio.sleep(1.5)
        elif kind == "delay":
            await asyncio.sleep(20.0)
        elif kind == "corrupt":
            await super().tell(b"\xff\xfe{" if isinstance(message, bytes) else message[: len(message) // 2])
            return
        elif kind == "giant":
            await super().tell(GIANT)
            return
        elif kind == "foreign":
            await super().tell(_foreign(message))
        if kind == "drop":
            return
        await super().tell(message)
        if kind == "dup":
            await super().tell(message)


def _rows(body: bytes) -> list[dict[str, Any]]:
    """What a write sends of people."""
    try:
        told = json.loads(body)
    except ValueError:
        return []
    found = (
        [told.get(name) for name in ("items", "contacts", "contact_attributes")] if isinstance(told, dict) else []
    )
    return [row for rows in found if isinstance(rows, list) for row in rows]


def _is_heard(scope: Scope) -> bool:
    """Whether the client still waits for the answer."""
    return tuple(scope["client"]) in _transports


def _foreign(message: str | bytes) -> str | bytes:
    """The same message about somebody else's import."""
    return message.replace(b'"u-', b'"x-') if isinstance(message, bytes) else message.replace('"u-', '"x-')


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _calm(query: str) -> str:
    """The query as a name: times left out, because they shift with every fault."""
    kept = [(k, v if not k.endswith(("_after", "_before")) else "…") for k, v in parse_qsl(query)]
    return "&".join(f"{k}={v}" for k, v in kept)


def wraps(boxes: Mapping[str, Any], apps: Mapping[str, ASGIApp], scene: Scene) -> dict[str, ASGIApp]:
    """Every app behind its demon."""
    return {name: Demon(apps[name], name, boxes[name], scene) for name in apps}
