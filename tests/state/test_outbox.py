from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest

from state.operation_rows import from_opt_out, to_opt_out
from state.rows import from_json, to_json
from sync.change import OPEN_STATES, FieldChange, Operation, State
from sync.contact import Contact
from sync.errors import StateError
from sync.record import OptOut, Record
from sync.store_port import MembershipUpdate, Settled
from tests.state.values import START, Home, as_read, assign, create, later, pull, read, ref, tie, update

if TYPE_CHECKING:
    from state.store import SqliteStore

STATES: tuple[State, ...] = get_args(State)


@pytest.fixture(autouse=True)
def people(store: SqliteStore) -> None:
    pull(store, read("topo:1", "ann@example.com"), read("topo:2", "bob@example.com"))
    assign(store, ann=["topo:1"], bob=["topo:2"])


def only(store: SqliteStore) -> Operation:
    (operation,) = store.operations()
    return operation


def sent(store: SqliteStore, *operations: Operation, run: str = "run-1") -> list[Operation]:
    """The operations, planned and about to be sent."""
    store.save_plan(run, operations, at=START)
    store.mark_sending(operations, run_id=run, at=later())
    return [o for o in store.operations(states=["sending"]) if o.id in {p.id for p in operations}]


def settle(store: SqliteStore, operation: Operation, state: State, **others: object) -> Operation:
    done = replace(operation, state=state, **others)  # type: ignore[arg-type]  # each test names what it means
    store.save_settled([Settled(operation=done)], at=later(2))
    return done


def test_an_operation_comes_back_whole(store: SqliteStore) -> None:
    record = Record(
        ref=ref("topo:1"), contact=Contact(emails=("a@x.com",)), absent=frozenset({"city"}), created_at=START,
        updated_at=later(), opted_out="OTHER", labels=frozenset({"l"}),
    )  # fmt: skip
    opt_out = OptOut(
        emails=("a@x.com", "b@x.com"), linkedin_url="u", reason="OTHER", source="topo", source_id="7",
        until=later(),
    )  # fmt: skip
    operation = Operation(
        id="o1", person_id="ann", provider="topo", kind="exclude", contact=Contact(emails=("a@x.com",)),
        reason="opted-out", record=record, record_id="1",
        fields={"emails": FieldChange(before=None, after=("a@x.com",), source="apollo", rule="union")},
        effects=("enrols",), opt_out=opt_out, state="blocked", attempt=2,
        digest="d", run_id="run-1", sent_at=START,
        until=later(), entry_id="e", message="m", accepted_key="a@x.com",
    )  # fmt: skip
    store.save_plan("run-1", [operation], at=START)
    assert only(store) == operation


def test_an_opt_out_that_an_earlier_version_kept_is_read() -> None:
    told = OptOut(emails=("a@x.com",), linkedin_url=None, reason="OTHER", source="topo", until=later())
    kept = from_json(to_opt_out(told)) | {"message": "no", "created_at": 7}
    assert from_opt_out(to_json(kept)) == told


def test_operations_are_asked_for_by_state_provider_and_run_oldest_first(store: SqliteStore) -> None:
    planned = [create("o2"), update("o1", "topo:2", "bob"), replace(create("o3", "bob"), state="deferred")]
    store.save_plan("run-1", planned, at=START)
    assert [o.id for o in store.operations()] == ["o2", "o1", "o3"]
    assert [o.id for o in store.operations(provider="apollo")] == ["o2", "o3"]
    assert [o.id for o in store.operations(states=["planned"], run_id="run-1")] == ["o2", "o1"]
    assert store.operations(states=[]) == store.operations(run_id="run-0") == []


def test_what_an_earlier_run_planned_and_never_sent_is_superseded(store: SqliteStore) -> None:
    store.save_plan(
        "run-1",
        [
            create("o1"),
            replace(create("o2", "bob"), state="blocked"),
            replace(update("o3", "topo:1"), state="deferred"),
        ],
        at=START,
    )
    store.begin_run("run-2", "run", later())
    store.save_plan("run-2", [create("o4")], at=later(), planned_again=["ann", "bob"])
    assert [(o.id, o.run_id) for o in store.operations()] == [("o4", "run-2")]


def test_a_run_may_plan_twice(store: SqliteStore) -> None:
    store.save_plan("run-1", [create("o1")], at=START)
    store.save_plan("run-1", [create("o2", "bob")], at=START)
    assert [o.id for o in store.operations()] == ["o1", "o2"]


