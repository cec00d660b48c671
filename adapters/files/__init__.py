"""Exports as files: CSV or JSON Lines, taken in as the records of a provider that cannot be read itself.

Read: ``read_export``. Written: never. A folder without ``provider`` module, so it is no provider of its own.

Quirks of such files, all handled in ``parsing``: a byte order mark, ``;`` or TAB instead of ``,``, a first line
``sep=;`` (Excel), cells with line breaks, a quote that never closes, NUL bytes, cells of a megabyte. A row that
cannot be read is listed with its line number and costs no other row.
"""

from adapters.files.reading import read_export

__all__ = ["read_export"]
