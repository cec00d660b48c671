"""A run that is stopped puts off what it has not sent, at once and with the reason."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from state.store import SqliteStore
from tests.engine.house import crowd

if TYPE_CHECKING:
    import pytest

    from tests.engine.house import House


async def test_what_is_not_sent_any_more_is_put_off_in_one_commit_for_each_provider(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    save = SqliteStore.save_settled

    def counted(store: SqliteStore, settled: Any, **given: Any) -> None:
        kept.append(len(settled))
        save(store, settled, **given)

    monkeypatch.setattr(SqliteStore, "save_settled", counted)
    home.without("apollo")
    for contact in crowd(40):
        home.actors["topo"].create(contact)
    stopping = asyncio.Event()
    stopping.set()
    report = await home.run(stopping=stopping)
    assert {(o.state, o.reason) for o in report.operations} == {("deferred", "out-of-time")}
    assert [n for n in kept if n] == [len(report.operations)] == [40]
    assert home.writes == 0