@pytest.mark.parametrize("state", sorted(OPEN_STATES - {"planned"}))
def test_an_open_create_forbids_a_second_one(store: SqliteStore, state: State) -> None:
    (operation,) = sent(store, create("o1"))
    settle(store, operation, state)
    store.begin_run("run-2", "run", later())
    with pytest.raises(StateError, match="apollo: a create for person ann is still open"):
        store.save_plan("run-2", [create("o2")], at=later())
    assert [o.id for o in store.operations()] == ["o1"]
    store.save_plan("run-2", [create("o3", provider="topo"), create("o4", "bob")], at=later())


@pytest.mark.parametrize("state", sorted(set(STATES) - OPEN_STATES))
def test_a_closed_create_forbids_nothing(store: SqliteStore, state: State) -> None:
    (operation,) = sent(store, create("o1"))
    settle(store, operation, state)
    store.begin_run("run-2", "run", later())
    store.save_plan("run-2", [create("o2")], at=later())


def test_two_creates_of_one_plan_for_one_person_and_provider_are_refused(store: SqliteStore) -> None:
    with pytest.raises(StateError):
        store.save_plan("run-1", [create("o1"), create("o2")], at=START)
    store.save_plan("run-1", [create("o1"), replace(create("o2"), state="blocked")], at=START)


def test_the_open_create_of_a_merged_person_is_its_successors(store: SqliteStore) -> None:
    sent(store, create("o1", "bob"))
    store.save_membership(MembershipUpdate(members={2: ("ann", "m")}, redirects={"bob": "ann"}), at=later())
    ((place, (operation,)),) = store.open_creates().items()
    assert (place, operation.id, operation.person_id) == (("ann", "apollo"), "o1", "ann")
    store.begin_run("run-2", "run", later())
    with pytest.raises(StateError):
        store.save_plan("run-2", [create("o2", "ann")], at=later())


def test_open_creates_are_those_under_way_not_those_planned(store: SqliteStore) -> None:
    store.save_plan("run-1", [create("o1"), create("o2", "bob")], at=START)
    assert store.open_creates() == {}
    store.mark_sending([create("o2", "bob")], run_id="run-1", at=later())
    assert set(store.open_creates()) == {("bob", "apollo")}


def test_sending_is_on_record_with_digest_attempt_key_and_time(store: SqliteStore) -> None:
    store.save_plan("run-1", [create("o1")], at=START)
    store.mark_sending([create("o1", digest="sha", attempt=1)], run_id="run-1", at=later())
    kept = only(store)
    assert (kept.state, kept.digest, kept.attempt) == ("sending", "sha", 1)
    assert (kept.sent_at, kept.run_id) == (later(), "run-1")


def test_what_was_never_planned_is_neither_sent_nor_settled(store: SqliteStore) -> None:
    store.save_plan("run-1", [create("o1")], at=START)
    with pytest.raises(StateError):
        store.mark_sending([create("o1"), create("o9", "bob")], run_id="run-1", at=START)
    with pytest.raises(StateError):
        store.save_settled([Settled(operation=create("o9", "bob", state="acked"))], at=START)
    assert only(store).state == "planned"


def test_an_outcome_keeps_operation_record_and_link_together(store: SqliteStore) -> None:
    (operation,) = sent(store, create("o1", digest="sha", attempt=1))
    done = replace(
        operation, state="acked", record_id="77", entry_id="e", message="ok", accepted_key="ann@example.com"
    )
    echo = read("apollo:77", "ann@example.com", first_name="Ann")
    link = tie("ann", base={"first_name": "Ann"}, sent={"first_name": "Ann"}, ours=True)
    store.save_settled([Settled(operation=done, read=echo, link=link)], at=later())
    assert only(store) == done
    (ann,) = store.people(["ann"])
    created = ann.members[-1]
    assert (created.record, created.link) == (echo.record, link)


def test_an_outcome_that_fails_halfway_leaves_no_trace(store: SqliteStore) -> None:
    (operation,) = sent(store, create("o1"))
    done = replace(operation, state="acked", record_id="77")
    with pytest.raises(StateError):
        store.save_settled([Settled(operation=done, read=read("apollo:77"), link=tie("nobody"))], at=later())
    assert only(store).state == "sending"
    assert store.records([ref("apollo:77")]) == {}


