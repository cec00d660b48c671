"""The sandboxes are served as asked, and a configuration points at them."""

from __future__ import annotations

import signal
import socket
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import PATIENCE_S, started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Program

READY = "Ctrl-C stops the servers"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_they_serve_until_a_signal_and_a_run_works_on_them(program: Program, tmp_path: Path, number: int) -> None:
    with started(tmp_path, "sandbox") as sandboxes:
        sandboxes.until(READY)
        config = tmp_path / ".sandbox" / "config.toml"
        assert "contact-sync run --config .sandbox/config.toml" in sandboxes.output
        assert program("run", "--config", config).code == 0
        assert (tmp_path / ".sandbox" / "served" / "state" / "state.db").exists()
        assert sandboxes.end(number) == 0
        assert "Stopped. Requests received: apollo " in sandboxes.output


def test_the_files_are_private_and_hold_no_secret_but_the_tokens(tmp_path: Path) -> None:
    with started(tmp_path, "sandbox") as sandboxes:
        sandboxes.until(READY)
    folder = tmp_path / ".sandbox"
    assert folder.stat().st_mode & 0o777 == 0o700
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert len(files) > 3
    assert {p.stat().st_mode & 0o777 for p in files} == {0o600}
    text = (folder / "config.toml").read_text()
    assert not [p for p in files if p.parent.name == "served" and p.read_text().strip() in text]
    assert "env:" not in text


def test_a_new_start_forgets_the_former_one(tmp_path: Path) -> None:
    old = tmp_path / ".sandbox" / "served" / "state" / "state.db"
    old.parent.mkdir(parents=True)
    old.touch()
    with started(tmp_path, "sandbox") as sandboxes:
        sandboxes.until(READY)
        assert not old.exists()


def test_a_file_of_yours_is_not_overwritten(program: Program, tmp_path: Path) -> None:
    own = tmp_path / "config.toml"
    own.write_text("[sync]\n")
    told = program("sandbox", "--out", own)
    assert told.code == 2
    assert "is a file of yours" in told.err
    assert own.read_text() == "[sync]\n"


def test_a_folder_of_yours_is_not_removed(tmp_path: Path) -> None:
    own = tmp_path / "served" / "page.html"
    own.parent.mkdir()
    own.write_text("mine")
    with started(tmp_path, "sandbox", "--out", "config.toml") as sandboxes:
        sandboxes.until("name a file in another folder")
        assert sandboxes.process.wait(PATIENCE_S) == 2
    assert f"{own.parent.name} is a folder of yours" in sandboxes.log
    assert own.read_text() == "mine"


def test_ports_switches_and_faults_are_taken(program: Program, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--port", f"topo={port}", "--switch", "topo.scopes=contacts:read,exclusions:read",
                 "--switch", "topo.default_sequence=seq-1",
                 "--fault", "apollo POST /api/v1/contacts/search:1:status=401"]  # fmt: skip
    with started(tmp_path, "sandbox", *arguments) as sandboxes:
        sandboxes.until(READY)
        config = tmp_path / ".sandbox" / "config.toml"
        table = tomllib.loads(config.read_text())["providers"]["topo"]
        assert table["base_url"] == f"http://127.0.0.1:{port}/v1"
        assert "(faults set: 1)" in sandboxes.output
        told = program("doctor", "--config", config)
    assert told.code == 8
    assert "scopes: contacts:read, exclusions:read" in told.out
    assert "FAIL  apollo" in told.out


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(tmp_path, "sandbox", "--port", f"topo={port}") as sandboxes:
            sandboxes.until(f"--port topo={port}: ")
            assert sandboxes.process.wait(60) == 2


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--port", "hubspot=1"], "apollo, datananas, topo"),
        (["--port", "topo=99999"], "is not NAME=N"),
        (["--fault", "hubspot GET /x:1:status=500"], "apollo, datananas, topo"),
        (["--fault", "topo GET /x"], "is not METHOD PATH:ORDINAL:ACTION"),
        (["--fault", "topo GET /x:1:explode"], "known: "),
        (["--switch", "topo.atomc=true"], "it has entry_match, atomic"),
        (["--switch", "atomic=true"], "is not PROVIDER.NAME=VALUE"),
        (["--switch", "topo.atomic"], "is not PROVIDER.NAME=VALUE"),
        (["--switch", "topo.atomic=perhaps"], "true | false"),
        (["--switch", "topo.timestamp_grain=h"], "s | ms | us"),
        (["--switch", "apollo.search_cap=many"], "whole number"),
        (["--switch", "datananas.silently_refuse=x"], "has no switch"),
    ],
)
def test_wrong_arguments_are_told_with_what_is_known(program: Program, arguments: list[str], hint: str) -> None:
    told = program("sandbox", *arguments)
    assert told.code == 2
    assert hint in told.err


def test_every_switch_is_listed_with_default_and_meaning(program: Program) -> None:
    told = program("sandbox", "--list-switches")
    assert told.code == 0
    lines = told.out.splitlines()
    assert "topo.timestamp_grain=us  (s | ms | us)" in lines
    assert "datananas.field_names={}  (Mapping[str, str])" in lines
    assert lines[lines.index("topo.atomic=false  (true | false)") + 1] == "    one bad item refuses the request"
    assert sum(not line.startswith(" ") for line in lines) > 90


def test_values_are_parsed_to_the_type_of_the_switch() -> None:
    from adapters.registry import providers
    from sync.cli.switches import parsed

    texts = [
        "topo.atomic=true", "topo.index_lag_s=0.5", 'topo.enriched={"phone": null}', "topo.scopes=a,b",
        "apollo.windows=1,2,3", "apollo.windows=[1,null,3]", "apollo.wallet_micros=none", "apollo.past_cap=422",
        "topo.status_field=", "datananas.quota=connect", "datananas.running_base=0",
    ]  # fmt: skip
    assert parsed(texts, providers()) == {
        "topo": {
            "atomic": True,
            "index_lag_s": 0.5,
            "enriched": {"phone": None},
            "scopes": ("a", "b"),
            "status_field": "",
        },
        "apollo": {"windows": (1, None, 3), "wallet_micros": None, "past_cap": "422"},
        "datananas": {"quota": "connect", "running_base": 0},
    }


@pytest.mark.parametrize("second", [("sandbox",), ("run", "--sandbox")])
def test_no_second_one_takes_the_configuration_away(tmp_path: Path, second: tuple[str, ...]) -> None:
    with started(tmp_path, "sandbox") as sandboxes:
        sandboxes.until(READY)
        config = tmp_path / ".sandbox" / "config.toml"
        before = config.read_text()
        with started(tmp_path, *second) as other:
            other.until("already uses")
            assert other.process.wait(PATIENCE_S) == 7
        assert config.read_text() == before
        assert sandboxes.end() == 0
