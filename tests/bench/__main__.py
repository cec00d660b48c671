"""``python -m tests.bench NAME ...`` runs the module of that name in this folder."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

import tests.bench


def main(arguments: list[str]) -> int:
    names = sorted(m.name for m in pkgutil.iter_modules(tests.bench.__path__) if not m.name.startswith("_"))
    if not arguments or arguments[0] not in names:
        sys.stderr.write(f"Name one of {', '.join(names)}; NAME --help tells its options.\n")
        return 2
    code: int = import_module(f"tests.bench.{arguments[0]}").main(arguments[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
