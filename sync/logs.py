"""Logs: structlog and the standard library through one formatter that hides secrets and people.

What is logged is safe by construction: only plain values are written as they are, everything else appears as
its type's name, and every text passes the redaction. Libraries that log requests, headers or bound values
are capped at WARNING, whatever their own loggers are set to.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TextIO
from uuid import UUID

import structlog

from sync.contact import PERSONAL
from sync.redaction import HIDDEN, redacted, visible
from sync.secrets import register, registered

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["CAPPED", "configure", "install_excepthook", "logger", "register", "safe_traceback"]

Format = Literal["console", "json"]
CAPPED = (
    "httpx", "httpcore", "websockets", "sqlalchemy", "alembic", "uvicorn", "starlette", "asyncio", "hpack", "h11",
    "anyio", "psycopg",
)  # fmt: skip
"""Loggers that never write below WARNING."""

_SECRET_KEYS = frozenset(
    ("authorization", "api_key", "x-api-key", "x_api_key", "token", "access_token", "refresh_token", "id_token",
     "client_secret", "password", "secret", "cookie", "set-cookie", "headers", "body", "content", "params",
     "query")
)  # fmt: skip
_PERSON_KEYS = frozenset((*PERSONAL, "email", "name", "full_name", "contact")) - {"state", "country"}
_HIDDEN_KEYS = _SECRET_KEYS | _PERSON_KEYS
_LONGEST = 16_000
_DEEPEST = 6
_OWN_KEYS = ("timestamp", "level")
_TO_STANDARD_LIBRARY: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.filter_by_level,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(log_format: Format = "console", level: str = "info", *, stream: TextIO | None = None) -> None:
    """All logging of this process goes to ``stream`` (standard error), one safe line an event."""
    threshold = _LEVELS[level]
    handler = _Handler(sys.stderr if stream is None else stream)
    handler.addFilter(_capped)
    handler.setFormatter(_formatter(log_format))
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, _Handler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(threshold)
    for name in CAPPED:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=_TO_STANDARD_LIBRARY,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that is silent below WARNING, and off standard output, also where nobody called ``configure``."""
    found: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name), processors=_TO_STANDARD_LIBRARY, wrapper_class=structlog.stdlib.BoundLogger
    )
    return found


def install_excepthook() -> None:
    """An exception that nobody caught is written as redacted text, without local variables."""

    def hook(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        sys.stderr.write(safe_traceback(error) + "\n")

    sys.excepthook = hook


def safe_traceback(error: BaseException) -> str:
    """The traceback of ``error`` as redacted text: no local variables, no secrets, no control characters."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(_clean(line) for line in lines)


class _Handler(logging.StreamHandler[TextIO]):
    """A handler that never prints a record it failed to format."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name is logging's
        with suppress(OSError, ValueError):  # a closed stream must not end what is being logged
            self.stream.write(f"a log record of {visible(record.name)} could not be written\n")


def _capped(record: logging.LogRecord) -> bool:
    """Whether the record may be written: capped libraries speak from WARNING on."""
    return record.levelno >= logging.WARNING or record.name.split(".", 1)[0] not in CAPPED


def _formatter(log_format: Format) -> logging.Formatter:
    renderer: Processor = _as_json if log_format == "json" else _as_line
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        _exceptions_as_text,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[],
        processors=[*shared, structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact, renderer],
    )


def _exceptions_as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """``exc_info`` becomes plain text under ``exception``, as a list of lines."""
    found = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = sys.exc_info()[1] if found is True else found
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = "".join(traceback.format_exception(error)).splitlines()
    return event


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Every key and value of the event made safe; what is no plain value appears as its type's name."""
    return {_clean(key): value if key in _OWN_KEYS else _safe(key, value, 0) for key, value in event.items()}


def _safe(key: str, value: Any, depth: int) -> Any:
    if key.lower() in _HIDDEN_KEYS and value is not None:
        return HIDDEN
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, datetime, date, timedelta, UUID, PurePath, Enum)):
        return _clean(str(value.value if isinstance(value, Enum) else value))
    if isinstance(value, BaseException):
        return _clean(f"{type(value).__name__}: {value}")
    if depth >= _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {_clean(str(k)): _safe(str(k), v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_safe("", entry, depth + 1) for entry in value]
    return f"<{type(value).__name__}>"


def _clean(text: str) -> str:
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + " (cut)"
    return visible(redacted(cut, registered()))


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    if isinstance(event.get("exception"), list):
        event["exception"] = "\n".join(event["exception"])
    return json.dumps(event, ensure_ascii=True, sort_keys=False)


def _as_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """``18:34:05 info     event  key=value``; no line of a traceback can pose as an event of its own."""
    clock = str(event.pop("timestamp", ""))[11:19]
    level = str(event.pop("level", ""))
    message = event.pop("event", "")
    trace = event.pop("exception", ())
    event.pop("logger", None)
    pairs = "".join(f"  {key}={_word(value)}" for key, value in event.items())
    return "\n".join([f"{clock} {level:<8} {message}{pairs}", *(f"    | {line}" for line in trace)])


def _word(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if text == "" or " " in text or "=" in text else text
