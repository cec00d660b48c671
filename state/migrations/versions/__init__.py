"""One module a schema version; ``revision`` is the number that ``PRAGMA user_version`` shows."""
