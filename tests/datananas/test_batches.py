"""Batches: deterministic, in order, and no two rows of one person together."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.datananas.provider import SPEC, Datananas, import_names
from adapters.datananas.settings import FIELD_MAP
from sync.contact import Contact
from sync.errors import ConfigError
from tests.datananas.harness import Seen, create, creates, opening, person, settings, update

if TYPE_CHECKING:
    from sync.change import Batch, Operation
    from sync.ports import Provider


def provider(**changes: Any) -> Datananas:
    return Datananas(settings(**changes), opening({"DATANANAS_TOKEN": "t0ken-t0ken"}))


def rows(batch: Batch) -> list[dict[str, Any]]:
    assert isinstance(batch.wire, bytes)
    found: list[dict[str, Any]] = json.loads(batch.wire)["contacts"]
    return found


def emails(batches: list[Batch]) -> list[list[str]]:
    return [[row["email"] for row in rows(batch)] for batch in batches]


def test_it_is_a_provider() -> None:
    made: Provider = provider()
    assert made.reader is None
    assert made.opt_out_list is None
    assert SPEC.card()["name"] == "datananas"


def test_a_batch_is_never_larger_than_the_settings_say() -> None:
    sizes = [len(batch.operations) for batch in provider(batch_size=4).batches(creates(10))]
    assert sizes == [4, 4, 2]


def test_the_same_operations_give_the_same_digests_of_the_body() -> None:
    first, second = provider().batches(creates(3)), provider().batches(creates(3))
    assert [b.digest for b in first] == [b.digest for b in second]
    assert isinstance(first[0].wire, bytes)
    assert first[0].digest == hashlib.sha256(first[0].wire).hexdigest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person(emails=("Ana@Ex.org",)), person(emails=("ana@ex.org",))),
        (person(1, emails=("a@ex.org", "b@ex.org")), person(2, emails=("c@ex.org", "B@ex.org"))),
        (
            person(1, linkedin_url="https://www.linkedin.com/in/ana-diaz"),
            person(2, linkedin_url="http://linkedin.com/in/Ana-Diaz/"),
        ),
    ],
)
def test_a_second_row_of_one_person_goes_into_the_next_batch(one: Contact, other: Contact) -> None:
    operations = [create(one, "a"), create(other, "b"), create(person(9), "c")]
    batches = provider().batches(operations)
    assert [[o.id[0] for o in batch.operations] for batch in batches] == [["a", "c"], ["b"]]


def test_a_later_row_never_overtakes_an_earlier_one_of_the_same_person() -> None:
    first = create(person(emails=("a@ex.org",)), "1")
    second = create(person(emails=("a@ex.org", "b@ex.org")), "2")
    third = create(person(emails=("b@ex.org",)), "3")
    batches = provider().batches([first, second, third])
    assert [[o.id[0] for o in batch.operations] for batch in batches] == [["1"], ["2"], ["3"]]


def test_kinds_are_not_mixed() -> None:
    operations: list[Operation] = [create(person(1)), update(person(2), city="Lyon"), create(person(3))]
    assert [batch.kind for batch in provider().batches(operations)] == ["create", "update"]


async def test_a_row_without_any_key_is_refused_without_a_request() -> None:
    made = provider()
    batches = made.batches([create(person(1)), create(Contact(first_name="Ana"))])
    assert len(batches) == 2
    result = await made.send(batches[1], Seen())
    assert [(o.state, o.reason) for o in result.outcomes] == [("refused", "no-key")]
    assert made.requests.write == 0


async def test_a_real_account_needs_confirmed_field_names() -> None:
    table = settings(base_url="https://api.datananas.com", stream_url="wss://api.datananas.com")
    made = Datananas(table, opening({"DATANANAS_TOKEN": "t0ken-t0ken"}))
    with pytest.raises(ConfigError) as caught:
        await made.open()
    assert "field_map_confirmed = true" in str(caught.value.remedy)
    confirmed = Datananas(
        table.model_copy(update={"field_map_confirmed": True}), opening({"DATANANAS_TOKEN": "t0ken-t0ken"})
    )
    assert (await confirmed.open()).problems == ()


async def test_a_provider_that_is_not_written_needs_neither_token_nor_confirmation() -> None:
    table = settings(base_url="https://api.datananas.com", write=False)
    assert (await Datananas(table, opening({})).open()).problems == ()


async def test_a_rehearsal_never_takes_its_token_to_another_machine() -> None:
    made = provider(stream_url="wss://api.datananas.com")
    (batch,) = made.batches(creates(1))
    with pytest.raises(ConfigError, match="stream_url is not"):
        await made.send(batch, Seen())


async def test_a_token_that_has_ended_is_told() -> None:
    ended = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE1MDAwMDAwMDB9.c2ln"
    made = Datananas(settings(), opening({"DATANANAS_TOKEN": ended}))
    (problem,) = (await made.open()).problems
    assert "2017-07-14" in problem
    assert ended not in problem


async def test_nothing_starts_outreach_there() -> None:
    assert not (await provider().target()).starts_outreach


async def test_a_missing_secret_stops_the_opening() -> None:
    def secret(reference: str) -> Any:
        raise ConfigError(f"{reference} is not set")

    made = Datananas(settings(), replace(opening({}), secret=secret))
    with pytest.raises(ConfigError, match="DATANANAS_TOKEN is not set"):
        await made.open()


def test_the_headers_of_exports_are_the_mapped_names() -> None:
    names = import_names(settings(field_map={"job_title": "jobTitle", "city": ""}))
    assert names["jobTitle"] == "job_title"
    assert names["email"] == "emails"
    assert "city" not in names
    assert len(names) == len(FIELD_MAP) - 1
