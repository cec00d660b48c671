"""The state store: what is known between runs, in one SQLite file.

``opening.open_store`` gives a ``store.SqliteStore``, the implementation of ``sync.store_port.Store``;
``lock.RunLock`` keeps a second run away; ``backup.backup`` copies a store. Rows are read and written by SQL and
never leave this package; the SQLModel classes of ``tables`` and ``outcome_tables`` say what the schema is, and the
migrations are tested against them. Nothing here decides anything: it keeps what it is given.
"""
