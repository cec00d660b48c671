"""An opt-out in an export is the no of whom its row names, and a released one stays released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.engine import ledger
from tests.decisions.desk import desk
from tests.engine.house import at, person
from tests.engine.test_exports import ANA, bring, later

if TYPE_CHECKING:
    from sync.engine.imports import Imported
    from tests.engine.house import House


def export(home: House, text: str) -> Imported:
    """The export, of an hour later, is taken in for Datananas."""
    return bring(home, "datananas", text, as_of=later(home, hours=1))


async def test_a_no_of_a_record_that_is_named_by_its_id_alone_is_its_persons(home: House) -> None:
    home.without("topo")
    export(home, f"record_id,email\n7,{ANA}\n")
    imported = export(home, "record_id,opted_out\n7,UNSUBSCRIBED\n")
    assert (imported.opt_outs, imported.bad_rows) == (1, ())
    assert [o.reason for o in at(await home.run(), "apollo", "create")] == ["opted-out"]
    assert home.apollo.rows == []


async def test_a_no_counts_for_the_address_that_its_record_shows_here_also_where_its_row_shows_another_one(
    home: House,
) -> None:
    home.without("datananas")
    record = home.actors["apollo"].create(person())
    as_of = home.clock.now()
    await home.run(providers=("apollo",))
    text = f"record_id,email,opted_out\n{record},ana@former.com,yes\n"
    imported = bring(home, "apollo", text, as_of=as_of)
    assert (imported.older, imported.opt_outs) == (1, 1)
    assert [o.reason for o in at(await home.run(), "topo", "create")] == ["opted-out"]


async def test_a_no_of_a_row_we_made_is_its_persons_under_the_id_that_an_export_told(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    home.configure("apollo", create=False)
    home.actors["apollo"].create(person())
    await home.run()
    export(home, f"record_id,email\n7,{ANA}\n")
    assert export(home, "record_id,opted_out\n7,yes\n").opt_outs == 1


def test_a_no_of_a_record_without_a_key_is_its_persons(home: House) -> None:
    export(home, f"record_id,email\n7,{ANA}\n")
    export(home, "record_id,email,first_name\n7,,Ana\n")
    assert export(home, "record_id,opted_out\n7,yes\n").opt_outs == 1


def test_a_no_that_is_nobodys_is_a_bad_row(home: House) -> None:
    imported = export(home, f"record_id,email,opted_out\n7,{ANA},\n8,,yes\n9,not an address,yes\n")
    why = "an opt-out without an email or profile that can be read, of a record that is not known here by one"
    assert (imported.records, imported.opt_outs) == (1, 0)
    assert imported.bad_rows == ((3, why), (4, why))


def test_a_no_of_a_known_record_counts_although_its_row_is_bad(home: House) -> None:
    export(home, f"record_id,email\n7,{ANA}\n")
    imported = export(home, f"record_id,city,opted_out\n7,{'x' * 110_000},yes\n")
    assert (imported.opt_outs, [line for line, _ in imported.bad_rows]) == (1, [2])


def no(cell: str = "UNSUBSCRIBED", *, title: str = "CFO") -> str:
    """Ana's row of an export, whose cell says so."""
    return f"record_id,email,job_title,opted_out\n7,{ANA},{title},{cell}\n"


def release(home: House) -> None:
    with desk(home) as session:
        assert ledger.release(session, ANA, "Eve", "asked again")[0] >= 1


def in_force(home: House) -> int:
    """How many opt-outs cover Ana."""
    with desk(home) as session:
        return len(session.opt_outs.entries([f"email:{ANA}"]))


@pytest.mark.parametrize("header", ["record_id,email", "job_title,email"])
def test_a_released_no_does_not_come_back_with_the_next_exports(home: House, header: str) -> None:
    for title in ("CFO", "COO"):
        export(home, f"{header},city,opted_out\n7,{ANA},{title},yes\n")
    release(home)
    for title in ("CEO", "CIO"):
        assert export(home, f"{header},city,opted_out\n7,{ANA},{title},yes\n").opt_outs == 0
    assert in_force(home) == 0


def test_a_released_no_of_a_row_we_made_does_not_come_back(home: House) -> None:
    export(home, f"email,opted_out\n{ANA},yes\n")
    release(home)
    assert export(home, f"email,opted_out,city\n{ANA},yes,Lyon\n").opt_outs == 0


def test_a_no_that_is_said_anew_after_a_release_counts(home: House) -> None:
    export(home, no())
    release(home)
    assert export(home, no("")).opt_outs == 0
    assert export(home, no(title="COO")).opt_outs == 1
    assert in_force(home) == 1


def test_an_export_without_that_column_does_not_make_the_next_no_a_new_one(home: House) -> None:
    export(home, no())
    release(home)
    export(home, f"record_id,email\n7,{ANA}\n")
    assert export(home, no(title="COO")).opt_outs == 0


def test_another_reason_after_a_release_counts(home: House) -> None:
    export(home, no())
    release(home)
    assert export(home, no("BOUNCED")).opt_outs == 1


def test_a_no_under_one_id_at_two_providers_is_two(home: House) -> None:
    export(home, no())
    text = "record_id,email,opted_out\n7,bo@ex.org,UNSUBSCRIBED\n"
    assert bring(home, "apollo", text, as_of=home.clock.now()).opt_outs == 1


def test_the_ledger_tells_no_address_that_names_a_record(home: House) -> None:
    export(home, f"email,opted_out\n{ANA},yes\n")
    assert ANA not in (home.folder / "state" / "opt-outs.ledger").read_text()


async def test_what_a_provider_that_can_be_read_shows_of_opt_outs_outlives_its_export(home: House) -> None:
    home.without("datananas")
    record = home.actors["apollo"].create(person())
    home.actors["apollo"].opt_out(person(), "UNSUBSCRIBED")
    await home.run()
    release(home)
    bring(home, "apollo", f"record_id,email\n{record},{ANA}\n", as_of=later(home, hours=1))
    home.clock.advance(hours=25)
    await home.run()
    assert in_force(home) == 0
