"""Secrets: named in the settings, fetched when used, never shown.

A reference is ``env:NAME``, ``file:PATH``, ``command:ARGV`` or ``credential:NAME`` (systemd). Errors name the
reference's kind and the settings key, never what was found there.
"""

from __future__ import annotations

import hmac
import os
import re
import shlex
import stat
import subprocess  # password managers are asked through their own command line
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

from sync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KINDS = ("env", "file", "command", "credential")
COMMAND_TIMEOUT_S = 10.0
_MAX_BYTES = 64 * 1024
_FORMS = "env:NAME, file:PATH, command:PROGRAM ARGUMENTS or credential:NAME"
_NAME = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII),
    "credential": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", re.ASCII),
}
_SHORTEST_REGISTERED = 6
_registered: set[str] = set()


class Secret:
    """A secret that prints as ``***``; only ``reveal`` gives it away."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value
        register(value)

    def reveal(self) -> str:
        """The secret itself, for the request that needs it."""
        return self.__value

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.__value.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")


def register(value: str) -> None:
    """Logs and messages hide ``value`` from now on; very short ones would hide ordinary words and are left."""
    if len(value) >= _SHORTEST_REGISTERED:
        _registered.add(value)


def registered() -> Iterable[str]:
    """Every secret fetched so far, longest first."""
    return sorted(_registered, key=len, reverse=True)


def problem_with(ref: str) -> str | None:
    """Why ``ref`` is not a usable reference, without repeating it; ``None`` when it is one."""
    kind, colon, target = ref.partition(":")
    if not colon or kind not in KINDS:
        return f"holds a literal or an unknown reference; secrets are never written here, write {_FORMS}"
    if not target.strip() or not target.isprintable():
        return f"names nothing after {kind}:; write {_FORMS}"
    if kind in _NAME and _NAME[kind].fullmatch(target) is None:
        return f"holds no valid name after {kind}:; write {_FORMS}"
    if kind == "command" and not _words(target):
        return "holds a command with an unclosed quote; close it"
    return None


def resolve(ref: str, *, directory: Path, environ: Mapping[str, str], key: str = "a secret") -> Secret:
    """The secret that ``ref`` names; relative files start at ``directory``, ``key`` is the settings key.

    Raises ConfigError when the reference is malformed, nothing is there, a file is readable by others, or a
    command fails or takes longer than ``COMMAND_TIMEOUT_S``.
    """
    problem = problem_with(ref)
    if problem:
        raise _refused(key, problem, f"Edit {key} in the configuration file.")
    kind, _, target = ref.partition(":")
    if kind == "env":
        text = _from_environment(target, environ, key)
    elif kind == "file":
        text = _from_file(directory / Path(target).expanduser(), key, private=True)
    elif kind == "command":
        text = _from_command(_words(target), directory, environ, key)
    else:
        text = _from_credential(target, environ, key)
    return _checked(text, key)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _refused(key: str, cause: str, remedy: str) -> ConfigError:
    return ConfigError(f"{key}: {cause}", remedy=remedy)


def _checked(text: str, key: str) -> Secret:
    value = text.strip()
    if not value:
        raise _refused(key, "the secret found is empty", "Put the secret where the reference points.")
    if not (value.isascii() and value.isprintable()):
        raise _refused(
            key,
            "the secret found holds line breaks or characters that no header takes",
            "Store it as one plain line.",
        )
    return Secret(value)


def _from_environment(name: str, environ: Mapping[str, str], key: str) -> str:
    if name not in environ:
        raise _refused(key, f"the environment variable {name} is not set", f"Set it: export {name}=...")
    return environ[name]


def _from_credential(name: str, environ: Mapping[str, str], key: str) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise _refused(
            key,
            "$CREDENTIALS_DIRECTORY is not set, so this is no systemd service with credentials",
            f"Add LoadCredential={name}:PATH to the unit, or use env: or file: instead.",
        )
    return _from_file(Path(folder) / name, key, private=False)  # systemd's own ACL shows as group bits


def _from_file(path: Path, key: str, *, private: bool) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise _refused(
            key, f"{path} cannot be read ({error.strerror})", f"Create {path} with mode 0600."
        ) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(key, f"{path} is not a file", "Name a regular file.")
        if private and found.st_mode & 0o077:
            raise _refused(key, f"{path} can be read by other users", f"Run: chmod 600 {shlex.quote(str(path))}")
        return _decoded(os.read(descriptor, _MAX_BYTES + 1), key)
    finally:
        os.close(descriptor)


def _from_command(words: list[str], directory: Path, environ: Mapping[str, str], key: str) -> str:
    name = words[0]
    try:
        done = subprocess.run(  # noqa: S603  # no shell; the words come from the owner's own configuration file
            words,
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(
            key,
            f"{name} gave no answer in {COMMAND_TIMEOUT_S:g} s",
            "Run it by hand; it may be asking for a password.",
        ) from None
    except OSError as error:
        raise _refused(key, f"{name} cannot be run ({error.strerror})", "Correct the command.") from None
    if done.returncode:
        raise _refused(key, f"{name} ended with code {done.returncode}", "Run it by hand to see why.")
    return _decoded(done.stdout, key)


def _decoded(raw: bytes, key: str) -> str:
    if len(raw) > _MAX_BYTES:
        raise _refused(key, f"what was found is longer than {_MAX_BYTES // 1024} KiB", "Name the secret alone.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(key, "what was found is not text", "Store it as one plain line.") from None
