"""No test depends on how fast the machine is while others work on it."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("contact-sync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("contact-sync")
