"""What each reason forbids, for how long, and how the ledger is read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sync.optouts import GRACE, KNOWN_REASONS, NOTHING, OptOutIndex, effect_of, in_force, kept_reason, wide_keys
from sync.record import OptOutEntry
from tests.builders import LONG_AGO, NOW

NO_CREATE = ("UNSUBSCRIBED", "CONTACT_REFUSED", "OTHER", "UNKNOWN")
REVIEWED = ("BOUNCED", "COMPETITOR", "WRONG_PERSON", "LEFT_COMPANY")
NO_ENROLMENT = ("INTERESTED", "MEETING", "REFERRAL", "EXCLUDE_FROM_SEARCH")
TIMED = ("BAD_TIMING", "OUT_OF_OFFICE")
STRANGE = ("", "unsubscribed", "interested", "DECEASED", "🤷")


def entry(*emails: str, **given: Any) -> OptOutEntry:
    keys = frozenset(hashed(key) for key in wide_keys(emails, given.pop("url", None)))
    plain = {"reason": "UNSUBSCRIBED", "source": "topo", "at": LONG_AGO}
    return OptOutEntry(keys=keys, **{**plain, **given})


def hashed(key: str) -> str:
    return f"#{key}"


def index(*entries: OptOutEntry) -> OptOutIndex:
    return OptOutIndex(entries, hashed)


def stopped(ledger: OptOutIndex, *emails: str, **given: Any) -> bool:
    return ledger.effect(wide_keys(emails, given.get("url"), given.get("member_id")), NOW).no_create


# reasons ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("reasons", "at_topo", "elsewhere", "review"),
    [
        *(((r,), True, True, False) for r in (*NO_CREATE, *TIMED, *STRANGE)),
        *(((r,), True, True, True) for r in REVIEWED),
        *(((r,), False, False, False) for r in NO_ENROLMENT),
        (("EXCLUDE_FROM_CRM",), False, True, False),
        (("EXCLUDE_FROM_CRM", "INTERESTED"), False, True, False),
        (("EXCLUDE_FROM_CRM", "BOUNCED"), True, True, True),
        (("INTERESTED", "UNSUBSCRIBED"), True, True, False),
    ],
)
def test_a_reason_forbids_creates(reasons: tuple[str, ...], at_topo: bool, elsewhere: bool, review: bool) -> None:
    effect = effect_of(reasons)
    assert (effect.forbids_create("topo"), effect.forbids_create("apollo")) == (at_topo, elsewhere)
    assert (effect.review, effect.no_enrolment) == (review, True)
    assert effect.reasons == tuple(sorted(set(reasons)))


@pytest.mark.parametrize(
    "reason",
    [
        "UNSUBSCRIBED",
        "DECEASED",
        "asked by phone",
        "GDPR art 17",
        "décédé",
        "do-not_call",
        "4" * 6 + "a",
        "said no, by mail (twice).",
    ],
)
def test_a_word_or_a_few_are_kept_as_a_reason(reason: str) -> None:
    assert kept_reason(reason) == reason


@pytest.mark.parametrize(
    "reason",
    ["", " ", "ana@ex.org", "+33612345678", "rang 06 12 34 56 78", "4711", "a" * 81, "a\nb", "ex.org", "🤷"],
)
def test_what_may_tell_whose_it_is_is_no_reason(reason: str) -> None:
    assert kept_reason(reason) == "OTHER"


def test_no_reason_forbids_nothing() -> None:
    assert effect_of(()) == NOTHING
    assert not NOTHING.forbids_create("topo")


def test_the_table_names_every_reason_that_is_known() -> None:
    assert sorted((*NO_CREATE, *REVIEWED, *NO_ENROLMENT, *TIMED, "EXCLUDE_FROM_CRM")) == sorted(KNOWN_REASONS)


@pytest.mark.parametrize("reason", [*KNOWN_REASONS, *STRANGE])
@pytest.mark.parametrize(
    ("after_until", "timed"),
    [
        (timedelta(days=-1), True),
        (GRACE - timedelta(microseconds=1), True),
        (GRACE, False),
        (timedelta(days=900), False),
    ],
)
def test_only_timed_reasons_end_and_a_day_later_than_they_say(
    reason: str, after_until: timedelta, timed: bool
) -> None:
    assert in_force(entry("a@x.co", reason=reason, until=NOW - after_until), NOW) == (timed or reason not in TIMED)


@pytest.mark.parametrize("reason", [*KNOWN_REASONS, *STRANGE])
def test_without_an_end_nothing_ends(reason: str) -> None:
    assert in_force(entry("a@x.co", reason=reason), NOW + timedelta(days=9999))


def test_a_day_is_the_grace() -> None:
    assert timedelta(hours=24) == GRACE


# matching ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "asked", "found"),
    [
        ("ann@x.co", "Ann@X.co", True),
        ("ann@x.co", "ann+news@x.co", True),
        ("ann+news@x.co", "ann@x.co", True),
        ("ann+a@x.co", "ann+b@x.co", True),
        ("ann.lee@gmail.com", "annlee@googlemail.com", True),
        ("ann.lee@x.co", "annlee@x.co", False),
        ("info@x.co", "info@x.co", True),
        ("ann@x.co", "lee@x.co", False),
        ("ann@x.co", "ann@y.co", False),
    ],
)
def test_opt_outs_match_wider_than_identity(said: str, asked: str, found: bool) -> None:
    assert stopped(index(entry(said)), asked) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"url": "linkedin.com/in/Ann-Lee/"}, True),
        ({"url": "https://fr.linkedin.com/in/ann-ray"}, False),
        ({"member_id": "ACoAAB" + "x" * 33}, True),
        ({"url": "https://www.linkedin.com/in/ACoAAB" + "x" * 33}, True),
        ({"member_id": "ACoAAB" + "X" * 33}, False),
    ],
)
def test_profiles_match_by_slug_and_by_member_id(asked: dict[str, str], found: bool) -> None:
    ledger = index(
        entry(url="https://www.linkedin.com/in/ann-lee"),
        entry(url="https://www.linkedin.com/in/ACoAAB" + "x" * 33),
    )
    assert stopped(ledger, **asked) == found


def test_effects_of_all_matching_entries_add_up() -> None:
    ledger = index(entry("a@x.co", reason="INTERESTED"), entry("b@x.co", reason="BOUNCED"), entry("c@x.co"))
    assert ledger.effect(wide_keys(["a@x.co", "b@x.co"], None), NOW).reasons == ("BOUNCED", "INTERESTED")


# the ledger -------------------------------------------------------------------------------------------
def test_a_timed_entry_gives_way_to_its_new_time() -> None:
    ledger = index(
        entry("a@x.co", source_id="1", reason="BAD_TIMING"),
        entry("a@x.co", source_id="1", reason="OUT_OF_OFFICE", until=NOW - timedelta(days=2)),
    )
    assert len(ledger) == 1
    assert not stopped(ledger, "a@x.co")


def test_what_a_source_says_anew_under_the_same_id_releases_nobody() -> None:
    ledger = index(
        entry("a@x.co", "b@x.co", source_id="1"),
        entry("a@x.co", source_id="1", reason="INTERESTED"),
        entry("b@x.co", source_id="1", source="apollo", reason="MEETING"),
        entry("c@x.co", source_id="2"),
        entry("d@x.co", source_id="2"),
    )
    assert stopped(ledger, "a@x.co")
    assert stopped(ledger, "b@x.co")
    assert stopped(ledger, "c@x.co")


def test_entries_without_an_id_stand_side_by_side() -> None:
    assert len(index(entry("a@x.co"), entry("a@x.co", reason="BOUNCED"))) == 2


def test_a_release_ends_every_earlier_entry_that_shares_a_key() -> None:
    ledger = index(
        entry("a@x.co", "b@x.co"), entry("a@x.co", source="person:Eve"), entry("c@x.co"),
        entry("a@x.co", released_by="Bob", released_why="asked to be written to"),
    )  # fmt: skip
    assert not stopped(ledger, "a@x.co", "b@x.co")
    assert stopped(ledger, "c@x.co")


def test_a_no_after_a_release_counts_again() -> None:
    assert stopped(index(entry("a@x.co"), entry("a@x.co", released_by="Bob"), entry("a@x.co")), "a@x.co")


def test_a_release_is_not_undone_by_reading_the_same_entry_again() -> None:
    old = entry("a@x.co", source_id="1")
    ledger = index(old, entry("a@x.co", released_by="Bob"))
    assert ledger.knows(old)
    assert not ledger.knows(entry("a@x.co", source_id="1", reason="BOUNCED"))


def test_the_ledger_knows_only_what_it_says_already() -> None:
    ledger = index(entry("a@x.co", source_id="1"), entry("b@x.co"))
    assert ledger.knows(entry("a@x.co", source_id="1", at=NOW))
    assert ledger.knows(entry("b@x.co", at=NOW))
    for news in (
        entry("a@x.co", source_id="2"),
        entry("a@x.co", source_id="1", until=NOW),
        entry("a@x.co", "c@x.co", source_id="1"),
        entry("b@x.co", source="apollo"),
        entry("b@x.co", reason="BOUNCED"),
    ):
        assert not ledger.knows(news)


def test_the_order_of_adding_is_the_order_of_the_ledger() -> None:
    lines = [entry("a@x.co", source_id="1"), entry("a@x.co", released_by="Bob"), entry("b@x.co")]
    grown = index()
    for line in lines:
        grown.add(line)
    assert len(grown) == len(index(*lines)) == 1
