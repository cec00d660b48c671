"""Options and habits that several commands share."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.decorators import pass_meta_key

from sync.cli.parameters import DURATION, ConfigType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sync.config import LoggingSettings, Settings
    from sync.report.model import Report

F = TypeVar("F", bound="Callable[..., Any]")

FORMATS = ("text", "json", "ndjson", "markdown", "html", "csv")
"""As ``sync.report.output``, which help does not load."""
WAIT = "How long to wait for the lock."


def wait_option(command: F) -> F:
    """``--wait``, patient by default."""
    return click.option("--wait", type=DURATION, default="60s", show_default=True, help=WAIT)(command)


def values_option(command: F) -> F:
    """``--values``."""
    return click.option("--values", is_flag=True, help="Show personal data instead of masking it.")(command)


def format_option(command: F) -> F:
    """``--format``."""
    forms = click.Choice(["text", "json"])
    return click.option("--format", "form", type=forms, default="text", show_default=True, help="How to tell it.")(
        command
    )


def ceiling_options(command: F) -> F:
    """``--max-requests`` and an impatient ``--wait``."""
    command = click.option("--wait", type=DURATION, default="0", help=WAIT)(command)
    return click.option(
        "--max-requests", multiple=True, metavar="PROVIDER=N", help="Request ceiling; repeatable."
    )(command)


def config_option(command: F) -> F:
    """``--config``."""
    return click.option(
        "--config",
        "config",
        type=ConfigType(path_type=Path, dir_okay=False),
        metavar="PATH",
        help="Configuration file; otherwise $CONTACT_SYNC_CONFIG, ./config.toml, your config folder.",
    )(command)


@dataclass(frozen=True, slots=True)
class Logs:
    """What the command line asks of logs. ``form``: ``None`` = as configured; ``verbose``: how many ``-v``."""

    form: str | None
    verbose: int
    quiet: bool

    def set_up(self, settings: LoggingSettings | None = None, *, quietly: bool = False) -> None:
        """Logs go to standard error from the level that ``settings`` name, else from warnings on; ``-v`` is one
        more, at least info.

        ``quietly``: the report tells it all, so a level that nobody wrote down is none.
        """
        from sync.logs import configure

        levels = ("error", "warning", "info", "debug")
        named = settings is not None and not (quietly and "level" not in settings.model_fields_set)
        place = levels.index(settings.level if settings and named else "warning")
        if self.verbose:
            place = max(place + 1, levels.index("info")) + self.verbose - 1
        level = "error" if self.quiet else levels[min(place, len(levels) - 1)]
        configure("json" if (self.form or (settings and settings.format)) == "json" else "console", level)


LOGS = "sync.cli.logs"
pass_logs = pass_meta_key(LOGS, doc_description="what the command line asks of logs")
"""A command below ``log_options`` gets ``Logs`` as its first argument."""


def log_options(command: F) -> F:
    """``--log-format``, ``-v`` and ``-q``; logs are as they ask once the command begins."""

    @wraps(command)
    def logged(*arguments: Any, log_format: str | None, verbose: int, quiet: bool, **options: Any) -> Any:
        logs = click.get_current_context().meta[LOGS] = Logs(log_format, verbose, quiet)
        logs.set_up()
        return command(*arguments, **options)

    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Only errors, no text report."),
        click.option("-v", "--verbose", count=True, help="Log the phases of a run; -vv also batches and waits."),
        click.option("--log-format", type=click.Choice(["console", "json"]), help="Form of log lines."),
    ):
        logged = option(logged)
    return cast("F", logged)


def report_options(command: F) -> F:
    """``--report``, ``--values`` and ``--exit-code``."""
    command = click.option("--exit-code", is_flag=True, help="End with 4 when something is pending.")(command)
    command = values_option(command)
    return click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT[:PATH]",
        help=f"How to tell what happened; repeatable. {', '.join(FORMATS)}.",
    )(command)


def cycle_options(command: F) -> F:
    """What narrows a cycle or lets a guard through."""
    return narrowing_options(
        click.option("--allow", "allowances", multiple=True, metavar="KIND=PROVIDER:COUNT",
                     help="Let one guard through, up to COUNT, this once; repeatable.")(command)
    )  # fmt: skip


def narrowing_options(command: F) -> F:
    """What narrows a cycle."""
    options = (
        click.option("--provider", "providers", multiple=True, metavar="NAME", help="Only these; repeatable."),
        only_option("Only this person: email, LinkedIn URL, id or provider:id."),
        ceiling_options,
    )
    for option in reversed(options):
        command = option(command)
    return command


def only_option(help_text: str) -> Callable[[F], F]:
    """``--only``, of one person."""
    return click.option("--only", multiple=True, callback=_one_key, metavar="KEY", help=help_text)


def _one_key(_context: click.Context, _parameter: click.Parameter, keys: tuple[str, ...]) -> str | None:
    if len(keys) > 1:
        raise click.BadParameter("names one person; type it once, and repeat the command for each other person")
    return keys[0] if keys else None


def parse_max_requests(texts: Iterable[str]) -> dict[str, int]:
    """``PROVIDER=N`` as numbers; a usage error otherwise."""
    ceilings = {}
    for text in texts:
        provider, _, amount = text.partition("=")
        if not provider or not amount.isdecimal():
            raise click.BadParameter(f"{text!r} is not PROVIDER=N", param_hint="--max-requests")
        ceilings[provider] = int(amount)
    return ceilings


def check_configured(settings: Settings, providers: Iterable[str], flag: str) -> None:
    """A usage error for a provider that is not configured."""
    unknown = sorted(set(providers) - set(settings.providers))
    if unknown:
        known = ", ".join(sorted(settings.providers))
        raise click.BadParameter(
            f"no provider {unknown[0]!r} is configured; configured are: {known}", param_hint=flag
        )


def check_places(settings: Settings, specs: Iterable[str], out: Path | None = None) -> None:
    """A usage error for a report, or an ``--out``, in the place of what contact-sync itself needs."""
    from sync.cli.places import check_spare
    from sync.report.output import parse_target

    for path in (parse_target(spec).path for spec in specs):
        if path is not None:
            check_spare(settings, path, "--report")
    if out is not None:
        check_spare(settings, out, "--out")


def check_reports(specs: Iterable[str], out: Path | None = None) -> None:
    """A configuration error for a report, or an ``--out``, nobody can write, before any work is done."""
    from sync.report.output import check_targets

    check_targets(specs, out)


def tell(report: Report, specs: tuple[str, ...], *, values: bool, quiet: bool) -> None:
    """Every report that was asked for is written; without any, a text goes to standard output, of which the
    errors alone go to standard error where it is to be ``quiet``.

    Raises ``ConfigError`` as ``write_reports`` does.
    """
    from sync.report.text import to_errors

    if quiet:
        click.echo(to_errors(report, values=values), nl=False, err=True)
    write_reports(report, specs if specs or quiet else ("text",), values=values)


def write_reports(report: Report, specs: tuple[str, ...], *, values: bool) -> None:
    """Every report that was asked for is written.

    Raises ``ConfigError`` for the first one that could not be written, after the others were.
    """
    from sync.errors import ConfigError
    from sync.report.output import write_report

    lost: list[ConfigError] = []
    for spec in specs:
        try:
            write_report(spec, report, values=values, stdout=sys.stdout)
        except ConfigError as error:
            lost.append(error)
    if lost:
        raise lost[0]


def loaded(config: Path | None, reports: Iterable[str], logs: Logs, out: Path | None = None) -> Settings:
    """The settings that count here, logs as they ask; no report and no ``out`` takes the place of what we need."""
    from sync.wiring import load_settings

    settings = load_settings(config, to_act=True)
    check_places(settings, reports, out)
    logs.set_up(settings.logging, quietly=True)
    return settings


def ended(report: Report | None, stopped: int, specs: tuple[str, ...], *, values: bool, quiet: bool) -> int:
    """The cycle's report is told, whose exit code the command ends with; returns that.

    ``stopped``: the signal that broke it off where there is no report.
    """
    if report is None:
        return 128 + stopped
    tell(report, specs, values=values, quiet=quiet)
    return report.exit_code


def say(lines: Iterable[str]) -> None:
    """The lines stand on standard output; nothing in one of them can act on a terminal or begin another line."""
    from sync.redaction import visible

    click.echo("\n".join(map(visible, lines)))


def say_json(told: object) -> None:
    """The value stands on standard output as JSON in which nothing can act on a terminal."""
    import json

    from sync.redaction import visible_in_json

    click.echo(visible_in_json(json.dumps(told, ensure_ascii=False, indent=2)))


def pending_code(report: Report) -> int:
    """4 when changes are pending (dry run) or a decision waits for a person, else the report's own code.

    What is to be done by hand stays listed for weeks where an API cannot do it, so it does not count.
    """
    if report.exit_code != 0:
        return report.exit_code
    changes = report.mode == "dry-run" and any(o.state == "planned" for o in report.operations)
    queue = report.conflicts or report.suspected or report.holds or report.parked
    return 4 if changes or queue else 0
