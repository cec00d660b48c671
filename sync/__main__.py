"""The program: ``contact-sync``, ``sync`` and ``python -m sync`` are the same."""

from __future__ import annotations

import sys


def main() -> None:
    """The command line runs and the process ends with its exit code."""
    from sync.cli import run_program
    from sync.cli.process import finished, prepare

    prepare()
    sys.exit(finished(run_program(sys.argv[1:])))


if __name__ == "__main__":
    main()
