"""The doctor checks everything, changes nothing, and names the remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from state.lock import RunLock, run_lock_path
from sync.cli.checks import failed, tell
from sync.errors import MappingError, QuotaExhausted, RateLimited, Transient, Unreachable
from tests.cli.conftest import pointed_at, started

if TYPE_CHECKING:
    from pathlib import Path

    from sync.errors import ProviderError
    from tests.cli.conftest import Done, Program


def _doctor(program: Program, config: Path, *more: str) -> Done:
    return program("doctor", "--config", config, *more)


def _lines(told: Done, level: str) -> list[str]:
    return [line for line in told.out.splitlines() if line.startswith(level)]


def test_all_is_well_with_the_sandboxes(program: Program, config: Path) -> None:
    told = _doctor(program, config)
    assert told.code == 0, told.out
    assert _lines(told, "FAIL") == []
    for text in (
        f"{config}: valid; providers: apollo, datananas, topo",
        "found: file:",
        "topo                  answers for account ",
        "scopes: contact_lists:read",
        "topo target           a create there sets nothing else off",
        "topo clock            agrees with ours",
        "edits made there may be overwritten (accept_blind_overwrite = true)",
    ):
        assert text in told.out
    assert not (config.parent / ".contact-sync").exists()


def test_it_works_beside_a_run(program: Program, config: Path) -> None:
    with RunLock(run_lock_path(config.parent / ".contact-sync" / "state.db")):
        assert "lock                  held by pid " in _doctor(program, config).out


def test_it_sends_no_mutating_request(program: Program, tmp_path: Path) -> None:
    with started(tmp_path, "sandbox", "--out", "own/config.toml") as sandboxes:
        sandboxes.until("Ctrl-C stops")
        assert _doctor(program, tmp_path / "own" / "config.toml").code == 0
        assert sandboxes.end() == 0
        counts = re.findall(r"(\d+) \((\d+) of them writes\)", sandboxes.output)
    assert [writes for _, writes in counts] == ["0", "0", "0"]
    assert all(int(received) for received, _ in counts)


def test_a_missing_secret_is_named_and_never_shown(program: Program, config: Path) -> None:
    config.write_text(re.sub(r'"file:[^"]*TOPO_SANDBOX_API_KEY"', '"env:NO_SUCH_API_KEY"', config.read_text()))
    told = _doctor(program, config)
    assert told.code == 2
    assert "the environment variable NO_SUCH_API_KEY is not set" in told.out
    assert "-> Set it: export NO_SUCH_API_KEY=..." in told.out


def test_a_proxy_that_is_not_there_is_named_and_never_shown(
    program: Program, config: Path, tmp_path: Path
) -> None:
    """Nothing leaves this machine: the name is one for the proxy to look up, and none listens."""
    (tmp_path / "proxy").write_text("http://ops:canary-4711@127.0.0.1:1")
    (tmp_path / "proxy").chmod(0o600)
    proxied = f'\\1base_url = "https://topo.invalid/v1"\nproxy = "file:{tmp_path / "proxy"}"'
    config.write_text(re.sub(r'(?s)(\[providers\.topo\].*?)base_url = "[^"]*"', proxied, config.read_text()))
    told = _doctor(program, config, "--provider", "topo")
    assert told.code == 11
    assert "cannot be reached at topo.invalid (Connection refused)" in told.out
    assert "-> check providers.topo.base_url and providers.topo.proxy, and the network" in told.out
    assert "canary-4711" not in told.out + told.err


def test_a_proxy_without_a_url_is_a_problem_of_the_file(program: Program, config: Path) -> None:
    config.write_text(
        config.read_text().replace("[providers.topo]", '[providers.topo]\nproxy = "env:NO_PROXY_URL"')
    )
    told = program("run", "--config", config)
    assert told.code == 2
    assert "the environment variable NO_PROXY_URL is not set" in told.err


@pytest.mark.parametrize(
    ("error", "what_to_do"),
    [
        (Transient("topo", "GET /me answered 500"), "check providers.topo.base_url"),
        (MappingError("topo", "me", "an object", "array"), "check providers.topo.base_url"),
        (RateLimited("topo", "GET /me answered 429", retry_after_s=90.0), "look again in 90 s"),
        (Unreachable("topo", "refused", remedy="check the network"), "check the network"),
    ],
)
def test_whatever_a_provider_answers_there_is_something_to_do(error: ProviderError, what_to_do: str) -> None:
    assert what_to_do in str(failed("topo", error).remedy)


@pytest.mark.parametrize("error", [RateLimited("topo", "slow down"), QuotaExhausted("topo", "used up")])
def test_a_limit_that_is_met_ends_with_9_as_in_a_run(error: ProviderError) -> None:
    assert tell([failed("topo", error), failed("apollo", Unreachable("apollo", "refused"))]) == 9


def test_refused_credentials_end_with_8(program: Program, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRONG_KEY", "canary-of-a-wrong-key")
    config.write_text(re.sub(r'"file:[^"]*APOLLO_SANDBOX_KEY"', '"env:WRONG_KEY"', config.read_text()))
    told = _doctor(program, config, "--provider", "apollo")
    assert told.code == 8
    (line,) = _lines(told, "FAIL")
    assert "apollo" in line
    assert "canary" not in told.out + told.err


def test_an_unreachable_provider_ends_with_11(program: Program, config: Path) -> None:
    text = config.read_text()
    config.write_text(re.sub(r"//127\.0\.0\.1:\d+", "//127.0.0.1:1", text))
    told = _doctor(program, config)
    assert told.code == 11
    assert len(_lines(told, "FAIL")) == 3
    assert "cannot be reached at 127.0.0.1:1 (Connection refused)" in told.out
    assert "-> check providers.topo.base_url, and the network of this machine" in told.out


def test_offline_asks_no_provider(program: Program, config: Path) -> None:
    config.write_text(re.sub(r"//127\.0\.0\.1:\d+", "//127.0.0.1:1", config.read_text()))
    told = _doctor(program, config, "--offline")
    assert told.code == 0
    assert "apollo secret         found: file:" in told.out
    assert "answers" not in told.out


def test_offline_looks_for_what_a_run_would_miss(program: Program, config: Path) -> None:
    text = re.sub(r'"file:[^"]*TOPO_SANDBOX_API_KEY"', '"env:NO_SUCH_API_KEY"', config.read_text())
    text = re.sub(r'(?m)^(base_url = )"http://.*"\n(?=stream_url)', r'\1"https://api.datananas.com"\n', text)
    config.write_text(text)
    told = _doctor(program, config, "--offline")
    assert told.code == 2
    assert "the environment variable NO_SUCH_API_KEY is not set" in told.out
    assert "FAIL  datananas settings    field_map_confirmed: the field names" in told.out
    assert "NO_SUCH_API_KEY" not in _doctor(program, config, "--offline", "--provider", "apollo").out


def test_an_unfit_store_outranks_everything(program: Program, config: Path) -> None:
    folder = config.parent / ".contact-sync"
    folder.mkdir(mode=0o700)
    (folder / "state.db").write_bytes(b"something else" * 100)
    (folder / "state.db").chmod(0o600)
    config.write_text(re.sub(r"//127\.0\.0\.1:\d+", "//127.0.0.1:1", config.read_text()))
    assert _doctor(program, config).code == 12


def test_an_open_folder_is_a_warning(program: Program, config: Path) -> None:
    folder = config.parent / ".contact-sync"
    folder.mkdir()
    folder.chmod(0o755)
    told = _doctor(program, config, "--offline")
    assert told.code == 0
    assert "is open to other users" in told.out
    assert f"-> chmod 700 {folder}" in told.out


def test_settings_that_keep_things_from_happening_are_warnings(
    program: Program, served: Path, tmp_path: Path
) -> None:
    config = pointed_at(served, tmp_path, provider="create = false\nupdate = false\n")
    config.write_text(config.read_text().replace("accept_blind_overwrite = true", ""))
    told = _doctor(program, config)
    assert told.code == 0
    assert "apollo settings       switched off: create, update" in told.out
    assert "people never seen in an import are not sent there" in told.out


def test_a_missing_export_file_is_a_warning(program: Program, config: Path) -> None:
    text = config.read_text()
    config.write_text(text.replace("accept_blind", 'export_file = "export.csv"\naccept_blind'))
    assert f"warn  datananas export      export_file {config.parent}/export.csv" in _doctor(program, config).out
    (config.parent / "export.csv").touch()
    assert "export.csv is there" in _doctor(program, config).out


def test_quiet_tells_only_what_is_not_ok(program: Program, config: Path) -> None:
    assert _lines(_doctor(program, config, "-q"), "ok") == []


def test_a_wrong_configuration_is_told_whole(program: Program, config: Path) -> None:
    config.write_text(config.read_text() + 'colour = "red"\n[sync]\ninterval = "soon"\n')
    told = _doctor(program, config)
    assert told.code == 2
    assert "2 problems" in told.err
    assert told.out == ""


def test_an_unknown_provider_is_refused(program: Program, config: Path) -> None:
    told = _doctor(program, config, "--provider", "hubspot")
    assert told.code == 2
    assert "apollo, datananas, topo" in told.err