def test_a_record_nobody_can_read_is_tied_as_a_blank_one(store: SqliteStore) -> None:
    (operation,) = sent(store, create("o1", provider="datananas"))
    done = replace(operation, state="acked", record_id="ann@example.com")
    store.save_settled([Settled(operation=done, link=tie("ann", sent={"first_name": "Ann"}))], at=later())
    (ann,) = store.people(["ann"])
    assert ann.members[-1].record == Record(ref=ref("datananas:ann@example.com"), contact=Contact())
    assert dict(ann.members[-1].link.sent) == {"first_name": "Ann"}


def test_a_record_that_nobody_has_read_yet_has_the_keys_it_was_created_with(store: SqliteStore) -> None:
    (operation,) = sent(store, create("o1", "bob"))
    store.save_settled(
        [Settled(operation=replace(operation, state="acked", record_id="7"), link=tie("bob"))], at=later()
    )
    assert store.shared_keys(["ann"]) == store.shared_keys(["bob"]) == {"ann@example.com"}
    pull(store, read("apollo:7", "bob@example.com"))
    assert store.shared_keys(["ann"]) == set()


def test_a_create_that_met_somebody_elses_record_leaves_it_with_them(store: SqliteStore) -> None:
    (operation,) = sent(store, create("o1", "ann", "topo"))
    done = replace(operation, state="acked", record_id="2")
    store.save_settled([Settled(operation=done, link=tie("ann", base={"city": "Rome"}))], at=later())
    assert store.person_of(ref("topo:2")) == "bob"
    assert dict(store.people(["bob"])[0].members[0].link.base) == {}


@pytest.mark.parametrize(("email", "name"), [("bobby@example.com", None), ("bob@example.com", "Bobby")])
def test_an_echo_waits_for_matching_only_if_its_keys_or_its_name_changed(
    store: SqliteStore, email: str, name: str | None
) -> None:
    first, second = sent(store, update("o1", "topo:1"), update("o2", "topo:2", "bob"))
    same = read("topo:1", "ann@example.com", mark="2", job_title="COO")
    other = read("topo:2", email, mark="2", first_name=name)
    store.save_settled(
        [
            Settled(operation=replace(first, state="acked"), read=same),
            Settled(operation=replace(second, state="acked"), read=other),
        ],
        at=later(),
    )
    region = store.region()
    assert region is not None
    assert region.dirty == {2}
    assert store.records([ref("topo:1")])[ref("topo:1")].contact.job_title == "COO"


@pytest.mark.parametrize(("told", "kept"), [(None, "UNSUBSCRIBED"), ("OTHER", "OTHER")])
def test_an_answer_to_a_write_ends_no_opt_out_by_leaving_it_out(
    store: SqliteStore, told: str | None, kept: str
) -> None:
    (operation,) = sent(store, update("o1", "topo:1"))
    shown = store.records([ref("topo:1")])[ref("topo:1")]
    pull(store, as_read(replace(shown, opted_out="UNSUBSCRIBED"), mark="2"))
    answer = as_read(replace(shown, opted_out=told), mark="3")
    store.save_settled([Settled(operation=replace(operation, state="acked"), read=answer)], at=later())
    assert store.records([ref("topo:1")])[ref("topo:1")].opted_out == kept
    pull(store, as_read(shown, mark="4"))
    assert store.records([ref("topo:1")])[ref("topo:1")].opted_out is None


def test_a_person_waits_on_until_every_operation_of_the_run_succeeded(store: SqliteStore) -> None:
    first, second, third = sent(store, update("o1", "topo:1"), create("o2"), update("o3", "topo:2", "bob"))
    settle(store, first, "acked", run_id=None)
    assert store.dirty_people() == ["ann", "bob"]
    settle(store, second, "pending")
    assert store.dirty_people() == ["bob"]
    settle(store, third, "refused")
    assert store.dirty_people() == ["bob"]


def test_whoever_waits_for_something_goes_on_waiting_when_a_write_is_verified(store: SqliteStore) -> None:
    (operation,) = sent(store, update("o1", "topo:1"))
    done = settle(store, operation, "acked")
    store.mark_people_dirty(["ann"])
    settle(store, done, "verified")
    assert "ann" in store.dirty_people()


def test_a_failed_operation_makes_its_person_wait_again(store: SqliteStore) -> None:
    (operation,) = sent(store, update("o1", "topo:1"))
    store.settle_people(["ann", "bob"])
    settle(store, operation, "unknown", reason="lost")
    assert store.dirty_people() == ["ann"]


