"""The disk refuses in the middle of a run: the run ends there, and the next ones end as if it never had."""

from __future__ import annotations

import pytest

from tests.crash.disks import Trouble, endure, troubles
from tests.crash.nursery import quick_folder

EACH = 2
"""How many moments of each kind are tried here; ``./dev bench disk`` tries them all."""

_found: dict[str, list[Trouble]] = {}


@pytest.mark.parametrize(
    ("scene", "kind"),
    [
        *[("first-run", kind) for kind in ("full", "journal", "pages")],
        *[("edits", kind) for kind in ("full", "journal", "pages", "file")],
        *[("opt-outs-and-bulk", kind) for kind in ("full", "pages", "file")],
    ],
)
async def test_a_run_survives_a_disk_that_refuses(scene: str, kind: str) -> None:
    if scene not in _found:
        with quick_folder() as folder:
            _found[scene] = await troubles(scene, folder)
    own = [trouble for trouble in _found[scene] if trouble.kind == kind]
    for trouble in own[len(own) // EACH // 2 :: max(1, len(own) // EACH)]:
        with quick_folder() as folder:
            assert await endure(scene, trouble, folder), trouble
