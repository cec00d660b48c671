"""The lock is looked at before everything that is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from state.lock import run_lock_path
from sync.errors import LockHeld
from tests.engine.house import crowd

if TYPE_CHECKING:
    from tests.engine.house import House

BULK = "/contacts/bulk"


class Meddling(list[Any]):
    """A request log that takes the lock's file away when the second bulk request comes in."""

    def __init__(self, home: House, *, again: bool) -> None:
        super().__init__()
        self._lock = run_lock_path(home.folder / "state" / "state.db")
        self._again = again

    def append(self, received: Any) -> None:
        super().append(received)
        if sum(r.path == BULK for r in self) == 2:
            self._lock.unlink()
            if self._again:
                self._lock.touch()


@pytest.mark.parametrize("again", [False, True])
async def test_a_run_whose_lock_was_removed_or_replaced_sends_nothing_more(home: House, again: bool) -> None:
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    home.without("apollo")
    home.configure("datananas", batch_size=1)
    home.datananas.traffic.received = Meddling(home, again=again)
    with pytest.raises(LockHeld, match="replaced or removed"):
        await home.run()
    assert home.datananas.traffic.count("POST", BULK) == 2
