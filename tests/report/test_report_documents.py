"""HTML, Markdown and CSV: other people's text stays text."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given, settings

from sync.report.markdown import escaped, to_markdown
from sync.report.table import COLUMNS, cell, to_csv
from sync.report.text import FIRST
from sync.report.web import to_html
from tests.report import samples
from tests.report.hostile import ANY_TEXT, HOSTILE

ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h3", "p", "pre", "table", "thead", "tbody",
    "tr", "th", "td", "ul", "li", "label", "input", "span", "main", "details", "summary", "article", "script",
}  # fmt: skip


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.raw: dict[str, str] = {}
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] in {"script", "style"} and data.strip() and self.tags[-1] not in self.raw:
            self.raw[self.tags[-1]] = data
        self.words.append(data)


def policy_of(page: Page) -> str:
    return next(v for k, v in page.attributes if k == "content" and v and "default-src" in v)


def test_the_page_allows_only_its_own_script_and_style() -> None:
    page = Page(to_html(samples.full(), values=True))
    policy = policy_of(page)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.raw[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert page.tags.count("script") == 1


def test_the_page_loads_nothing_and_links_nowhere() -> None:
    page = Page(to_html(samples.full(), values=True))
    assert set(page.tags) <= ALLOWED
    assert not {"src", "href", "action", "style"} & {name for name, _ in page.attributes}
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_script_and_style_hold_no_value() -> None:
    quiet, full = (Page(to_html(r, values=True)) for r in (samples.quiet(), samples.full()))
    assert quiet.raw == full.raw


@given(ANY_TEXT)
@settings(max_examples=60)
def test_hostile_text_adds_no_element_to_the_page(text: str) -> None:
    assume(text)  # an empty text leaves out the lines that it alone would fill
    page, plain = (Page(to_html(samples.hostile(t), values=True)) for t in (text, "x"))
    assert page.tags == plain.tags
    assert page.raw == plain.raw
    assert len(page.attributes) == len(plain.attributes)


def test_the_page_shows_everything_the_text_does() -> None:
    words = " ".join(Page(to_html(samples.guarded(), values=False)).words)
    assert words.count("person p-") == 2000
    assert "--allow create=apollo:2000" in words


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_hostile_text_as_itself(text: str) -> None:
    shown = escaped(text)
    assert "<" not in shown
    assert "://" not in shown
    assert "@" not in shown
    assert not re.search(r"(?<!\\)[`*_\[\]|~!]", shown)


@given(ANY_TEXT)
@settings(max_examples=60)
def test_markdown_tables_keep_their_columns(text: str) -> None:
    assume(text)
    lines = to_markdown(samples.hostile(text), values=True).splitlines()
    for line in lines:
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in {4, 5, 6}
    plain = to_markdown(samples.hostile("x"), values=True).splitlines()
    assert len(lines) == len(plain)


def test_markdown_shows_the_first_twenty() -> None:
    text = to_markdown(samples.guarded(), values=False)
    assert text.count("**person p\\-") == FIRST
    assert "    --allow create=apollo:2000 --allow config=topo:9f86d081884c" in text


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_one_row_for_each_field_change() -> None:
    found = rows(to_csv(samples.full(), values=True))
    assert len(found) == sum(len(o.fields) for o in samples.OPERATIONS)
    assert tuple(found[0]) == COLUMNS
    assert found[0]["after"] == "ana.perez@acme.example;ana@perez.example"
    assert (found[0]["before"], found[0]["field"], found[0]["rule"]) == ("", "emails", "first-contact")


def test_csv_masks_personal_values() -> None:
    text = to_csv(samples.full(), values=False)
    assert "a…@a….example;a…@p….example" in text
    assert "Pérez" not in text
    assert "COO" in text


def test_every_csv_cell_is_quoted() -> None:
    for line in to_csv(samples.full(), values=True).splitlines():
        assert re.fullmatch(r'"(?:[^"]|"")*"(,"(?:[^"]|"")*")*', line)


@pytest.mark.parametrize(
    "text", [t for t in HOSTILE if t.lstrip()[:1] in "=+-@" and t.strip()] + ["＝1", "\t", "\r", "\n=x"]
)
def test_formulas_become_text(text: str) -> None:
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Ana", "a=b", "COO", "1-2", "a@b.example", "(empty)"])
def test_ordinary_cells_stay(text: str) -> None:
    assert cell(text) == text


@given(ANY_TEXT)
@settings(max_examples=150)
def test_no_csv_cell_can_become_a_formula(text: str) -> None:
    parsed = list(csv.reader(io.StringIO(to_csv(samples.hostile(text), values=True), newline="")))
    assert {len(row) for row in parsed} == {len(COLUMNS)}
    for entry in (entry for row in parsed for entry in row):
        first = next((c for c in entry if not c.isspace() and unicodedata.category(c) != "Cf"), "")
        assert unicodedata.normalize("NFKC", first)[:1] not in set("=+-@\t\r\n") or not first
        assert not any(c in entry for c in "\x1b\x00\r\n\u202e")
