"""Writing to Apollo, directly: each documented fact, and each open question in its other positions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit.faults import Fault
from adapters.toolkit.strict_json import dumps
from sync.change import FieldChange
from sync.codes import StateReason
from sync.errors import AuthError, OutcomeUnknown, RateLimited, Rejected, Unreachable
from tests.apollo.harness import Bench, Silent, bench, create, stage, update

if TYPE_CHECKING:
    from sync.change import Outcome

SLUG = "https://www.linkedin.com/in/lea-martin-xyz"
REASONS = {str(code) for code in StateReason}


def told(outcomes: list[Outcome]) -> list[tuple[str, str | None]]:
    assert all(o.reason is None or o.reason in REASONS for o in outcomes)
    return [(o.state, o.reason) for o in outcomes]


# creates


async def test_a_create_stores_every_field_apollo_can_hold_and_echoes_the_record() -> None:
    table = {"external_id_field": "66ee", "custom_fields": {"lead": "66aa"}, "labels": ["ours"]}
    async with bench(table) as b:
        operation = create(
            1, emails=("lea@x.fr", "l2@x.fr"), job_title="CFO", linkedin_url=SLUG, phone="+33412345678",
            mobile_phone="+33612345678", city="Lyon", country="France", zipcode="69002",
            photo_url="https://x.fr/p.png", variables={"lead": "fair"},
        )  # fmt: skip
        (outcome,) = await b.send(operation)
        assert (outcome.state, outcome.existing) == ("acked", False)
        assert outcome.record is not None
        assert outcome.record.contact == operation.contact
        assert outcome.record.ref.record_id == outcome.record_id == b.server.rows[0]["id"]
        row = b.server.rows[0]
        assert row["typed_custom_fields"] == {"66ee": "person-1", "66aa": "fair"}
        assert row["label_ids"] == [b.server.workspace.labels["ours"]]


async def test_a_hundred_rows_go_in_one_request_and_the_next_in_another() -> None:
    async with bench() as b:
        batches = b.provider.batches([create(n) for n in range(205)])
        assert [len(batch.operations) for batch in batches] == [100, 100, 5]
        outcomes = [o for batch in batches for o in (await b.provider.send(batch, Silent())).outcomes]
        assert {o.state for o in outcomes} == {"acked"}
        assert len({o.record_id for o in outcomes}) == 205
        assert b.server.writes == 3


async def test_the_same_operations_render_the_same_bytes_and_digests() -> None:
    async with bench() as b:
        operations = [create(n) for n in range(3)]
        first, again = b.provider.batches(operations)[0], b.provider.batches(operations)[0]
        assert first.digest == again.digest
        await b.provider.send(first, Silent())
        assert first.digest == hashlib.sha256(dumps(b.bodies("/bulk_create")[0])).hexdigest()


@pytest.mark.parametrize("marked", [True, False])
async def test_shuffled_answers_are_told_apart_by_what_the_rows_hold(marked: bool) -> None:
    async with bench({"external_id_field": "66ee"} if marked else {}, shuffle=True) as b:
        outcomes = await b.send(*[create(n) for n in range(10)])
        emails = {row["id"]: row["email"] for row in b.server.rows}
        assert [emails[o.record_id or ""] for o in outcomes] == [f"lea{n}@exemple.fr" for n in range(10)]


async def test_a_row_in_neither_array_is_unknown_and_the_others_are_acknowledged() -> None:
    async with bench(drop_emails=("lea1@exemple.fr",)) as b:
        outcomes = await b.send(create(0), create(1, last_name="Other"), create(2))
        assert told(outcomes) == [("acked", None), ("unknown", "batch-inconsistent"), ("acked", None)]


async def test_a_broken_echo_leaves_its_own_operation_unknown_and_no_other() -> None:
    async with bench() as b:
        rows = [{"id": "66f1", "email": "lea0@exemple.fr"}, {"id": 5, "email": "lea1@exemple.fr"}]
        answer = json.dumps({"created_contacts": rows, "existing_contacts": []}, separators=("|", ":"))
        b.server.traffic.faults.append(
            Fault("POST", f"{b.server.prefix}/contacts/bulk_create", 1, None, {"body": answer.replace("|", ",")})
        )
        assert told(await b.send(create(0), create(1))) == [("acked", None), ("unknown", "batch-inconsistent")]


async def test_a_match_by_email_comes_back_untouched_and_is_linked_as_existing() -> None:
    async with bench() as b:
        row = b.server.add(email="lea1@exemple.fr", first_name="Léa", title="CEO")
        (outcome,) = await b.send(create(1, job_title="CFO"))
        assert (outcome.state, outcome.existing, outcome.record_id) == ("acked", True, row["id"])
        assert outcome.record is not None
        assert outcome.record.contact.job_title == "CEO"
        assert len(b.server.rows) == 1


async def test_a_match_by_an_additional_email_is_linked() -> None:
    async with bench() as b:
        b.server.add(email="old@x.fr", contact_emails=[{"email": "lea1@exemple.fr"}])
        (outcome,) = await b.send(create(1))
        assert outcome.existing


@pytest.mark.parametrize(
    "row",
    [
        {"organization_name": "Exemple SA", "email": "other@x.fr"},
        {"organization_name": "Exemple SA"},
        {"email": "somebody@exemple.fr"},
    ],
)
async def test_a_match_by_name_and_company_alone_is_doubtful_and_not_linked(row: dict[str, Any]) -> None:
    async with bench() as b:
        made = b.server.add(first_name="Lea", last_name="Martin1", **row)
        (outcome,) = await b.send(create(1))
        assert (outcome.state, outcome.record_id) in {("refused", made["id"]), ("unknown", None)}
        if outcome.state == "refused":
            assert outcome.reason == "match-doubtful"
            assert made["id"] in (outcome.message or "")
        assert len(b.server.rows) == 1


async def test_a_match_with_the_email_but_another_profile_is_doubtful() -> None:
    async with bench() as b:
        b.server.add(email="lea1@exemple.fr", linkedin_url="https://www.linkedin.com/in/somebody-else")
        assert told(await b.send(create(1, linkedin_url=SLUG))) == [("refused", "match-doubtful")]


async def test_a_match_with_a_locked_email_is_doubtful() -> None:
    async with bench() as b:
        b.server.add(
            first_name="Lea", last_name="Martin1", organization_name="Exemple SA",
            email="email_not_unlocked@domain.com",
        )  # fmt: skip
        assert told(await b.send(create(1))) == [("refused", "match-doubtful")]


async def test_a_create_sent_again_meets_the_record_it_made() -> None:
    async with bench({"external_id_field": "66ee"}) as b:
        (first,) = await b.send(create(1))
        (again,) = await b.send(create(1))
        assert (again.record_id, again.existing) == (first.record_id, True)
        assert len(b.server.rows) == 1


@pytest.mark.parametrize("listed", ["created", "existing"])
async def test_a_placeholder_of_a_mailbox_sync_is_merged_whichever_array_lists_it(listed: str) -> None:
    async with bench(placeholders_listed=listed) as b:
        stub = b.server.add(email="lea1@exemple.fr")
        b.server.edit(stub["id"], source="email_import")
        (outcome,) = await b.send(create(1))
        assert (outcome.state, outcome.record_id) == ("acked", stub["id"])
        assert len(b.server.rows) == 1


async def test_a_refused_custom_field_is_told_and_the_contact_is_linked() -> None:
    async with bench({"custom_fields": {"lead": "66aa"}}, known_fields=()) as b:
        (outcome,) = await b.send(create(1, variables={"lead": "fair"}))
        assert outcome.state == "acked"
        assert "66aa" in (outcome.message or "")
        assert outcome.record is not None
        assert outcome.record.contact.variables == {}


async def test_a_picklist_comes_back_as_it_was_sent() -> None:
    async with bench({"custom_fields": {"lead": "66aa"}}, picklists=("66aa",)) as b:
        (outcome,) = await b.send(create(1, variables={"lead": "opt1"}))
        assert outcome.record is not None
        assert outcome.record.contact.variables == {"lead": "opt1"}
        assert b.server.rows[0]["typed_custom_fields"] == {"66aa": ["opt1"]}


async def test_the_echo_shows_what_apollo_made_of_address_and_phone() -> None:
    async with bench() as b:
        (outcome,) = await b.send(create(1, city="St. Denis", country="France", phone="+33412345678;ext=12"))
        assert outcome.record is not None
        contact = outcome.record.contact
        assert (contact.city, contact.country, contact.phone) == ("Saint Denis", "France", "+33412345678")


async def test_numbers_and_lines_that_are_kept_as_sent_read_back_the_same() -> None:
    switches: dict[str, Any] = {"normalise_phones": False, "respell_addresses": False, "parse_addresses": False}
    async with bench(**switches) as b:
        (outcome,) = await b.send(create(1, city="St. Denis", country="France", phone="+33412345678"))
        assert outcome.record is not None
        assert outcome.record.contact.city == "St. Denis"


@pytest.mark.parametrize(
    "action", ["then-status=500", "then-status=502", "reset-after", "garbage", "empty", "cut-body"]
)
async def test_a_create_without_a_readable_answer_is_unknown_and_never_sent_twice(action: str) -> None:
    async with bench() as b:
        b.fault(f"POST /contacts/bulk_create:*:{action}")
        with pytest.raises(OutcomeUnknown):
            await b.send(create(1))
        assert b.server.writes == 1


@pytest.mark.parametrize("action", ["status=500", "status=503", "status=409", "status=408", "reset-before"])
async def test_a_create_that_may_have_been_applied_is_unknown(action: str) -> None:
    async with bench() as b:
        b.fault(f"POST /contacts/bulk_create:*:{action}")
        with pytest.raises(OutcomeUnknown):
            await b.send(create(1))
        assert b.server.writes == 1


async def test_silence_past_the_deadline_is_unknown() -> None:
    async with bench({"deadline_s": 0.15}) as b:
        b.fault("POST /contacts/bulk_create:1:stall=1")
        with pytest.raises(OutcomeUnknown):
            await b.send(create(1))


async def test_a_refusal_before_work_is_told_as_such() -> None:
    async with bench() as b:
        b.fault("POST /contacts/bulk_create:1:status=429,retry-after=3000")
        with pytest.raises(RateLimited):
            await b.send(create(1))
        b.fault("POST /contacts/bulk_update:*:status=403")
        with pytest.raises(AuthError):
            await b.send(update("66f0", job_title="CFO"))
        b.fault("PATCH /contacts/66f0:*:status=401")
        with pytest.raises(AuthError):
            await b.send(update("66f0", phone="+331"))
        unheard = b.reopened(base_url="http://127.0.0.1:1/api/v1")
        with pytest.raises(Unreachable):
            await unheard.send(unheard.batches([create(1)])[0], Silent())


async def test_a_short_429_is_waited_for_and_the_write_sent_once_more() -> None:
    async with bench() as b:
        b.fault("POST /contacts/bulk_create:1:status=429,retry-after=1")
        assert told(await b.send(create(1))) == [("acked", None)]
        assert b.server.writes == 2


# updates


async def added(b: Bench, count: int = 1, **fields: Any) -> list[str]:
    return [b.server.add(**({"email": f"p{n}@x.fr", "title": "CEO"} | fields))["id"] for n in range(count)]


async def test_an_update_sends_changed_fields_only_and_echoes_the_record() -> None:
    async with bench(shuffle=True) as b:
        one, two = await added(b, 2)
        outcomes = await b.send(update(one, 1, job_title="CFO"), update(two, 2, first_name="Ada"))
        assert told(outcomes) == [("acked", None)] * 2
        assert [o.record_id for o in outcomes] == [one, two]
        assert b.bodies("/bulk_update") == [
            {"contact_attributes": [{"id": one, "title": "CFO"}, {"id": two, "first_name": "Ada"}]}
        ]
        assert [row["title"] for row in b.server.rows] == ["CFO", "CEO"]


async def test_a_change_of_one_part_of_the_address_sends_the_whole_line() -> None:
    async with bench() as b:
        (one,) = await added(b, present_raw_address="Paris, France")
        operation = update(one, city="Lyon")
        operation = replace(operation, contact=replace(operation.contact, country="France"))
        (outcome,) = await b.send(operation)
        assert b.server.rows[0]["present_raw_address"] == "Lyon, France"
        assert outcome.record is not None
        assert (outcome.record.contact.city, outcome.record.contact.country) == ("Lyon", "France")


async def test_a_field_is_emptied_with_empty_text() -> None:
    async with bench() as b:
        (one,) = await added(b)
        assert told(await b.send(update(one, job_title=None))) == [("acked", None)]
        assert b.server.rows[0]["title"] is None


@pytest.mark.parametrize("atomic", [True, False])
async def test_the_row_named_as_bad_is_refused_and_the_others_are_sent_again(atomic: bool) -> None:
    async with bench(bulk_update_atomic=atomic) as b:
        made = await added(b, 4)
        operations = [update(contact_id, n, job_title="CFO") for n, contact_id in enumerate(made)]
        bad = {"emails": FieldChange(before=None, after=("no-email",), source="topo", rule="only-changer")}
        operations[1] = replace(operations[1], fields=bad)
        operations[3] = replace(operations[3], record_id="66f0dead")
        outcomes = await b.send(*operations)
        assert [o.state for o in outcomes] == ["acked", "refused", "acked", "refused"]
        assert [row["title"] for row in b.server.rows] == ["CFO", "CEO", "CFO", "CEO"]
        assert b.server.traffic.count("POST", f"{b.server.prefix}/contacts/bulk_update") == 3


async def test_trouble_while_the_others_are_sent_again_leaves_them_unknown() -> None:
    async with bench() as b:
        (one,) = await added(b)
        b.fault("POST /contacts/bulk_update:2:status=500")
        outcomes = await b.send(update(one, 1, job_title="CFO"), update("66f0dead", 2, job_title="CFO"))
        assert told(outcomes) == [("unknown", "outcome-unknown"), ("refused", "rejected")]


async def test_a_refusal_without_a_name_is_for_the_caller_to_cut() -> None:
    async with bench(bulk_update="400") as b:
        (one,) = await added(b)
        with pytest.raises(Rejected) as caught:
            await b.send(update(one, job_title="CFO"))
        assert caught.value.status == 400


async def test_a_job_instead_of_rows_is_an_unknown_outcome() -> None:
    async with bench(job_from=1) as b:
        (one,) = await added(b)
        with pytest.raises(OutcomeUnknown):
            await b.send(update(one, job_title="CFO"))


async def test_custom_fields_that_an_update_does_not_name_are_kept() -> None:
    async with bench({"custom_fields": {"lead": "66aa"}}) as b:
        (one,) = await added(b, typed_custom_fields={"66bb": "theirs"})
        operation = update(one, 1)
        change = FieldChange(before=None, after="fair", source="topo", rule="only-changer")
        await b.send(replace(operation, fields={"variables.lead": change}))
        assert b.server.rows[0]["typed_custom_fields"] == {"66bb": "theirs", "66aa": "fair"}


async def test_phones_and_website_go_by_patch_one_contact_a_request() -> None:
    async with bench({"phones": "patch"}) as b:
        one, two = await added(b, 2, direct_phone="+33400000000")
        outcomes = await b.send(
            update(one, 1, phone="+33412345678", mobile_phone="+33612345678"),
            update(two, 2, company_domain="x.fr"),
        )
        assert told(outcomes) == [("acked", None)] * 2
        first, second = (o.record.contact for o in outcomes if o.record)
        assert (first.phone, first.mobile_phone) == ("+33412345678", "+33612345678")
        assert second.company_domain == "x.fr"
        assert [r.method for r in b.server.traffic.received] == ["PATCH", "PATCH"]


@pytest.mark.parametrize("update_by", ["bulk", "patch"])
async def test_updates_keep_a_contacts_own_lists(update_by: str) -> None:
    async with bench({"update_by": update_by, "labels": ["ours"]}) as b:
        row = b.server.add(email="a@x.fr", labels=("theirs",))
        assert told(await b.send(update(row["id"], job_title="CFO"))) == [("acked", None)]
        assert row["label_ids"] == [b.server.workspace.labels["theirs"]]
        assert row["title"] == "CFO"


@pytest.mark.parametrize(("patch_phone", "numbers"), [("replaces", 1), ("appends", 2)])
async def test_a_patched_phone_that_is_appended_shows_in_the_echo(patch_phone: str, numbers: int) -> None:
    async with bench({"phones": "patch"}, patch_phone=patch_phone) as b:
        (one,) = await added(b, direct_phone="+33400000000")
        (outcome,) = await b.send(update(one, phone="+33412345678"))
        assert outcome.record is not None
        assert len(b.server.rows[0]["phone_numbers"]) == numbers
        expected = "+33412345678" if numbers == 1 else "+33400000000"
        assert outcome.record.contact.phone == expected


@pytest.mark.parametrize(("patch_empty", "left"), [("clears", None), ("ignored", "+33400000000")])
async def test_an_emptied_phone_shows_in_the_echo_whether_it_was_cleared(
    patch_empty: str, left: str | None
) -> None:
    async with bench({"phones": "patch"}, patch_empty=patch_empty) as b:
        (one,) = await added(b, direct_phone="+33400000000")
        (outcome,) = await b.send(update(one, phone=None))
        assert outcome.record is not None
        assert outcome.record.contact.phone == left


async def test_a_patch_of_a_contact_that_is_gone_is_refused() -> None:
    async with bench({"phones": "patch"}) as b:
        (one,) = await added(b)
        b.server.remove(one)
        for contact_id in (one, "66f0dead"):
            with pytest.raises(Rejected) as refused:
                await b.send(update(contact_id, phone="+331"))
            assert refused.value.for_good


# opt-outs


async def test_people_who_opted_out_are_moved_to_the_configured_stage() -> None:
    async with bench({"opt_out_stage_id": "s9", "opt_out_stages": ["s9"]}) as b:
        b.server.workspace.stages["s9"] = "Do not contact"
        made = await added(b, 3)
        outcomes = await b.send(*[stage(contact_id, n) for n, contact_id in enumerate(made)])
        assert told(outcomes) == [("acked", None)] * 3
        assert {row["contact_stage_id"] for row in b.server.rows} == {"s9"}
        assert all(o.record and o.record.opted_out == "UNSUBSCRIBED" for o in outcomes)
        assert b.bodies("/update_stages") == [{}]


async def test_a_contact_that_was_not_moved_is_unknown() -> None:
    async with bench({"opt_out_stage_id": "s9"}) as b:
        b.server.workspace.stages["s9"] = "Do not contact"
        (one,) = await added(b)
        assert told(await b.send(stage(one, 1), stage("66f0dead", 2)))[1] == ("unknown", "batch-inconsistent")


async def test_an_unknown_stage_or_too_many_contacts_are_refused() -> None:
    async with bench({"opt_out_stage_id": "s9"}, stages_max=1) as b:
        one, two = await added(b, 2)
        with pytest.raises(Rejected):
            await b.send(stage(one, 1), stage(two, 2))
        with pytest.raises(Rejected) as refused:
            await b.send(stage(one, 1))
        assert refused.value.for_good is None


async def test_moves_and_patches_have_digests_that_tell_their_contacts_apart() -> None:
    async with bench({"opt_out_stage_id": "s9"}) as b:
        batches = b.provider.batches(
            [stage("a", 1), update("a", 2, phone="+331"), update("b", 3, phone="+331"), stage("b", 4)]
        )
        assert len({batch.digest for batch in batches}) == 4


async def test_kinds_apollo_does_not_have_are_a_fault_of_the_caller() -> None:
    async with bench() as b:
        with pytest.raises(ValueError, match="exclude"):
            b.provider.batches([replace(create(1), kind="exclude")])


async def test_a_create_sets_nothing_off() -> None:
    async with bench() as b:
        assert not (await b.provider.target()).starts_outreach


async def test_personal_data_never_stands_in_errors() -> None:
    async with bench() as b:
        b.fault("POST /contacts/bulk_create:*:status=422,body=" + json.dumps({"error": "lea1@exemple.fr is bad"}))
        with pytest.raises(Rejected) as caught:
            await b.send(create(1))
        assert "lea1" not in str(caught.value)
