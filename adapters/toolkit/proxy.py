"""The HTTP proxy of a provider's table: it makes the tunnel to an https or wss origin and hears no credential."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.secrets import Secret


def proxy_url(provider: str, proxy: Callable[[], Secret] | None) -> str | None:
    """The proxy's URL, ``None`` for none. Raises ``ConfigError``, without the URL, when it is none of a proxy."""
    if proxy is None:
        return None
    url = proxy().reveal()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"providers.{provider}.proxy: what stands there is no URL of a proxy",
            remedy="write it as in http://proxy.example:3128, or with http://NAME:PASSWORD@ in front of the host",
        )
    return url
