"""A file becomes settings, or one error that lists everything wrong with it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.config import Settings, discover, load
from sync.errors import ConfigError
from tests.config.stub import SMALLEST, STUBS, OtherStub, TopoStub, load_text

if TYPE_CHECKING:
    from collections.abc import Callable

    Loaded = Callable[[str], Settings]


def problems(loaded: Loaded, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(text)
    return caught.value.problems


def problem(loaded: Loaded, text: str) -> str:
    found = problems(loaded, text)
    assert len(found) == 1, found
    return found[0]


def test_defaults_are_the_documented_ones(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(SMALLEST)
    assert settings.state.url == f"sqlite:///{tmp_path}/.contact-sync/state.db"
    assert settings.state.ledger == tmp_path / ".contact-sync/opt-outs.ledger"
    assert settings.state.backups == tmp_path / ".contact-sync/backups"
    assert settings.state.key == "file:.contact-sync/key"
    assert settings.sync.interval == timedelta(minutes=15)
    assert settings.merge.priority == ["topo", "apollo", "datananas"]
    assert (settings.guards.create.share, settings.guards.create.floor) == (0.25, 50)
    assert (settings.guards.blank.share, settings.guards.blank.floor) == (0.01, 5)
    assert settings.daemon.address == ("127.0.0.1", 9464)
    assert settings.path == tmp_path / "config.toml"
    assert settings.directory == tmp_path


def test_only_providers_with_a_table_are_active(loaded: Loaded) -> None:
    assert set(loaded(SMALLEST).providers) == {"topo"}


def test_a_provider_is_parsed_by_its_own_class(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(f'{SMALLEST}[providers.datananas]\nexport_file = "dumps/a.csv"\n')
    assert isinstance(settings.providers["topo"], TopoStub)
    other = settings.providers["datananas"]
    assert isinstance(other, OtherStub)
    assert other.export_file == tmp_path / "dumps/a.csv"


def test_all_problems_are_listed_together_with_file_and_key(loaded: Loaded, tmp_path: Path) -> None:
    found = problems(
        loaded,
        """
        [sync]
        intervall = "15m"
        settle = 15
        [guards]
        create = { share = 1.5 }
        [providers.topo]
        api_key = "topo_live_canary"
        [providers.salesforce]
        """,
    )
    assert all(line.startswith(f"{tmp_path}/config.toml: ") for line in found)
    text = "\n".join(found)
    assert "sync.intervall: is no known key; did you mean interval?" in text
    assert "sync.settle: not a duration" in text
    assert "guards.create.share: must be at most 1" in text
    assert "providers.topo.api_key: holds a literal" in text
    assert "providers.topo.contact_list_id: is missing" in text
    assert "providers.salesforce: is no known provider" in text
    assert "topo" in text.split("salesforce", 1)[1]
    assert len(found) == 6
    assert "canary" not in text


def test_no_provider_at_all_is_an_error_with_a_hint(loaded: Loaded) -> None:
    assert "[providers.topo]" in problem(loaded, "")
    assert "run --sandbox" in problem(loaded, "[providers]")


@pytest.mark.parametrize("text", ["providers = 3", "providers = []", "[[providers]]"])
def test_providers_must_be_tables(loaded: Loaded, text: str) -> None:
    assert "providers: must hold one table" in problem(loaded, text)


@pytest.mark.parametrize("text", ["a = ", "[a", 'x = "\\q"', "\0", "a = " + "[" * 50_000])
def test_broken_toml_is_one_plain_problem(loaded: Loaded, text: str) -> None:
    assert problem(loaded, text).isprintable()


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"# \xff")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.toml", provider_settings=STUBS, environ={}, cwd=tmp_path)
    assert "UTF-8" in caught.value.problems[0]


def test_a_byte_order_mark_does_no_harm(loaded: Loaded) -> None:
    assert set(loaded("\ufeff" + SMALLEST).providers) == {"topo"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('[merge]\npriority = ["topo", "hubspot"]', "merge.priority.1: is no known provider"),
        ('[merge]\npriority = ["topo", "topo"]', "twice"),
        ('[merge]\nblanks = "maybe"', "merge.blanks: must be 'never' or 'explicit'"),
        ("[merge.fields.phone]", "merge.fields.phone: decides nothing"),
        ('[merge.fields.shoe_size]\nowner = "topo"', "merge.fields.shoe_size: is no field"),
        ('[merge.fields.phone]\nowner = "hubspot"', "merge.fields.phone.owner: is no known provider"),
        ('[merge.fields.phone]\nowners = "topo"\nowner = "topo"', "did you mean owner"),
        ("[guards]\nmerge = { floor = -1 }", "guards.merge.floor: must be at least 0"),
        ("[guards]\nmerge = 3", "guards.merge: must be a table"),
        ("[guards]\ndelete = { floor = 1 }", "guards.delete: is no known key"),
        ("[match]\nsuspect_score = 1.5", "match.suspect_score: must be at most 1"),
        ('[match]\nnames_must_agree = "yes"', "match.names_must_agree: must be true or false"),
        ('[sync]\ninterval = "0s"', "sync.interval: must be longer than nothing"),
        ('[sync]\ndefault_region = "France"', "two capital letters"),
        ('[sync]\ndefault_region = "ZZ"', "sync.default_region: is no country with phone numbers"),
        ('[sync]\ndefault_region = "AQ"', "sync.default_region: is no country with phone numbers"),
        (
            '[merge.fields.phone]\npriority = ["topo", "topo"]',
            "merge.fields.phone.priority: names a provider twice",
        ),
        ("[match]\nsuspect_score = nan", "match.suspect_score: must be a number that ends, not inf or nan"),
        ('[daemon]\nlisten = "9464"', "HOST:PORT"),
        ('[daemon]\nlisten = "127.0.0.1:99999"', "HOST:PORT"),
        ('[logging]\nformat = "xml"', "logging.format: must be"),
        ('[state]\nurl = "sqlite:///:memory:"', "must name a file"),
        ('[state]\nurl = "mysql://db/x"', "names no database"),
        ('[state]\nurl = "postgresql://ann:canary@db/x"', "names no database"),
        ('[state]\nkey = "canary"', "state.key: holds a literal"),
        (
            '[state]\nkey = "env:CANARY"',
            'state.key: must name a file, because it is made on first use; write "file:',
        ),
        ('[state]\nledger = ""', "state.ledger: is no path"),
        ("[telemetry]", "telemetry: is no known key"),
        ("[provider.topo]", "provider: is no known key; did you mean providers?"),
        ('top = "canary"', "top: is no known key"),
        ('settle = "15m"', "settle: belongs in [sync]; write it below a line [sync]"),
        ("create = { floor = 9 }", "create: belongs in [guards]; write it below a line [guards]"),
        ('[guards]\nsettle = "15m"', "guards.settle: is no known key"),
        ("state = 5", "state: must be a table"),
    ],
)
def test_each_fault_is_named_with_key_and_remedy(loaded: Loaded, line: str, expected: str) -> None:
    found = problem(loaded, f"{line}\n{SMALLEST}")
    assert expected in found
    assert "canary" not in found


def test_people_can_come_only_from_a_provider_that_is_configured(loaded: Loaded) -> None:
    text = SMALLEST + 'create_from = ["topo", "apollo", "datananas"]\n[providers.apollo]\nread = 5\n'
    found = "\n".join(problems(loaded, text))
    assert "providers.topo.create_from: names datananas, which is not configured; add [providers.data" in found
    assert found.count("is not configured") == 1
    assert loaded(SMALLEST + '[sync]\ndefault_region = "GB"\n').sync.default_region == "GB"


def test_provider_lists_are_checked(loaded: Loaded) -> None:
    text = SMALLEST + 'create_from = ["hubspot"]\nrequire = ["shoe_size"]\nignore_fields = ["variables."]\n'
    assert len(problems(loaded, text)) == 3


def test_email_stands_for_emails_and_variables_are_fields(loaded: Loaded) -> None:
    text = SMALLEST + 'require = ["email"]\nignore_fields = ["variables.*", "variables.lead_source"]\n'
    topo = loaded(text).providers["topo"]
    assert topo.require == ["emails"]
    assert topo.ignore_fields == ["variables.*", "variables.lead_source"]


def test_a_guard_that_names_one_number_keeps_the_other_default(loaded: Loaded) -> None:
    guards = loaded(SMALLEST + "[guards]\nmerge = { floor = 99 }\nupdate = { share = 0 }\n").guards
    assert (guards.merge.share, guards.merge.floor) == (0.02, 99)
    assert (guards.update.share, guards.update.floor) == (0.0, 50)


def test_a_guard_may_let_through_as_many_as_are_known(loaded: Loaded) -> None:
    assert loaded(SMALLEST + "[guards]\ncreate = { share = 1.0 }\n").guards.create.share == 1.0


def test_paths_that_are_absolute_stay(loaded: Loaded) -> None:
    state = loaded(SMALLEST + '[state]\nurl = "sqlite:////var/lib/x.db"\nledger = "/var/lib/l"\n').state
    assert state.url == "sqlite:////var/lib/x.db"
    assert state.ledger == Path("/var/lib/l")


def test_the_key_is_beside_the_file_or_in_a_home(loaded: Loaded, tmp_path: Path) -> None:
    assert loaded(SMALLEST).key_file == tmp_path / ".contact-sync/key"
    assert loaded(SMALLEST + '[state]\nkey = "file:~/key"\n').key_file == Path.home() / "key"
    assert loaded(SMALLEST + '[state]\nkey = "file:/var/lib/key"\n').key_file == Path("/var/lib/key")


@pytest.mark.parametrize(
    ("state", "clash"),
    [
        ('ledger = ".contact-sync/state.db"', "ledger names the place of url"),
        ('ledger = ".contact-sync/../.contact-sync/state.db.lock"', "ledger names the place of url"),
        ('ledger = "linked/state.db-journal"', "ledger names the place of url"),
        ('ledger = ".contact-sync/key"', "key names the place of ledger"),
        ('key = "file:.contact-sync/state.db.daemon.lock"', "key names the place of url"),
        ('backups = ".contact-sync/state.db"', "backups names the place of url"),
        ('backups = ".contact-sync/key"', "backups names the place of key"),
        ('ledger = "config.toml"', "ledger names the place of this configuration"),
        ('key = "file:l"\nledger = "l"\nbackups = "l"', "key names the place of ledger and backups names"),
    ],
)
def test_no_part_of_the_state_takes_the_place_of_another(
    loaded: Loaded, tmp_path: Path, state: str, clash: str
) -> None:
    (tmp_path / "linked").symlink_to(".contact-sync")
    found = problem(loaded, f"[state]\n{state}\n{SMALLEST}")
    assert f"state: {clash}" in found
    assert "give each a place of its own" in found
    assert not (tmp_path / ".contact-sync").exists()


def test_settings_cannot_be_changed(loaded: Loaded) -> None:
    settings = loaded(SMALLEST)
    with pytest.raises(Exception, match="frozen"):
        settings.sync.settle = timedelta(0)
    with pytest.raises(TypeError):
        settings.providers["x"] = settings.providers["topo"]  # type: ignore[index]


class TestDiscovery:
    def test_the_named_file_wins_and_must_exist(self, tmp_path: Path) -> None:
        (tmp_path / "config.toml").touch()
        (tmp_path / "other.toml").touch()
        environ = {"CONTACT_SYNC_CONFIG": "config.toml"}
        assert discover(Path("other.toml"), environ=environ, cwd=tmp_path) == tmp_path / "other.toml"
        with pytest.raises(ConfigError, match="--config"):
            discover(Path("none.toml"), environ=environ, cwd=tmp_path)

    def test_the_environment_comes_next(self, tmp_path: Path) -> None:
        (tmp_path / "env.toml").touch()
        (tmp_path / "config.toml").touch()
        environ = {"CONTACT_SYNC_CONFIG": str(tmp_path / "env.toml")}
        assert discover(None, environ=environ, cwd=tmp_path) == tmp_path / "env.toml"
        with pytest.raises(ConfigError, match="CONTACT_SYNC_CONFIG"):
            discover(None, environ={"CONTACT_SYNC_CONFIG": "gone.toml"}, cwd=tmp_path)

    def test_then_the_folder_then_the_users_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
        users = tmp_path / "home/contact-sync/config.toml"
        users.parent.mkdir(parents=True)
        users.touch()
        assert discover(None, environ={}, cwd=tmp_path) == users
        (tmp_path / "config.toml").touch()
        assert discover(None, environ={}, cwd=tmp_path) == tmp_path / "config.toml"

    def test_none_at_all_ends_with_a_hint(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
        with pytest.raises(ConfigError) as caught:
            load(None, provider_settings=STUBS, environ={}, cwd=tmp_path)
        assert "config.example.toml" in str(caught.value.remedy)
        assert "contact-sync run --sandbox" in str(caught.value.remedy)


class TestFingerprint:
    def test_it_is_twelve_hex_digits_and_stable(self, tmp_path: Path) -> None:
        one = load_text(SMALLEST, tmp_path).fingerprint("topo")
        other = tmp_path / "elsewhere"
        other.mkdir()
        assert re.fullmatch("[0-9a-f]{12}", one)
        assert (
            load_text("[sync]\nsettle = '1s'\n" + SMALLEST + "create = false\n", other).fingerprint("topo") == one
        )

    @pytest.mark.parametrize(
        "line",
        [
            'base_url = "https://other.example"',
            'ignore_fields = ["phone"]',
            'require = ["email"]',
            'create_from = ["topo"]',
            'filter = { countries = ["FR"] }',
            'variables = { a = "b" }',
        ],
    )
    def test_it_changes_with_what_is_sent_where(self, tmp_path: Path, line: str) -> None:
        before = load_text(SMALLEST, tmp_path).fingerprint("topo")
        assert load_text(f"{SMALLEST}{line}\n", tmp_path).fingerprint("topo") != before

    def test_the_order_of_a_list_is_no_change(self, tmp_path: Path) -> None:
        one = load_text(SMALLEST + 'require = ["email", "phone"]\n', tmp_path)
        two = load_text(SMALLEST + 'require = ["phone", "email"]\n', tmp_path)
        assert one.fingerprint("topo") == two.fingerprint("topo")