def test_the_trail_holds_names_and_digests_and_never_a_value(store: SqliteStore) -> None:
    (operation,) = sent(store, update("o1", "topo:1"))
    settle(store, operation, "acked")
    ((entry,),) = store.database.raw.execute("SELECT entry FROM audit").fetchall()
    assert '"operation":"o1"' in entry
    assert '"first_name":["' in entry
    assert "Ann" not in entry
    store.check_audit()


@pytest.mark.parametrize(
    "tampering",
    ["UPDATE audit SET entry = replace(entry, 'acked', 'refused')", "DELETE FROM audit WHERE number = 1"],
)
def test_a_trail_that_was_changed_shows(store: SqliteStore, tampering: str) -> None:
    for operation in sent(store, update("o1", "topo:1"), update("o2", "topo:2", "bob")):
        settle(store, operation, "acked")
    with store.database.write("plan") as connection:
        connection.exec_driver_sql(tampering)
    with pytest.raises(StateError, match="audit"):
        store.check_audit()


def test_errors_name_no_value(store: SqliteStore) -> None:
    operation = create("o1", message="secret-canary")
    store.save_plan("run-1", [operation], at=START)
    with pytest.raises(StateError) as caught:
        store.save_plan("run-1", [replace(operation, kind="update")], at=START)
    chain = [caught.value, caught.value.__cause__]
    assert not any("secret-canary" in str(error) or "ann@example.com" in str(error) for error in chain)


def test_intent_outlives_the_process_that_kept_it(home: Home, store: SqliteStore) -> None:
    sent(store, create("o1"))
    store.close()
    with home.open() as again:
        assert [(o.id, o.state) for o in again.operations()] == [("o1", "sending")]


def test_what_was_blocked_stays_until_its_person_is_planned_again(store: SqliteStore) -> None:
    blocked = replace(create("o1"), state="blocked", reason="opted-out")
    store.save_plan("run-1", [blocked], at=START)
    store.save_plan("run-2", [create("o2", "bob")], at=later(), planned_again=["bob"])
    assert [o.id for o in store.operations()] == ["o1", "o2"]
    store.save_plan("run-3", [], at=later(2), planned_again=["ann"])
    assert [o.id for o in store.operations()] == []


def old_ones(store: SqliteStore) -> dict[str, Operation]:
    """Writes of every kind of end, all of them long ago."""
    refusal = replace(update("refused", "topo:1"), message="no")
    ended: dict[str, tuple[Operation, State]] = {
        "done": (
            replace(update("done", "topo:1"), record=Record(ref=ref("topo:1"), contact=Contact())),
            "verified",
        ),
        "made": (create("made", "bob"), "verified"),
        "bulk": (update("bulk", "datananas:3"), "acked"),
        "unshown": (update("unshown", "topo:2", "bob"), "acked"),
        "refused": (refusal, "refused"),
        "lost": (create("lost"), "unknown"),
        "told": (replace(create("told", provider="topo"), kind="exclude"), "verified"),
    }
    for name, operation in zip(ended, sent(store, *(o for o, _ in ended.values())), strict=True):
        settle(store, operation, ended[name][1], message=operation.message)
    return {o.id: o for o in store.operations()}


def test_old_values_are_dropped_of_what_ended_well_and_of_nothing_that_is_still_asked_for(
    store: SqliteStore,
) -> None:
    before = old_ones(store)
    store.drop_values(settled_before=later(3), never_read=["datananas"])
    after = {o.id: o for o in store.operations()}
    assert {name for name, o in after.items() if o != before[name]} == {"done", "made", "bulk"}
    for name in ("done", "bulk"):
        (change,) = after[name].fields.values()
        assert (change.before, change.after, change.source, change.rule) == (None, None, "topo", "changed")
        assert (after[name].contact, after[name].record, after[name].knows_values) == (Contact(), None, False)
    assert (after["done"].state, after["done"].record_id) == ("verified", before["done"].record_id)
    store.check_audit()


def test_values_younger_than_that_stay(store: SqliteStore) -> None:
    before = old_ones(store)
    store.drop_values(settled_before=later(2), never_read=["datananas"])
    assert {o.id: o for o in store.operations()} == before


def test_dropping_again_writes_nothing(store: SqliteStore) -> None:
    old_ones(store)
    store.drop_values(settled_before=later(3), never_read=["datananas"])
    written = store.database.raw.total_changes
    store.drop_values(settled_before=later(3), never_read=["datananas"])
    assert store.database.raw.total_changes == written
