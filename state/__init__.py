"""The state store: SQLModel rows never leave this package."""
