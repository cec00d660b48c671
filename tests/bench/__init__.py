"""Longer runs of what the suite tests in small: ``python -m tests.bench NAME`` (or ``./dev bench NAME``)."""
