"""A network file system is no place for the state store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from state import local
from state.local import check_local
from sync.errors import StateError
from sync.wiring import load_settings, opened_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of mounts in which the folder ``far away`` is on another machine."""
    table = tmp_path / "mountinfo"
    away = str(tmp_path / "far away").replace(" ", "\\040")
    lines = [
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        f"40 22 0:44 / {away} rw,relatime shared:9 - nfs4 server:/export rw",
        f"41 40 8:2 / {away}/disk rw - xfs /dev/sdb1 rw",
        "garbage",
    ]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(local, "MOUNTS", table)
    return tmp_path


def test_a_folder_on_another_machine_is_refused_with_the_kind_of_its_file_system(mounts: Path) -> None:
    for place in ("far away", "far away/deeper/still"):
        with pytest.raises(StateError, match="nfs4"):
            check_local(mounts / place)


@pytest.mark.parametrize(
    "kind", ["9p", "drvfs", "virtiofs", "vboxsf", "davfs", "fuse.gcsfuse", "fuse.juicefs", "cifs"]
)
def test_what_another_machine_or_the_host_of_this_one_shares_is_refused(mounts: Path, kind: str) -> None:
    local.MOUNTS.write_text(local.MOUNTS.read_text().replace("nfs4", kind))
    with pytest.raises(StateError, match=kind):
        check_local(mounts / "far away")


def test_a_disk_of_this_machine_is_taken_also_below_a_network_folder(mounts: Path) -> None:
    for place in ("near", "far away too", "far away/disk/state"):
        check_local(mounts / place)


def test_where_nobody_tells_the_mounts_everything_is_taken(mounts: Path) -> None:
    (mounts / "mountinfo").unlink()
    check_local(mounts / "far away")


def test_no_run_begins_there_unless_somebody_answers_for_the_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"40 22 0:44 / {tmp_path} rw - cifs //server/share rw\n", encoding="utf-8")
    monkeypatch.setattr(local, "MOUNTS", table)
    config = tmp_path / "config.toml"
    provider = '[providers.topo]\nbase_url = "http://127.0.0.1:9"\n'
    config.write_text(provider, encoding="utf-8")
    with pytest.raises(StateError, match="cifs"), opened_store(load_settings(config, {})):
        pass
    assert not (tmp_path / ".contact-sync" / "state.db").exists()
    config.write_text(f"[state]\nnetwork_file_system = true\n{provider}", encoding="utf-8")
    with opened_store(load_settings(config, {})) as store:
        assert store.people_count() == 0
