"""What is wrong with a configuration file, in words a person can act on; values are never repeated."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel, ValidationError

_REMEDIES: Mapping[str, str] = {
    "bool_type": "must be true or false, without quotes",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number, without quotes",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "finite_number": "must be a number that ends, not inf or nan",
    "list_type": 'must be a list, as in ["a", "b"]',
    "tuple_type": 'must be a list, as in ["a", "b"]',
    "dict_type": "must be a table, as in {{ key = value }}",
    "model_type": "must be a table, as in {{ key = value }}",
    "model_attributes_type": "must be a table, as in {{ key = value }}",
    "missing": "is missing; add it",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
}


def described(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[str]:
    """One line for each fault of ``error``: the key, what is wrong, what to write."""
    found = error.errors(include_url=False, include_input=False)
    return [_line(entry, model, prefix) for entry in found]


def shown_key(parts: Iterable[object]) -> str:
    """A dotted key as it would be written in the file, with control characters made visible."""
    names = [str(part) for part in parts if part != "[key]"]
    return ".".join(name if name.isprintable() else ascii(name) for name in names)


def unknown(name: str, known: Iterable[str], what: str) -> str:
    """That ``name`` is not one of ``known``, with the nearest one and all of them."""
    choices = sorted(known)
    near = get_close_matches(name, choices, n=1)
    advice = f"did you mean {near[0]}?" if near else "remove it"
    return f"is no known {what}; {advice} (known: {', '.join(choices) or 'none'})"


def _line(entry: Any, model: type[BaseModel], prefix: str) -> str:
    location = entry["loc"]
    key = shown_key((prefix, *location) if prefix else location)
    if entry["type"] == "extra_forbidden":
        if homes := [] if prefix or len(location) > 1 else _tables_with(model, str(location[0])):
            return f"{key}: belongs in {' or '.join(homes)}; write it below a line {homes[0]}"
        known = _keys_at(model, location[:-1]) + (["providers"] if not prefix and len(location) == 1 else [])
        return f"{key}: {unknown(str(location[-1]), known, 'key')}"
    return f"{key}: {_sentence(entry)}"


def _tables_with(model: type[BaseModel], name: str) -> list[str]:
    """The tables at the top that have a key of that name."""
    return [f"[{table}]" for table in _keys_at(model, ()) if name in _keys_at(model, (table,))]


def _sentence(entry: Any) -> str:
    context = entry.get("ctx", {})
    if entry["type"] == "value_error":
        return str(context["error"])
    template = _REMEDIES.get(entry["type"])
    return template.format(**context) if template else f"{entry['msg'][:1].lower()}{entry['msg'][1:]}"


def _keys_at(model: Any, location: tuple[object, ...]) -> list[str]:
    """The keys that a table inside ``model`` may hold; empty when the place is not a table of ours."""
    for part in location:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return _keys_of_entry(model, location)
        model = field.annotation
    return [name_of(field, name) for name, field in getattr(model, "model_fields", {}).items()]


def _keys_of_entry(model: Any, location: tuple[object, ...]) -> list[str]:
    """The same where the way leads through a table with free keys: the entries' own keys."""
    arguments = getattr(model, "__args__", ())
    entry = arguments[-1] if arguments else None
    return list(getattr(entry, "model_fields", {})) if location else []


def name_of(field: Any, name: str) -> str:
    """The key as it is written in the file."""
    return str(field.alias or name)
