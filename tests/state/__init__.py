"""The state store, over real SQLite files."""
