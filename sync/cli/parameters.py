"""What may stand behind an option, besides what click knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click


class DurationType(click.ParamType[timedelta]):
    """A duration as in the configuration: ``30s``, ``15m``, ``24h``, ``7d``, or ``0``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The duration, or a usage error."""
        if isinstance(value, timedelta):
            return value
        from sync.config import parse_duration

        try:
            return parse_duration(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is no duration; write it like 30s, 15m, 24h or 7d", param, ctx)


class ConfigType(click.Path):
    """A file's name; the empty one would be taken for the folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, or a usage error."""
        if value == "":
            self.fail("names no file; type the path of the configuration, or leave --config out", param, ctx)
        return super().convert(value, param, ctx)


DURATION = DurationType()
