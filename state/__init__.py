"""The state store: what is known between runs, in one SQLite file.

``opening.open_store`` gives a ``store.SqliteStore``, the implementation of ``sync.store_port.Store``;
``lock.RunLock`` keeps a second run away; ``backup.backup`` copies a store. SQLModel rows never leave this
package, and nothing here decides anything: it keeps what it is given.
"""
