"""The disturbances a sandbox can be told to make, over real connections."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from adapters.toolkit.faults import Fault
from adapters.toolkit.sandbox import Traffic, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


class Box:
    """A server that counts what it did."""

    def __init__(self, base_url: str, traffic: Traffic, done: list[str]) -> None:
        self.base_url = base_url
        self.traffic = traffic
        self.done = done

    async def ask(
        self, method: str = "POST", path: str = "/things", content: bytes | None = None
    ) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.request(method, self.base_url + path, content=content)


@asynccontextmanager
async def running(*faults: str) -> AsyncIterator[Box]:
    done: list[str] = []

    async def act(request: Request) -> JSONResponse:
        done.append(request.method)
        return JSONResponse({"done": len(done), "padding": "x" * 200})

    app = Starlette(routes=[Route("/{rest:path}", act, methods=["GET", "POST", "PATCH"])])
    traffic = Traffic(safe_posts=frozenset({"/search"}), faults=[Fault.parse(text) for text in faults])
    async with served(app, traffic) as address:
        yield Box(f"http://{address}", traffic, done)


@pytest.mark.parametrize(
    ("action", "status", "text", "acted"),
    [
        ("status=503", 503, '{"error":"sandbox fault"}', 0),
        ('status=422,body={"a":1,"b":"body=2"}', 422, '{"a":1,"b":"body=2"}', 0),
        ("status=422,body=", 422, "", 0),
        ("then-status=500", 500, '{"error":"x"}', 1),
        ("garbage", 200, "<html><body>sign in to this network</body></html>", 1),
        ("empty", 200, "", 1),
        ("body=[1,2", 200, "[1,2", 1),
        ("body=two\nlines, garbage", 200, "two\nlines, garbage", 1),
    ],
)  # fmt: skip
async def test_an_answer_is_put_in_the_place_of_the_real_one(
    action: str, status: int, text: str, acted: int
) -> None:
    async with running(f"POST /things:1:{action}") as box:
        answer = await box.ask()
        assert (answer.status_code, answer.text, len(box.done)) == (status, text, acted)
        assert (await box.ask()).json()["done"] == acted + 1


async def test_a_refusal_may_tell_when_to_come_back() -> None:
    async with running("POST /things:*:status=429,retry-after=1.5") as box:
        assert (await box.ask()).headers["retry-after"] == "1.5"


async def test_a_redirect_names_its_place_and_does_nothing() -> None:
    async with running("GET *:1:redirect=http://127.0.0.1:1/?body=1") as box:
        answer = await box.ask("GET")
        assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:1/?body=1")
        assert box.done == []


@pytest.mark.parametrize(("action", "acted"), [("reset-before", 0), ("reset-after", 1), ("cut-body", 1)])
async def test_a_cut_connection_gives_no_answer(action: str, acted: int) -> None:
    async with running(f"POST /things:1:{action}") as box:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await box.ask()
        assert (len(box.done), len(box.traffic.received)) == (acted, 1)
        assert (await box.ask()).status_code == 200


@pytest.mark.parametrize("action", ["stall=0.03", "delay=.03"])
async def test_silence_comes_before_the_answer(action: str) -> None:
    async with running(f"POST /things:1:{action}") as box:
        started = time.perf_counter()
        assert (await box.ask()).status_code == 200
        assert time.perf_counter() - started >= 0.03


async def test_ordinals_count_the_fitting_requests_only() -> None:
    async with running("POST /things/*:2-3:status=503", "* /other:1:status=404") as box:
        asked = [("POST", "/things/1"), ("GET", "/things/1"), ("POST", "/things"), ("POST", "/things/2"),
                 ("POST", "/things/3"), ("POST", "/things/4"), ("PATCH", "/other"), ("GET", "/other")]  # fmt: skip
        statuses = [(await box.ask(method, path)).status_code for method, path in asked]
        assert statuses == [200, 200, 200, 503, 503, 200, 404, 200]


async def test_the_log_tells_reads_from_writes_and_keeps_bodies() -> None:
    async with running() as box:
        await box.ask("GET", "/things?a=1&a=2&b=")
        await box.ask("POST", "/search", b'{"q":1}')
        await box.ask("POST", "/things", b"\xff")
        await box.ask("PATCH", "/things", b"[" * 100_000)
        assert box.traffic.writes == 2
        assert (box.traffic.count("POST", "/things"), box.traffic.count("GET", "/things")) == (1, 1)
        bodies = [request.body for request in box.traffic.received]
        assert (bodies[:3], bodies[3][:3]) == ([None, {"q": 1}, "\ufffd"], "[[[")
        assert box.traffic.received[0].query == {"a": "2", "b": ""}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not METHOD"), ("GET", "is not METHOD"), ("get /a:1:empty", "is not METHOD"),
        ("G*T /a:1:empty", "is not METHOD"), ("GET /a:x:empty", "is not METHOD"), ("GET /a:1", "is not METHOD"),
        ("GET /a:1:", "is not METHOD"), ("GET /a:0:empty", "count from 1"), ("GET /a:3-2:empty", "count from 1"),
        ("GET /a:1:explode", "unknown fault action 'explode'; known: body, "), ("GET /a:1:,", "no action"),
        ("GET /a:1:retry-after=3", "no action"), ("GET /a:1:status", "status cannot be ''"),
        ("GET /a:1:status=abc", "status cannot be"), ("GET /a:1:status=99", "status cannot be"),
        ("GET /a:1:then-status=1000", "then-status cannot be"), ("GET /a:1:stall=-1", "stall cannot be"),
        ("GET /a:1:delay=nan", "delay cannot be"), ("GET /a:1:reset-after=2", "reset-after cannot be"),
        ("GET /a:1:redirect", "redirect cannot be"),
    ],
)  # fmt: skip
def test_a_fault_that_could_never_strike_is_refused_at_once(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Fault.parse(text)


def test_a_fault_is_read_as_it_is_written() -> None:
    fault = Fault.parse("POST /contacts/bulk:2-4:status=429,retry-after=7,body=a,status=500")
    assert (fault.method, fault.path, fault.first, fault.last) == ("POST", "/contacts/bulk", 2, 4)
    assert fault.actions == {"status": "429", "retry-after": "7", "body": "a,status=500"}
    assert (Fault.parse("* /a:*:empty").last, Fault.parse("* /a:5:empty").last) == (None, 5)
