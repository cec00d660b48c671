"""Whatever a provider sends, reading it never raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import identity

READERS = [
    identity.linkedin_key, identity.email_key, identity.canonical_email, identity.wide_email_keys,
    identity.country_code,
    identity.registrable_domain, identity.company_domain, lambda value: identity.phone_number(value, value),
    lambda value: identity.phone_number(value, "FR"), lambda value: identity.names_agree(value, "Ann Lee"),
]  # fmt: skip

ANYTHING = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=())),
    st.text(st.sampled_from("@.<>\"'()%+-:/ inlkedcomACoA0\ud800\u200b\u202f，＠é\x00")),
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.lists(st.text())
    | st.just(object()),
)


@pytest.mark.parametrize("reader", READERS)
@given(value=ANYTHING)
def test_no_value_makes_a_reader_raise(reader: Any, value: Any) -> None:
    reader(value)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "value", ["@" * 10**6, "a." * 10**6, "(" * 900, '"' * 900, "'<" * 450, " " * 900 + "@", "9" * 10**6]
)
def test_huge_and_crooked_text_is_refused_quickly(reader: Any, value: Any) -> None:
    reader(value)


class Crooked(str):
    """Text that answers nothing."""

    __slots__ = ()

    def refuse(self, *_: object, **__: object) -> Any:
        raise RuntimeError

    strip = lower = isascii = casefold = translate = partition = encode = refuse
    __len__ = __hash__ = __eq__ = __iter__ = __getitem__ = __contains__ = refuse


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text", ["ann.lee@acme.com", "linkedin.com/in/ann-lee", "Ann Lee", "France", "+33142685300"]
)
def test_text_of_a_class_of_its_own_is_read_as_text(reader: Any, text: str) -> None:
    assert reader(Crooked(text)) == reader(text)
