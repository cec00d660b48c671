"""What a cycle logs about waits, batches that fail, and what is put off."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit.faults import Fault
from sync.logs import configure
from tests.engine.house import person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine.house import House


@pytest.fixture
def logged() -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """The events of one name, each with what it tells besides."""
    stream = io.StringIO()
    configure("json", "debug", stream=stream)
    ours = ("timestamp", "level", "logger", "run", "event")
    yield lambda event: [
        {key: value for key, value in line.items() if key not in ours}
        for line in map(json.loads, stream.getvalue().splitlines())
        if line["event"] == event
    ]
    configure()


async def test_a_wait_a_batch_that_fails_and_what_it_puts_off_are_told(
    home: House, logged: Callable[[str], list[dict[str, Any]]]
) -> None:
    home.actors["topo"].create(person())
    home.without("datananas")
    path = "/api/v1/contacts/bulk_create"
    for fault in ("1:status=429,retry-after=3", "2-9:status=429,retry-after=700"):
        home.apollo.traffic.faults.append(Fault.parse(f"POST {path}:{fault}"))
    await home.run()
    assert any(w["provider"] == "apollo" and w["seconds"] >= 3 for w in logged("waited"))
    (failed,) = logged("batch failed")
    assert failed == {
        "provider": "apollo", "kind": "create", "rows": 1, "why": "RateLimited", "retry_after_s": 700.0
    }  # fmt: skip
    (put_off,) = logged("put off")
    assert (put_off["provider"], put_off["reason"], put_off["count"]) == ("apollo", "rate-limited", 1)


async def test_a_run_without_logs_set_up_says_nothing(home: House, capsys: pytest.CaptureFixture[str]) -> None:
    await home.run()
    assert capsys.readouterr() == ("", "")
