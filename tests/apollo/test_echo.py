from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.apollo.contacts import parse_contact
from adapters.apollo.echo import AMBIGUOUS, Echo, correlate, same_person
from adapters.apollo.mapping import to_create
from adapters.apollo.settings import ApolloSettings
from sync.contact import Contact
from tests.apollo.harness import create

if TYPE_CHECKING:
    import random

PLAIN = ApolloSettings(auth="x-api-key")
MARKED = ApolloSettings(auth="x-api-key", external_id_field="66ee")
SLUG = "https://www.linkedin.com/in/lea-martin-xyz"
OTHER_SLUG = "https://www.linkedin.com/in/somebody-else"
OPAQUE = "ACoAA" + "b" * 34


def echo(row_id: str, *, existing: bool = False, **fields: Any) -> Echo:
    return Echo(row=parse_contact({"id": row_id} | fields, "$"), existing=existing)


@given(st.integers(1, 12), st.randoms(use_true_random=False), st.booleans())
def test_every_row_finds_its_operation_whatever_the_order(count: int, order: random.Random, marked: bool) -> None:
    settings = MARKED if marked else PLAIN
    operations = [create(n) for n in range(count)]
    rows = [echo(f"66f{n}", **to_create(o.contact, o.person_id, settings)) for n, o in enumerate(operations)]
    order.shuffle(rows)
    found = correlate(operations, rows, settings)
    assert all(isinstance(m := found[f"op{n}"], Echo) and m.row.id == f"66f{n}" for n in range(count))


def test_the_external_id_outranks_the_email() -> None:
    rows = [
        echo("66f1", email="lea2@exemple.fr", typed_custom_fields={"66ee": "person-1"}),
        echo("66f2", email="lea1@exemple.fr", typed_custom_fields={"66ee": "person-2"}),
    ]
    found = correlate([create(1), create(2)], rows, MARKED)
    assert [m.row.id for m in found.values() if isinstance(m, Echo)] == ["66f1", "66f2"]


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "LEA1@Exemple.fr"},
        {"email": "x@y.fr", "contact_emails": [{"email": "lea1@exemple.fr", "position": 1}]},
        {"linkedin_url": "http://linkedin.com/in/Lea-Martin-XYZ/"},
        {"first_name": "léa", "last_name": "MARTIN1", "organization_name": "exemple  sa"},
        {"name": "Léa Martin1", "organization_name": "Exemple SA"},
    ],
)
def test_a_row_is_recognised_by_any_of_its_keys(fields: dict[str, Any]) -> None:
    operation = create(1, linkedin_url=SLUG, first_name="Léa")
    assert isinstance(correlate([operation], [echo("66f1", **fields)], PLAIN)["op1"], Echo)


@pytest.mark.parametrize(("existing", "told"), [(True, True), (False, False)])
def test_a_name_alone_tells_only_a_row_that_was_there(existing: bool, told: bool) -> None:
    row = echo("66f1", existing=existing, name="Léa Martin1", organization_name="Elsewhere", email="other@x.fr")
    found = correlate([create(1, first_name="Léa")], [row], PLAIN)["op1"]
    assert isinstance(found, Echo) is told


def test_two_rows_that_fit_are_ambiguous() -> None:
    rows = [echo("66f1", email="lea1@exemple.fr"), echo("66f2", email="lea1@exemple.fr", existing=True)]
    assert correlate([create(1)], rows, PLAIN)["op1"] == AMBIGUOUS


def test_one_row_that_fits_two_operations_is_ambiguous_for_both() -> None:
    twin = create(2, emails=("lea1@exemple.fr",))
    found = correlate([create(1), twin], [echo("66f1", email="lea1@exemple.fr")], PLAIN)
    assert found == {"op1": AMBIGUOUS, "op2": AMBIGUOUS}


def test_a_row_in_both_arrays_counts_once_as_created() -> None:
    rows = [echo("66f1", email="lea1@exemple.fr", existing=True), echo("66f1", email="lea1@exemple.fr")]
    match = correlate([create(1)], rows, PLAIN)["op1"]
    assert isinstance(match, Echo)
    assert not match.existing


def test_a_missing_row_is_nobodys() -> None:
    found = correlate([create(1), create(2)], [echo("66f1", email="lea2@exemple.fr")], PLAIN)
    assert found["op1"] is None


def test_a_locked_email_is_no_key() -> None:
    operation = create(1, emails=("email_not_unlocked@domain.com",), first_name="X", last_name="Y")
    row = echo("66f1", email="email_not_unlocked@domain.com", name="Somebody Else")
    assert correlate([operation], [row], PLAIN)["op1"] is None


@pytest.mark.parametrize(
    ("contact", "row", "same"),
    [
        ({"emails": ("a@x.fr",)}, {"email": "A@x.fr"}, True),
        ({"emails": ("a@x.fr", "b@x.fr")}, {"email": "b@x.fr"}, True),
        ({"emails": ("a@x.fr",), "linkedin_url": SLUG}, {"email": "a@x.fr", "linkedin_url": OTHER_SLUG}, False),
        ({"emails": ("a@x.fr",), "linkedin_url": SLUG}, {"email": "b@x.fr", "linkedin_url": SLUG}, False),
        ({"emails": ("a@x.fr",), "linkedin_url": SLUG}, {"linkedin_url": SLUG}, True),
        ({"emails": ("a@x.fr",), "linkedin_id": OPAQUE}, {"email": "a@x.fr", "linkedin_url": SLUG}, True),
        ({"linkedin_id": OPAQUE}, {"linkedin_url": f"https://www.linkedin.com/in/{OPAQUE}"}, True),
        ({"first_name": "Lea"}, {"first_name": "Lea"}, False),
        ({"emails": ("a@x.fr",)}, {"email": "email_not_unlocked@domain.com"}, False),
    ],
)
def test_a_row_that_was_there_is_the_person_only_by_a_strong_key(
    contact: dict[str, Any], row: dict[str, Any], same: bool
) -> None:
    assert same_person(Contact(**contact), echo("66f1", **row).row, marked=False) is same


def test_our_own_mark_agrees_by_itself_but_does_not_silence_a_contradiction() -> None:
    assert same_person(Contact(first_name="Lea"), echo("66f1").row, marked=True)
    other = echo("66f1", email="other@x.fr").row
    assert not same_person(Contact(emails=("a@x.fr",)), other, marked=True)
