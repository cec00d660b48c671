"""Tokens: kept safely, fetched once, replaced when they must be."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pytest

from adapters.datananas.sandbox import DatananasSandbox, sandbox
from adapters.toolkit.faults import Fault
from adapters.toolkit.oauth import FixedToken, OAuthClient, RefreshedToken, jwt_expiry
from sync.errors import AuthError, ConfigError, Unreachable
from sync.secrets import Secret
from tests.clocks import RealClock
from tests.toolkit.clock import HandClock

if TYPE_CHECKING:
    from pathlib import Path

    from sync.ports import Clock


def jwt(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl"


def credential(
    box: DatananasSandbox,
    folder: Path,
    refresh: str = "sandbox-refresh-0",
    auth: Literal["body", "basic"] = "body",
    clock: Clock | None = None,
) -> RefreshedToken:
    client = OAuthClient(
        provider="datananas",
        token_url=str(box.oauth2["token_url"]),
        client_id="sandbox-client",
        client_secret=lambda: Secret("sandbox-client-secret"),
        refresh_token=lambda: Secret(refresh),
        token_file=folder / "kept" / "token.json",
        auth=auth,
    )
    return RefreshedToken(client, clock or RealClock())


@pytest.mark.parametrize(
    ("token", "ends_at"),
    [
        (jwt({"exp": 1_500_000_000}), datetime(2017, 7, 14, 2, 40, tzinfo=UTC)),
        (jwt({"exp": "soon"}), None), (jwt({}), None), (jwt([]), None), (jwt({"exp": 1e300}), None),
        ("opaque", None), ("a.b.c", None), ("a.\u00e9.c", None), ("..", None),
    ],
)  # fmt: skip
def test_the_end_of_a_token_is_read_where_it_is_told(token: str, ends_at: datetime | None) -> None:
    assert jwt_expiry(token) == ends_at


async def test_a_fixed_token_is_resolved_once_and_never_renewed() -> None:
    asked = []

    def secret() -> Secret:
        asked.append(1)
        return Secret("fixed-token")

    fixed = FixedToken(secret)
    assert [await fixed.token(), await fixed.token()] == ["fixed-token"] * 2
    assert len(asked) == 1
    assert not await fixed.renew("fixed-token")
    await fixed.close()


@pytest.mark.parametrize(("life_s", "lasts_s"), [(60, 48), (20, 16), (3600, 3540)])
async def test_a_short_lived_token_is_used_for_most_of_its_life(tmp_path: Path, life_s: int, lasts_s: int) -> None:
    async with sandbox(token_life_s=life_s) as box:
        clock = HandClock()
        for _ in range(2):  # also by the next process
            token = credential(box, tmp_path, clock=clock)
            await token.token()
            clock.advance(lasts_s / 2 - 1)
            assert await token.token() == "sandbox-access-1"
            await token.close()
        token = credential(box, tmp_path, clock=clock)
        clock.advance(2)
        assert await token.token() == "sandbox-access-2"
        await token.close()


async def test_many_callers_share_one_fetch(tmp_path: Path) -> None:
    async with sandbox() as box:
        token = credential(box, tmp_path)
        assert set(await asyncio.gather(*(token.token() for _ in range(9)))) == {"sandbox-access-1"}
        await asyncio.gather(*(token.renew("sandbox-access-1") for _ in range(9)))
        assert box.grants.fetched == 2
        assert await token.token() == "sandbox-access-2"
        await token.close()


async def test_a_token_of_unknown_life_is_kept_until_it_is_refused(tmp_path: Path) -> None:
    async with sandbox(token_life_s=None) as box:
        token = credential(box, tmp_path)
        assert [await token.token(), await token.token()] == ["sandbox-access-1"] * 2
        await token.close()


async def test_a_replaced_refresh_token_outlives_the_process(tmp_path: Path) -> None:
    async with sandbox(rotates=True) as box:
        for n in (1, 2, 3):
            token = credential(box, tmp_path)
            await token.renew(await token.token())
            assert box.grants.fetched == n + 1
            await token.close()


async def test_the_token_file_is_private_and_whole(tmp_path: Path) -> None:
    async with sandbox() as box:
        token = credential(box, tmp_path)
        await token.token()
        await token.close()
        (file,) = (tmp_path / "kept").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert json.loads(file.read_text())["refresh"] == "sandbox-refresh-1"


async def test_a_new_refresh_token_in_the_settings_outranks_the_file(tmp_path: Path) -> None:
    async with sandbox() as box:
        first = credential(box, tmp_path)
        await first.token()
        await first.close()
        box.grants.refresh_tokens.add("from-a-person")
        second = credential(box, tmp_path, refresh="from-a-person")
        assert await second.token() == "sandbox-access-2"
        await second.close()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"seed":1}', "\x00"])
async def test_a_damaged_token_file_is_worth_no_more_than_none(tmp_path: Path, damage: str) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "token.json").write_text(damage)
    async with sandbox() as box:
        token = credential(box, tmp_path)
        assert await token.token() == "sandbox-access-1"
        await token.close()


async def test_a_token_file_that_cannot_be_written_stops_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "kept").symlink_to(tmp_path / "nowhere")
    async with sandbox(rotates=True) as box:
        token = credential(box, tmp_path)
        with pytest.raises(ConfigError, match="cannot be written"):
            await token.token()
        assert box.grants.fetched == 0  # or the only refresh token would be spent, and the next one lost
        (tmp_path / "kept").unlink()
        assert await token.token() == "sandbox-access-1"
        await token.close()


async def test_nothing_is_left_of_a_token_file_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "kept" / "token.json" / "in the way").mkdir(parents=True)
    async with sandbox() as box:
        token = credential(box, tmp_path)
        with pytest.raises(ConfigError):
            await token.token()
        await token.close()
    assert [file.name for file in (tmp_path / "kept").iterdir()] == ["token.json"]


async def test_a_token_that_could_not_be_fetched_is_fetched_later(tmp_path: Path) -> None:
    async with sandbox() as box:
        dead = credential(box, tmp_path, refresh="unknown")
        with pytest.raises(AuthError):
            await dead.token()
        await dead.close()
        box.grants.refresh_tokens.add("unknown")
        token = credential(box, tmp_path, refresh="unknown")
        assert await token.token() == "sandbox-access-1"
        await token.close()


@pytest.mark.parametrize("auth", ["body", "basic"])
async def test_the_client_shows_its_credentials_where_they_are_wanted(
    tmp_path: Path, auth: Literal["body", "basic"]
) -> None:
    async with sandbox(client_auth=auth) as box:
        token = credential(box, tmp_path, auth=auth)
        assert await token.token() == "sandbox-access-1"
        await token.close()
        other = credential(box, tmp_path / "other", auth="basic" if auth == "body" else "body")
        with pytest.raises(AuthError):
            await other.token()
        await other.close()


async def test_a_revoked_refresh_token_is_an_authentication_error(tmp_path: Path) -> None:
    async with sandbox() as box:
        box.grants.refresh_tokens.clear()
        token = credential(box, tmp_path)
        with pytest.raises(AuthError, match="400") as caught:
            await token.token()
        assert "authorise" in str(caught.value.remedy)
        await token.close()


@pytest.mark.parametrize(
    "action",
    ["status=500", "status=503", "reset-before", "garbage", "empty", "body={}", 'body={"access_token":7}'],
)
async def test_a_token_address_that_fails_means_that_nothing_was_sent(tmp_path: Path, action: str) -> None:
    async with sandbox() as box:
        box.traffic.faults.append(Fault.parse(f"POST /oauth2/token:*:{action}"))
        token = credential(box, tmp_path)
        with pytest.raises(Unreachable):
            await token.token()
        await token.close()
        assert box.writes == 0


async def test_a_token_address_where_nobody_listens_is_named_by_its_own_key(tmp_path: Path) -> None:
    async with sandbox() as box:
        token = credential(box, tmp_path)
    with pytest.raises(Unreachable, match="cannot be reached") as caught:
        await token.token()
    await token.close()
    assert str(caught.value.remedy).startswith("check providers.datananas.oauth2.token_url")
