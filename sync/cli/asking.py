"""Asking before something that cannot be taken back."""

from __future__ import annotations

import sys

import click


def agreed(question: str, *, yes: bool) -> bool:
    """Whether the user says so, or said so with ``--yes``; a usage error when there is nobody to ask."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask; repeat it with --yes.")
    return click.confirm(question, default=False)
