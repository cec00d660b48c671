"""Durations, addresses and references: what is taken, what is refused, and that nothing is echoed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sync.config import BaseUrl, SecretRef, StreamUrl, parse_duration

BASE: TypeAdapter[Any] = TypeAdapter(BaseUrl)
STREAM: TypeAdapter[Any] = TypeAdapter(StreamUrl)
SECRET: TypeAdapter[Any] = TypeAdapter(SecretRef)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("24h", 86400), ("7d", 604800), ("0", 0), ("0.5s", 0.5), ("50ms", 0.05)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "15", "m", "-5m", "5 m", "5M", "1h30", "٣s", "1e3s", "9999999999d", "999999999d1"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.topo.io/v1",
        "http://127.0.0.1:8080/v1",
        "http://127.9.9.9",
        "http://localhost:1",
        "http://[::1]:80",
        "https://10.0.0.1",
    ],
)
def test_base_urls(url: str) -> None:
    assert BASE.validate_python(url) == url
    assert BASE.validate_python(url + "/") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.topo.io",
        "http://localhost.evil.com",
        "http://127.0.0.1.evil.com",
        "http://127.1",
        "http://0x7f.0.0.1",
        "http://2130706433",
        "https://2130706433",
        "https://0x7f000001",
        "https://127.1",
        "http://0.0.0.0",
        "http://[::ffff:127.0.0.1]",
        "http://[::]",
        "http://10.0.0.1",
        "http://169.254.169.254",
        "https://ann:canary@api.topo.io",
        "https://api.topo.io@evil.com",
        "http://127.0.0.1@evil.com",
        "https://api.topo.io?key=canary",
        "https://api.topo.io#canary",
        "https://api.topo.io?",
        "https://",
        "https:///v1",
        "https:api.topo.io",
        "//api.topo.io",
        "api.topo.io",
        "ftp://api.topo.io",
        "file:///etc/passwd",
        "wss://api.topo.io",
        "https://api.topo.io\\@evil.com",
        "https://api.topo.io/ v1",
        "https://api.topo.io\t",
        "https://api.topo.io/\r\nHost: evil",
        "https://аpi.topo.io",
        "https://api.topo.io:99999",
        "https://api.topo.io:x",
        "https://[::1",
        "https://a..b",
        "https://%31%32%37.0.0.1",
        "",
    ],
)
def test_addresses_that_are_refused_without_being_echoed(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BASE.validate_python(url)
    assert "canary" not in str(caught.value.errors(include_input=False, include_url=False))


def test_stream_urls() -> None:
    assert STREAM.validate_python("wss://api.datananas.com") == "wss://api.datananas.com"
    assert STREAM.validate_python("ws://127.0.0.1:5") == "ws://127.0.0.1:5"
    for url in ("ws://api.datananas.com", "https://api.datananas.com"):
        with pytest.raises(ValidationError):
            STREAM.validate_python(url)


@given(st.text())
def test_any_text_is_an_address_or_a_plain_refusal(url: str) -> None:
    try:
        taken = BASE.validate_python("https://" + url)
    except ValidationError:
        return
    assert taken.isascii()
    assert taken.isprintable()


@pytest.mark.parametrize("ref", ["env:A_B", "file:k", "file:/run/k", "command:pass topo", "credential:topo"])
def test_references(ref: str) -> None:
    assert SECRET.validate_python(ref) == ref


@pytest.mark.parametrize(
    "ref",
    [
        "canary",
        "env:",
        "env: ",
        "env:a-canary",
        "ENV:X",
        "file:",
        "credential:../canary",
        "credential:",
        "command:",
        "command:sh 'canary",
        "vault:canary",
        "sk-aisa-canary",
        "env:A\nB",
    ],
)
def test_literals_and_broken_references_are_refused_without_being_echoed(ref: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SECRET.validate_python(ref)
    assert "canary" not in str(caught.value.errors(include_input=False, include_url=False))
