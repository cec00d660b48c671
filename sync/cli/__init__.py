"""The command line: one small module a command, imported only when it is called.

Reports go to standard output, everything else to standard error. Errors say what happened, where, why, and
what to type next; tracebacks only with ``--debug``.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "run": ("sync.cli.run", "One full cycle: read, match, merge, plan, guard, write, verify, report."),
    "plan": ("sync.cli.plan", "Save what a run would send now, to be reviewed and carried out later."),
    "apply": ("sync.cli.apply", "Carry out a saved plan, exactly that or nothing."),
    "undo": ("sync.cli.undo", "Restore the values that a run replaced."),
    "verify": ("sync.cli.verify", "Compare every readable provider with the canonical people; write nothing."),
    "daemon": ("sync.cli.daemon", "Run the cycle on a schedule until stopped."),
    "import": ("sync.cli.imports", "Take in a CSV or JSON Lines export as a provider's records."),
    "status": ("sync.cli.status", "Last runs, cursors, quotas, what waits for a person, who holds the lock."),
    "review": ("sync.cli.review", "Decide what waits: likely duplicates, conflicts, gone records, parked writes."),
    "explain": ("sync.cli.explain", "Why a value is what it is, why two are one person, what was sent."),
    "people": ("sync.cli.people", "Split a person, join two, or keep two apart; remembered and reversible."),
    "optout": ("sync.cli.optout", "Note an opt-out, release one in somebody's name, list the ledger."),
    "forget": ("sync.cli.forget", "Erase a person here, and list what to erase at the providers."),
    "doctor": ("sync.cli.doctor", "Check configuration, credentials, scopes, reachability and the store."),
    "sandbox": ("sync.cli.sandbox", "Serve the built-in provider servers for rehearsals, in the foreground."),
    "state": ("sync.cli.state", "Back up, restore, check and upgrade the state store."),
}


class LazyCommands(click.Group):
    """A group whose commands are imported when they are called, so that help is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The commands in the order people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """One line a command, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The named command, or a usage error that names the nearest one."""
        if args and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001  # click's
    if value:
        from importlib.metadata import version

        click.echo(f"contact-sync {version('contact-sync')}")
        ctx.exit()


@click.group(
    cls=LazyCommands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print it.")
@click.option("--debug", is_flag=True, help="Show tracebacks of errors.")
@click.pass_context
def program(ctx: click.Context, debug: bool) -> None:
    """Keep sales contacts the same in Topo, Datananas and Apollo.

    Nothing is written before it is planned, guarded and noted; `run --dry-run` shows what would happen,
    `run --sandbox` shows everything on built-in servers without any account.
    """
    ctx.obj = {"debug": debug}
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run_program(arguments: Sequence[str]) -> int:
    """The exit code of a command line; errors are told on standard error."""
    debug = "--debug" in arguments
    try:
        result: Any = program.main(
            args=[a for a in arguments if a != "--debug"], prog_name=_name(), standalone_mode=False
        )
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the last place before the user
        return _told(error, debug=debug)
    return result if isinstance(result, int) else 0


def _name() -> str:
    """The long name, also where the short one was typed; only a shell that completes has to hear that one."""
    return "sync" if "_SYNC_COMPLETE" in os.environ else "contact-sync"


def _told(error: Exception, *, debug: bool) -> int:
    from sync.errors import ConfigError, ContactSyncError, LockHeld, StateError
    from sync.plans import PlanError
    from sync.redaction import visible

    codes = ((ConfigError, 2), (PlanError, 6), (LockHeld, 7), (StateError, 12))
    if debug:
        from sync.logs import safe_traceback

        sys.stderr.write(safe_traceback(error) + "\n")
    if not isinstance(error, ContactSyncError):
        cause = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        sys.stderr.write(
            f"contact-sync: unexpected error: {type(error).__name__}{cause}. Nothing was lost that was not "
            "reported; run it again with --debug to see where it happened.\n"
        )
        return 1
    lines = [f"contact-sync: {error}"]
    lines += [f"  {problem}" for problem in getattr(error, "problems", ()) if problem not in str(error)]
    lines += [f"  What to do: {error.remedy}"] if error.remedy else []
    sys.stderr.write("".join(f"{visible(line)}\n" for line in lines))
    return next((code for kind, code in codes if isinstance(error, kind)), 1)
