"""The report for a browser: one offline HTML file that can be filtered. Pure.

The page may run one script and use one style sheet, both named by their hash in its content security policy;
neither holds a value. Everything else is escaped text; there is no link and nothing is loaded.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from sync.report import summary
from sync.report.view import Shown, all_groups

if TYPE_CHECKING:
    from jinja2 import Template

    from sync.report.model import Report

MOST = 5000
"""Entries shown of each group; a browser grows slow beyond."""


def to_html(report: Report, *, values: bool) -> str:
    """The report as one page; personal values are masked unless ``values``."""
    shown = Shown(report, values=values)
    script, style = _asset("report.js"), _asset("report.css")
    return _template().render(
        policy=_policy(script, style),
        script=script,
        style=style,
        title=summary.title(report),
        when=summary.when(report),
        headline=summary.headline(report),
        allow=summary.allow_line(report),
        providers=list(summary.provider_rows(report)),
        people=summary.people(report),
        counts=list(summary.count_rows(report)),
        problems=summary.problems(report, shown),
        waiting=summary.waiting(report),
        notes=[shown.text(note) for note in report.notes],
        groups=list(all_groups(report, shown, MOST)),
    )


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return resources.files("sync.report").joinpath("templates", name).read_text("utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_asset("report.html.j2"))
