from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.topo.sandbox_rules import Row, Switches, listing, parsed_time, shown, truncated
from adapters.topo.shapes import Moment, parse_moment
from adapters.topo.walk import PASSES, Step, Walk

START = datetime(2026, 1, 1, tzinfo=UTC)
SORTS = ("last_seen_at",)


class Server:
    """Rows behind the documented list rules."""

    def __init__(self, times: list[datetime], switches: Switches) -> None:
        self.switches = switches
        self.rows: list[Row] = [{"id": f"c{number}", "last_seen_at": at} for number, at in enumerate(times)]
        self.requests = 0
        self._random = Random(3)

    def ask(self, walk: Walk) -> frozenset[str]:
        query = dict(walk.params())
        rows = self.rows
        if "last_seen_after" in query:
            bound = parsed_time(query["last_seen_after"], "last_seen_after")
            rows = [row for row in rows if row["last_seen_at"] > bound]
        part, envelope = listing(rows, query, SORTS, self.switches, self._random)
        steps = [Step(row["id"], seen(row["last_seen_at"], self.switches)) for row in part]
        self.requests += 1
        assert self.requests < 2000, "the walk does not end"
        return walk.take(steps, rows=len(part), total=envelope["total_count"], has_more=envelope["has_more"])


def seen(at: datetime, switches: Switches) -> Moment:
    found = parse_moment(shown(at, switches.timestamp_grain))
    assert found is not None
    return found


def walked(server: Server, size: int) -> tuple[list[str], Walk]:
    walk = Walk("last_seen_at", "last_seen_after", size)
    found: list[str] = []
    while not walk.done:
        found += sorted(server.ask(walk))
    return found, walk


OFFSETS = st.lists(st.sampled_from([0, 1, 500, 1000, 1001, 500_000, 1_000_000, 7_000_000]), max_size=40)


@settings(max_examples=60)
@given(
    offsets=OFFSETS,
    size=st.integers(1, 7),
    grain=st.sampled_from(["s", "ms", "us"]),
    stores_finer=st.booleans(),
    tie_order=st.sampled_from(["id", "insertion", "reverse"]),
)
def test_every_row_is_given_once_whatever_the_ties_and_the_grain(
    offsets: list[int], size: int, grain: str, stores_finer: bool, tie_order: str
) -> None:
    switches = Switches(timestamp_grain=grain, stores_finer=stores_finer, tie_order=tie_order)  # type: ignore[arg-type]  # drawn from the literals
    times = [START + timedelta(microseconds=offset) for offset in offsets]
    server = Server(times if stores_finer else [truncated(at, grain) for at in times], switches)
    found, walk = walked(server, size)
    assert sorted(found) == sorted(row["id"] for row in server.rows)
    assert walk.complete


@settings(max_examples=60)
@given(offsets=OFFSETS, size=st.integers(1, 7))
def test_a_walk_that_skipped_tied_rows_never_calls_itself_complete(offsets: list[int], size: int) -> None:
    server = Server([START + timedelta(microseconds=o) for o in offsets], Switches(tie_order="random"))
    found, walk = walked(server, size)
    assert len(found) == len(set(found))
    assert len(found) == len(offsets) or not walk.complete


@settings(max_examples=200)
@given(
    offsets=OFFSETS,
    size=st.integers(1, 7),
    removed=st.dictionaries(st.integers(1, 12), st.integers(0, 39), max_size=3),
    tie_order=st.sampled_from(["id", "insertion", "random"]),
)
def test_whoever_stays_is_given_although_others_are_removed_meanwhile_or_the_walk_is_not_complete(
    offsets: list[int], size: int, removed: dict[int, int], tie_order: str
) -> None:
    switches = Switches(tie_order=tie_order)  # type: ignore[arg-type]  # drawn from the literals
    server = Server([START + timedelta(microseconds=o) for o in offsets], switches)
    walk = Walk("last_seen_at", "last_seen_after", size)
    found: list[str] = []
    while not walk.done:
        found += sorted(server.ask(walk))
        if server.requests in removed and server.rows:
            server.rows.pop(removed[server.requests] % len(server.rows))
    assert {row["id"] for row in server.rows} <= {*found} or not walk.complete


def test_pages_inside_one_time_are_walked_again_when_rows_repeated() -> None:
    server = Server([START] * 20, Switches(tie_order="random"))
    walked(server, 5)
    assert server.requests <= PASSES * 4 + 1


def test_rows_that_change_places_are_all_read_once_as_many_were_met_as_the_list_counts() -> None:
    server = Server([START] * 12, Switches(tie_order="random"))
    found, walk = walked(server, 5)
    assert len(found) == 12
    assert walk.complete


def test_no_page_beyond_the_first_is_asked_while_times_differ() -> None:
    server = Server([START + timedelta(seconds=n) for n in range(30)], Switches())
    walk = Walk("last_seen_at", "last_seen_after", 5)
    while not walk.done:
        assert dict(walk.params())["page"] == "1"
        server.ask(walk)


def test_a_row_touched_during_the_walk_is_given_again_and_pushes_nobody_out() -> None:
    server = Server([START + timedelta(seconds=n) for n in range(20)], Switches())
    walk = Walk("last_seen_at", "last_seen_after", 5)
    found = sorted(server.ask(walk))
    server.rows[0]["last_seen_at"] = START + timedelta(hours=1)
    while not walk.done:
        found += sorted(server.ask(walk))
    assert set(found) == {row["id"] for row in server.rows}
    assert found.count("c0") == 2


def test_a_list_that_ends_before_its_own_total_is_read_on_and_counts_as_incomplete() -> None:
    server = Server([START + timedelta(seconds=n) for n in range(12)], Switches(early_end=True))
    found, walk = walked(server, 5)
    assert len(found) == 12
    assert not walk.complete


def test_an_empty_page_that_promises_more_ends_the_walk_as_incomplete() -> None:
    walk = Walk("last_seen_at", "last_seen_after", 5)
    walk.take([], rows=0, total=9, has_more=True)
    assert walk.done
    walk = Walk("last_seen_at", "last_seen_after", 5)
    walk.take([], rows=0, total=0, has_more=True)
    assert walk.done
    assert not walk.complete


def test_rows_without_a_readable_time_do_not_stop_the_walk() -> None:
    walk = Walk("last_seen_at", "last_seen_after", 2)
    walk.take([], rows=2, total=3, has_more=True)
    assert dict(walk.params())["page"] == "2"
    walk.take([Step("c3", Moment(START, 1.0))], rows=1, total=3, has_more=False)
    assert walk.done


def test_an_empty_list_is_read_with_one_request() -> None:
    found, walk = walked(Server([], Switches()), 5)
    assert (found, walk.complete) == ([], True)
