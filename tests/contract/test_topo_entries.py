"""Topo's adapter against its sandbox: lists looked at and entries written, fact by fact.

Sources: https://docs.topo.io/api-reference/contact-lists, …/contacts/create-contact-entries.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit import strict_json
from sync.contact import Contact
from sync.errors import Rejected
from tests.topo.harness import change, create, ids, pages, people, running, send

if TYPE_CHECKING:
    from adapters.topo.provider import Topo
    from adapters.topo.sandbox import TopoSandbox
    from sync.change import Outcome
    from sync.record import Record

PROFILE = "https://www.linkedin.com/in/ana"


def posted(box: TopoSandbox) -> list[dict[str, Any]]:
    """The items of every entries request."""
    bodies = [r.body for r in box.traffic.received if r.method == "POST" and r.path == "/v1/contact-entries"]
    return [item for body in bodies for item in body["items"]]


async def only_record(topo: Topo) -> Record:
    (page,) = await pages(topo)
    (found,) = page.records
    return found


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


# the list -------------------------------------------------------------------------------------------------------


async def test_a_list_without_default_sequence_writes_to_nobody() -> None:
    async with running() as (box, topo):
        target = await topo.target()
        assert (target.starts_outreach, target.reason) == (False, "")
        await send(topo, create("ana"))
        assert box.enrolled == []


async def test_a_default_sequence_is_seen_right_before_a_create_and_told() -> None:
    async with running() as (box, topo):
        await topo.open()
        box.lists[box.list_id]["default_sequence_template_id"] = "s1"
        target = await topo.target()
        assert (target.starts_outreach, target.outreach_allowed) == (True, False)
        assert "s1" in target.reason
        assert box.enrolled == []


async def test_a_default_sequence_that_is_allowed_is_still_told() -> None:
    async with running({"allow_sequence_enrolment": True}, default_sequence="s1") as (_, topo):
        target = await topo.target()
        assert (target.starts_outreach, target.outreach_allowed) == (True, True)
        assert "s1" in target.reason
        assert target.reason in (await topo.open()).problems


async def test_the_sandbox_counts_who_would_have_been_written_to() -> None:
    async with running(default_sequence="s1") as (box, topo):
        await send(topo, create("ana"), create("bob"))
        await send(topo, create("ana"))
        assert [entry["email"] for entry in box.enrolled] == ["ana@corp.com", "bob@corp.com"]


async def test_a_list_that_went_away_is_named_with_the_key_to_change() -> None:
    async with running() as (box, topo):
        box.lists.clear()
        with pytest.raises(Rejected) as gone:
            await topo.target()
        assert "contact_list_id" in str(gone.value.remedy)


async def test_without_a_list_there_is_no_target_to_look_at() -> None:
    async with running({"contact_list_id": ""}) as (box, topo):
        assert "contact_list_id" in " ".join((await topo.open()).problems)
        assert not topo.capabilities.effects_at_target
        assert not (await topo.target()).starts_outreach
        assert box.traffic.count("GET", "/v1/contact-lists/") == 0


# creates --------------------------------------------------------------------------------------------------------


async def test_every_field_of_an_entry_is_sent_and_the_contact_is_tied() -> None:
    async with running() as (box, topo):
        contact = Contact(
            emails=("Ana@corp.com", "second@corp.com"), first_name="Ana", last_name="Diaz", job_title="COO",
            linkedin_url=PROFILE, phone="+33612345678", city="Lyon", company_name="Corp",
            company_domain="corp.com",
        )  # fmt: skip
        (outcome,) = await send(topo, replace(create("ana"), contact=contact))
        assert posted(box) == [
            {
                "contact_list_id": box.list_id, "email": "Ana@corp.com", "first_name": "Ana", "last_name": "Diaz",
                "job_title": "COO", "linkedin_url": PROFILE, "phone": "+33612345678", "company_name": "Corp",
                "company_domain": "corp.com",
            }
        ]  # fmt: skip
        assert (outcome.state, outcome.operation_id) == ("acked", "op-ana")
        (stored,) = box.rows
        assert outcome.record_id == stored["id"]
        assert stored["phone_number"] == "+33612345678"


async def test_a_hundred_entries_go_in_one_request_and_the_digest_is_that_of_its_body() -> None:
    async with running() as (box, topo):
        batches = topo.batches([create(f"p{number}") for number in range(101)])
        assert [len(batch.operations) for batch in batches] == [100, 1]
        assert [b.digest for b in topo.batches(batches[0].operations)] == [batches[0].digest]
        assert states(await send(topo, *batches[0].operations)) == ["acked"] * 100
        (body,) = [r.body for r in box.traffic.received if r.method == "POST"]
        assert hashlib.sha256(strict_json.dumps(body)).hexdigest() == batches[0].digest


async def test_kinds_do_not_share_a_request_and_order_is_kept() -> None:
    async with running() as (box, topo):
        people(box, 1)
        found = await only_record(topo)
        update = change("update", found, job_title="COO")
        kinds = [batch.kind for batch in topo.batches([update, create("ana"), update])]
        assert kinds == ["update", "create", "update"]


async def test_a_bad_item_is_refused_by_name_and_the_others_are_stored() -> None:
    async with running() as (box, topo):
        bad = create("bad", emails=("no address at all",))
        outcomes = await send(topo, create("ana"), bad, create("bob"))
        assert states(outcomes) == ["acked", "refused", "acked"]
        assert outcomes[1].reason == "rejected"
        assert "ValidationIssue" in str(outcomes[1].message)
        assert len(box.entries) == 2


async def test_a_person_without_email_and_profile_is_refused_unsent() -> None:
    async with running() as (box, topo):
        assert states(await send(topo, create("ana"), create("x", first_name="Nameless"))) == ["acked", "refused"]
        assert states(await send(topo, create("y", first_name="Nobody"))) == ["refused"]
        assert len(posted(box)) == 1


async def test_a_whole_request_that_is_refused_wrote_nothing_and_may_be_cut_in_halves() -> None:
    async with running(atomic=True) as (box, topo):
        operations = [create("ana"), create("bad", emails=("nothing",))]
        with pytest.raises(Rejected) as refused:
            await send(topo, *operations)
        assert refused.value.status == 400
        assert "nothing" not in str(refused.value)
        assert box.entries == {}
        assert states(await send(topo, operations[0])) == ["acked"]


async def test_indexes_failures_and_missing_contacts_are_understood_in_their_other_forms() -> None:
    async with running(index_text=True, failed_shows=True, no_contact="empty", resolve="never") as (_, topo):
        outcomes = await send(topo, create("ana"), create("bad", emails=("nothing",)), create("bob"))
        assert states(outcomes) == ["pending", "refused", "pending"]


@pytest.mark.parametrize("name", ["status", "outcome", "result", "action", "brandNew", ""])
@pytest.mark.parametrize("base", [0, 1])
async def test_items_are_understood_whatever_their_status_is_called_and_where_they_count_from(
    name: str, base: int
) -> None:
    async with running(status_field=name, index_base=base) as (_, topo):
        outcomes = await send(topo, create("ana"), create("bad", emails=("nothing",)), create("bob"))
        assert states(outcomes) == ["acked", "refused", "acked"]


@pytest.mark.parametrize("match", ["insert", "email", "linkedin_url", "list_email"])
async def test_sending_again_after_a_lost_answer_is_taken_whatever_entries_are_matched_by(match: str) -> None:
    async with running(entry_match=match) as (box, topo):
        one = create("ana", emails=("ana@corp.com",), linkedin_url=PROFILE)
        first, again = await send(topo, one), await send(topo, one)
        assert first[0].record_id == again[0].record_id
        assert len(box.entries) == (2 if match == "insert" else 1)


async def test_two_people_with_one_key_never_share_a_request() -> None:
    async with running() as (_, topo):
        twice = [create("ana"), create("ana2", emails=("ANA@corp.com",))]
        assert len(topo.batches(twice)) == 2


# resolution -----------------------------------------------------------------------------------------------------


async def test_an_entry_without_contact_is_pending_until_a_read_shows_it() -> None:
    async with running(resolve="after_reads=2") as (_, topo):
        (outcome,) = await send(topo, create("ana"))
        assert (outcome.state, outcome.record_id) == ("pending", None)
        assert outcome.entry_id
        assert topo.reader is not None
        wanted = create("ana").contact
        assert [len(await topo.reader.find(wanted)) for _ in range(3)] == [0, 0, 1]


async def test_an_entry_may_never_become_a_contact() -> None:
    async with running(resolve="never") as (_, topo):
        assert states(await send(topo, create("ana"))) == ["pending"]
        assert ids(await pages(topo)) == []


async def test_an_entry_may_become_a_contact_after_a_while() -> None:
    async with running(resolve="seconds=60") as (box, topo):
        now = datetime.now(UTC)
        box.now = lambda: now
        await send(topo, create("ana"))
        assert ids(await pages(topo)) == []
        box.now = lambda: now + timedelta(seconds=61)
        assert len(ids(await pages(topo))) == 1


async def test_an_entry_whose_email_was_enriched_away_is_found_through_its_entry() -> None:
    switches = {"enriched": {"email": "a.diaz@corp.com"}, "entries_listable": True}
    async with running({"look_up_entries": True}, **switches) as (_, topo):
        (outcome,) = await send(topo, create("ana"))
        assert topo.reader is not None
        (found,) = await topo.reader.find(create("ana").contact)
        assert found.ref.record_id == outcome.record_id
        assert found.contact.email == "a.diaz@corp.com"


async def test_entries_that_cannot_be_read_are_looked_up_in_vain_without_an_error() -> None:
    async with running({"look_up_entries": True}, resolve="never") as (box, topo):
        await send(topo, create("ana"))
        assert topo.reader is not None
        assert await topo.reader.find(create("ana").contact) == ()
        assert box.traffic.count("GET", "/v1/contact-entries") == 1


async def test_two_entries_with_one_email_may_become_two_contacts() -> None:
    async with running(entry_match="insert", contact_unique="none") as (_, topo):
        await send(topo, create("ana"))
        await send(topo, create("ana"))
        assert topo.reader is not None
        assert len(await topo.reader.find(create("ana").contact)) == 2


# updates by entry -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [{}, {"null_blanks": True}, {"omission_blanks": True}])
async def test_an_update_changes_its_field_and_blanks_nothing(switches: dict[str, Any]) -> None:
    async with running(**switches) as (box, topo):
        await send(topo, create("ana", emails=("Ana@corp.com",), first_name="Ana", job_title="CFO", phone="+331"))
        found = await only_record(topo)
        (outcome,) = await send(topo, change("update", found, job_title="COO"))
        assert (outcome.state, outcome.record_id) == ("acked", found.ref.record_id)
        assert posted(box)[-1]["email"] == "Ana@corp.com"
        after = (await only_record(topo)).contact
        assert after == replace(found.contact, job_title="COO")
        assert len(box.entries) == 1


async def test_an_update_may_be_acknowledged_and_not_show() -> None:
    async with running(entry_updates_contact=False) as (_, topo):
        await send(topo, create("ana"))
        found = await only_record(topo)
        assert states(await send(topo, change("update", found, job_title="COO"))) == ["acked"]
        assert (await only_record(topo)).contact.job_title is None


async def test_an_update_of_somebody_who_is_not_in_the_list_adds_them_there() -> None:
    async with running() as (box, topo):
        people(box, 1)
        found = await only_record(topo)
        assert states(await send(topo, change("update", found, job_title="COO"))) == ["acked"]
        assert [entry["contact_id"] for entry in box.entries.values()] == [found.ref.record_id]
