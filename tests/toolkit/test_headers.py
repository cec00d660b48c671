"""How long a provider asks us to wait, whatever it writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolkit.headers import LONGEST_WAIT_S, UNREADABLE_WAIT_S, http_date, retry_after_s

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
DAY = LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("1", 1), ("120", 120), (" 7 ", 7), ("2.5", 2.5), ("15733", 15_733), ("86400", DAY),
        ("86401", DAY), ("9" * 30, DAY), ("1e400", DAY), ("inf", DAY), ("-5", 0), ("-inf", 0),
        ("nan", UNREADABLE_WAIT_S), ("", UNREADABLE_WAIT_S), ("soon", UNREADABLE_WAIT_S),
        ("5, 5", UNREADABLE_WAIT_S), ("\x00", UNREADABLE_WAIT_S), ("Mon, 99 Nov 2026 12:00:00 GMT", 60),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30), ("Friday, 20-Nov-26 12:00:30 GMT", 30),
        ("Fri Nov 20 12:00:30 2026", 30), ("Fri, 20 Nov 2026 13:00:30 +0100", 30),
        ("Fri, 20 Nov 2026 11:59:59 GMT", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 20 Nov 2093 12:00:30 GMT", DAY), ("Fri, 31 Dec 9999 23:59:59 -2300", UNREADABLE_WAIT_S),
    ],
)  # fmt: skip
def test_the_wait_is_read_from_whatever_is_written(text: str, seconds: float) -> None:
    assert retry_after_s({"retry-after": text}, NOW) == seconds


def test_no_header_is_no_wait_told() -> None:
    assert retry_after_s({}, NOW) is None


def test_a_date_is_read_against_the_clock_of_the_server_that_wrote_it() -> None:
    headers = {"retry-after": "Mon, 01 Jan 2024 00:00:45 GMT", "date": "Mon, 01 Jan 2024 00:00:00 GMT"}
    assert retry_after_s(headers, NOW) == 45
    assert retry_after_s(headers | {"date": "nonsense"}, NOW) == 0


@given(st.text(), st.none() | st.text())
def test_any_two_texts_give_a_wait_between_nothing_and_a_day(text: str, date: str | None) -> None:
    wait_s = retry_after_s({"retry-after": text} | ({} if date is None else {"date": date}), NOW)
    assert wait_s is not None
    assert 0 <= wait_s <= LONGEST_WAIT_S


@given(st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001  # hypothesis wants naive bounds
def test_a_written_date_is_read_back_to_the_second(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert http_date(whole.strftime("%a, %d %b %Y %H:%M:%S GMT")) == whole
    assert http_date((whole + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S +0200")) == whole
