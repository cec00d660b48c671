"""What waits for a person, over real servers: what their answer does, now and in the next runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.change import ManualAction
from sync.cli.review_text import Told, as_page
from sync.engine.review import CannotAnswer, find_item
from sync.report.summary import NOTHING, headline
from tests.decisions.desk import accept, desk, only_item, reject, set_value, split, take, waiting, whole
from tests.engine.house import House, at, by_state, crowd, person

if TYPE_CHECKING:
    from sync.engine.review import Item


async def disagree(home: House) -> tuple[str, str]:
    """A title that Topo and Apollo changed to different values."""
    at_topo = home.actors["topo"].create(person(job_title="COO", city="Lyon"))
    at_apollo = home.actors["apollo"].create(person(job_title="COO", city="Lyon"))
    await home.run()
    home.actors["topo"].edit(at_topo, {"job_title": "CEO"})
    home.actors["apollo"].edit(at_apollo, {"job_title": "CFO"})
    await home.run()
    return at_topo, at_apollo


async def test_a_taken_value_stands_everywhere_and_nothing_waits_any_more(home: House) -> None:
    at_topo, _ = await disagree(home)
    item = only_item(home)
    assert item.kind == "field"
    take(home, item, "topo")
    report = await home.run()
    assert {(o.provider, o.state) for o in report.operations} == {("apollo", "verified"), ("datananas", "acked")}
    assert {(name, c.after, c.rule) for o in report.operations for name, c in o.fields.items()} == {
        ("job_title", "CEO", "human")
    }
    assert home.apollo.rows[0]["title"] == "CEO"
    assert report.conflicts == ()
    assert waiting(home) == []
    choice = whole(home, f"topo:{at_topo}").choices["job_title"]
    assert (choice.source, set(choice.losers.values())) == (f"topo:{at_topo}", {"COO", "CFO"})
    assert (await home.run()).operations == ()


async def test_a_typed_value_stands_instead_of_both(home: House) -> None:
    await disagree(home)
    set_value(home, only_item(home), "  Founder ")
    report = await home.run()
    assert [o.fields["job_title"].after for o in at(report, "apollo")] == ["Founder"]
    assert home.apollo.rows[0]["title"] == "Founder"
    assert home.datananas.rows[0]["position"] == "Founder"
    assert (await home.run()).operations == ()


async def test_a_decided_field_goes_on_taking_edits(home: House) -> None:
    at_topo, _ = await disagree(home)
    take(home, only_item(home), "topo")
    await home.run()
    home.actors["topo"].edit(at_topo, {"job_title": "President"})
    await home.run()
    assert home.apollo.rows[0]["title"] == "President"


async def test_a_value_that_cannot_be_one_is_refused(home: House) -> None:
    await disagree(home)
    item = only_item(home)
    with pytest.raises(CannotAnswer, match="no value for job_title"):
        set_value(home, item, " - ")
    with pytest.raises(CannotAnswer, match="no record at nowhere"):
        take(home, item, "nowhere")
    with pytest.raises(CannotAnswer, match="a field needs a value"):
        accept(home, item)


async def test_a_provider_that_shows_nothing_there_is_not_taken_for_a_blank(home: House) -> None:
    at_topo, _ = await disagree(home)
    item = only_item(home)
    home.actors["topo"].edit(at_topo, {"job_title": ""})
    await home.run()
    with pytest.raises(CannotAnswer, match="topo shows no job_title"):
        take(home, item, "topo")
    assert whole(home, f"topo:{at_topo}").contact.job_title == "CFO"


async def test_where_two_records_of_a_provider_do_not_agree_one_of_them_is_named(home: House) -> None:
    one, other = (
        home.actors["apollo"].create(person(emails=(f"ana{number}@oakmere-logistics.com",), job_title="COO"))
        for number in range(2)
    )
    await home.rest()
    home.actors["apollo"].edit(one, {"job_title": "CEO"})
    home.actors["apollo"].edit(other, {"job_title": "CFO"})
    await home.run()
    item = only_item(home)
    with pytest.raises(CannotAnswer, match="records at apollo do not agree on job_title") as refused:
        take(home, item, "apollo")
    assert refused.value.remedy == f"take one of apollo:{one}, apollo:{other}"
    take(home, item, f"apollo:{other}")
    await home.run()
    assert {row["position"] for row in home.datananas.rows} == {"CFO"}


async def vanish(home: House) -> Item:
    """A person known at three providers whose record at Topo is gone."""
    record = home.actors["topo"].create(person())
    for contact in crowd(12):
        home.actors["topo"].create(contact)
    await home.run()
    home.topo.remove(record)
    home.clock.advance(hours=25)
    report = await home.run()
    assert [h.kind for h in report.holds] == ["disappeared"]
    return only_item(home)


async def test_an_accepted_disappearance_is_for_good_and_lists_the_other_providers(home: House) -> None:
    accept(home, await vanish(home))
    report = await home.run()
    assert report.operations == ()
    assert len(home.topo.rows) == 12
    assert [(a.provider, a.action) for a in report.manual_actions] == [
        ("apollo", "delete"),
        ("datananas", "delete"),
    ]
    home.clock.advance(hours=25)
    assert (await home.run()).holds == ()


async def test_a_rejected_disappearance_allows_one_create_there(home: House) -> None:
    reject(home, await vanish(home))
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "topo")] == [("create", "verified")]
    (row,) = [r for r in home.topo.rows if r["email"] == person().emails[0]]
    home.topo.remove(row["id"])
    home.clock.advance(hours=25)
    again = await home.run()
    assert at(again, "topo") == []
    assert [h.record_id for h in again.holds] == [row["id"]]


async def test_a_thing_done_by_hand_is_ticked_off_once(home: House) -> None:
    accept(home, await vanish(home))
    for item in waiting(home):
        accept(home, item)
    assert waiting(home) == []
    with desk(home) as session:
        assert find_item(session.store, "todo-aaaaaaaa") is None


async def test_a_thing_to_do_by_hand_takes_no_value_and_tells_that_it_can_be_ticked_off(home: House) -> None:
    accept(home, await vanish(home))
    item = next(i for i in waiting(home) if isinstance(i.finding, ManualAction))
    for answer in (take, set_value):
        with pytest.raises(CannotAnswer, match="is no field with several values") as refused:
            answer(home, item, "topo")
        assert refused.value.remedy == f"`contact-sync review accept {item.id}`"


async def test_who_was_deleted_by_hand_is_not_brought_back_by_a_later_edit_elsewhere(home: House) -> None:
    accept(home, await vanish(home))
    (sold,) = [r for r in home.datananas.rows if r["email"] == person().emails[0]]
    home.datananas.remove(sold["_id"])
    (done,) = [
        i for i in waiting(home) if isinstance(i.finding, ManualAction) and i.finding.provider == "datananas"
    ]
    accept(home, done)
    (row,) = [r for r in home.apollo.rows if r["email"] == person().emails[0]]
    home.actors["apollo"].edit(row["id"], {"job_title": "Chair"})
    report = await home.run()
    assert at(report, "datananas") == []
    assert [r for r in home.datananas.rows if r["email"] == person().emails[0]] == []


async def test_who_was_deleted_by_hand_and_is_there_after_all_is_synchronised_again(home: House) -> None:
    accept(home, await vanish(home))
    (done,) = [i for i in waiting(home) if isinstance(i.finding, ManualAction) and i.finding.provider == "apollo"]
    accept(home, done)
    (row,) = [r for r in home.apollo.rows if r["email"] == person().emails[0]]
    home.actors["apollo"].edit(row["id"], {"job_title": "Chair"})
    report = await home.run()
    assert [o.fields["job_title"].after for o in at(report, "datananas")] == ["Chair"]
    assert report.holds == ()


async def test_a_disappearance_that_was_announced_by_hand_is_not_asked_about(home: House) -> None:
    accept(home, await vanish(home))
    for item in waiting(home):
        accept(home, item)
    (row,) = [r for r in home.apollo.rows if r["email"] == person().emails[0]]
    home.apollo.remove(row["id"])
    home.clock.advance(hours=25)
    assert (await home.run()).holds == ()


async def suspect(home: House) -> Item:
    """Two people whose records share an email and whose names disagree."""
    home.actors["topo"].create(person("Ana Diaz", linkedin_url=None))
    home.actors["apollo"].create(person("Robert Klein", emails=person().emails, linkedin_url=None))
    await home.run()
    (item,) = [i for i in waiting(home) if i.kind == "pair"]
    return item


async def test_an_accepted_pair_is_one_person_and_never_asked_about_again(home: House) -> None:
    accept(home, await suspect(home))
    report = await home.run()
    assert report.people.total == 1
    assert [i.kind for i in waiting(home)] == []
    assert headline(await home.run()) == NOTHING


async def test_a_rejected_pair_stays_two_and_is_never_asked_about_again(home: House) -> None:
    item = await suspect(home)
    reject(home, item)
    for row in home.topo.rows:
        home.actors["topo"].edit(row["id"], {"job_title": "COO"})
    report = await home.run()
    assert report.suspected_duplicates == ()
    assert report.people.total == 2
    assert [i.kind for i in waiting(home)] == []


async def test_a_split_plans_back_the_value_it_had_overwritten(home: House) -> None:
    at_topo = home.actors["topo"].create(person(job_title="COO"))
    at_apollo = home.actors["apollo"].create(person(job_title="Clerk"))
    await home.run()
    assert home.apollo.rows[0]["title"] == "COO"
    split(home, f"topo:{at_topo}", f"apollo:{at_apollo}")
    assert whole(home, f"apollo:{at_apollo}").contact.job_title == "Clerk"
    report = await home.run()
    assert [(o.kind, o.fields["job_title"].after) for o in at(report, "apollo", "update")] == [("update", "Clerk")]
    assert home.apollo.rows[0]["title"] == "Clerk"
    assert [row["job_title"] for row in home.topo.rows] == ["COO"]
    assert by_state(await home.run()) == {}


async def test_a_change_by_hand_that_is_no_longer_wished_is_not_asked_for(home: House) -> None:
    home.without("datananas")
    apollo = home.actors["apollo"].create(person())
    await home.rest()
    known, *_ = home.apollo.rows[0]["contact_emails"]
    for email, asked in (("ana@new.com", ["change-emails"]), (known["email"], [])):
        home.apollo.edit(apollo, email=email, contact_emails=[known | {"email": email}])
        home.clock.advance(hours=1)
        report = await home.run()
        assert [action.action for action in report.manual_actions] == asked


async def test_another_change_of_the_key_that_an_upsert_matches_on_is_listed_again(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    record = home.actors["apollo"].create(person())
    await home.run()
    for address in ("ana@new.com", "ana@third.com"):
        listed = [{"email": address, "position": 0, "email_status": None}]
        home.apollo.edit(record, email=address, contact_emails=listed)
        home.clock.advance(hours=1)
        await home.run()
        accept(home, only_item(home))
        assert waiting(home) == []


async def test_a_change_by_hand_tells_the_value_that_is_wished(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    record = home.actors["apollo"].create(person())
    await home.run()
    listed = [{"email": "ana@new.com", "position": 0, "email_status": None}]
    home.apollo.edit(record, email="ana@new.com", contact_emails=listed)
    home.clock.advance(hours=1)
    await home.run()
    item = only_item(home)
    with desk(home) as session:
        for values, told in ((True, "ana@new.com"), (False, "a…@n….com")):
            assert f"  emails there is to be: {told}" in as_page(Told(session.store, values=values).page(item))


async def test_what_was_asked_for_before_can_no_longer_be_ticked_off_by_its_name(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    record = home.actors["apollo"].create(person())
    await home.run()
    asked = []
    for address in ("ana@new.com", "ana@third.com"):
        home.apollo.edit(record, email=address, contact_emails=[{"email": address, "position": 0}])
        home.clock.advance(hours=1)
        await home.run()
        await home.run()
        asked.append(only_item(home).id)
    first, second = asked
    assert first != second
    with desk(home) as session:
        assert find_item(session.store, first) is None
        assert find_item(session.store, second) is not None


async def test_a_key_changed_by_hand_as_asked_is_the_one_that_updates_go_by(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    record = home.actors["apollo"].create(person(job_title="CFO"))
    await home.run()
    listed = [{"email": "ana@new.com", "position": 0, "email_status": None}]
    home.apollo.edit(record, email="ana@new.com", contact_emails=listed)
    home.clock.advance(hours=1)
    await home.run()
    home.actors["datananas"].edit(home.datananas.rows[0]["_id"], {"emails": "ana@new.com"})
    accept(home, only_item(home))
    home.actors["apollo"].edit(record, {"job_title": "CEO"})
    home.clock.advance(hours=1)
    await home.run()
    assert [(row["email"], row["position"]) for row in home.datananas.rows] == [("ana@new.com", "CEO")]


@pytest.mark.parametrize("named", ["datananas", "record"])
async def test_a_provider_that_changed_nothing_and_cannot_be_read_is_not_taken(home: House, named: str) -> None:
    at_topo, _ = await disagree(home)
    item = only_item(home)
    (sink,) = [m for m in whole(home, f"topo:{at_topo}").members if m.record.ref.provider == "datananas"]
    with pytest.raises(CannotAnswer, match=r"did not change job_title, and nobody can read"):
        take(home, item, named if named == "datananas" else str(sink.record.ref))
    assert only_item(home) == item
