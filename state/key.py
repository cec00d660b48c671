"""The installation's key: 32 random bytes in a file of their own, for hashes that cannot be guessed back."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from state.files import check_private, make_folder
from sync.errors import StateError
from sync.private_files import replace_private

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 32


def load_key(path: Path) -> bytes | None:
    """The key, or ``None`` when there is none yet.

    Raises ``StateError`` when the file is no key or others may read it.
    """
    check_private(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StateError(f"{path} holds no key", remedy="restore it from a backup") from error
    if len(key) != LENGTH:
        raise StateError(f"{path} holds no key of {LENGTH} bytes", remedy="restore it from a backup")
    return key


def make_key(path: Path) -> tuple[bytes, list[str]]:
    """A new key, durable in its file; with warnings about its folder."""
    warnings = make_folder(path.parent)
    key = ephemeral_key()
    replace_private(path, key.hex() + "\n")
    return key, warnings


def ephemeral_key() -> bytes:
    """A new key that is kept nowhere."""
    return secrets.token_bytes(LENGTH)


def keyed_hash(key: bytes, text: str) -> str:
    """HMAC-SHA256 of ``text``, hex."""
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
