"""The program: ``contact-sync``, ``sync`` and ``python -m sync`` are the same."""

from __future__ import annotations

import resource
import sys


def main() -> None:
    """The command line runs and the process ends with its exit code.

    Whatever happens, no core dump with credentials and contacts in it is left on the disk.
    """
    from sync.cli import run_program

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(run_program(sys.argv[1:]))


if __name__ == "__main__":
    main()
