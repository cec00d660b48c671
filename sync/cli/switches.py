"""The sandboxes' switches on the command line: listed with their meaning, parsed to their type."""

from __future__ import annotations

import ast
import collections.abc
import dataclasses
import inspect
import re
import textwrap
import typing
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click
from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from adapters.spec import ProviderSpec

WIDTH = 110


def parsed(texts: Iterable[str], specs: Mapping[str, ProviderSpec]) -> dict[str, dict[str, Any]]:
    """``PROVIDER.NAME=VALUE`` as provider → switch → typed value; a usage error names what is known."""
    chosen: dict[str, dict[str, Any]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        provider, _, name = place.partition(".")
        if not equals or provider not in specs:
            raise _bad(f"{text!r} is not PROVIDER.NAME=VALUE with one of {', '.join(specs)}")
        types = _types(provider)
        if name not in types:
            raise _bad(f"{provider} has no switch {name!r}; it has {', '.join(types)}")
        chosen.setdefault(provider, {})[name] = _value(text, types[name], value)
    return chosen


def listed(specs: Mapping[str, ProviderSpec]) -> Iterator[str]:
    """One line a switch with its default, and what it is about below it."""
    for provider, spec in specs.items():
        kind = _switches(provider)
        meanings = _meanings(kind, spec.card())
        for name, hint in _types(provider).items():
            default = _default(kind, name)
            yield f"{provider}.{name}={_shown(default)}  ({_type_name(hint)})"
            yield from textwrap.wrap(
                meanings.get(name, ""), WIDTH, initial_indent="    ", subsequent_indent="    "
            )


def _bad(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--switch")


def _switches(provider: str) -> Any:
    return import_module(f"adapters.{provider}.sandbox").Switches


def _types(provider: str) -> dict[str, Any]:
    """Switch → its type; switches that take code are left out, nobody can type them."""
    kind = _switches(provider)
    # the module imports names that only annotations use for type checkers alone
    known = vars(collections.abc) | vars(typing) | {"Row": dict} | vars(inspect.getmodule(kind))
    hints = typing.get_type_hints(kind, localns=known)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if "Callable" not in str(hints[f.name])}


def _value(text: str, hint: Any, value: str) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    try:
        if value.startswith(("{", "[")):
            return adapter.validate_json(value)
        if "tuple" in str(hint):
            return adapter.validate_python(tuple(part for part in value.split(",") if part))
        choices = {str(choice).lower(): choice for choice in typing.get_args(hint)}
        if value == "none" and type(None) in typing.get_args(hint):
            return None
        if typing.get_origin(hint) is typing.Literal:
            return adapter.validate_python(choices.get(value.lower(), value))
        return adapter.validate_strings(value)
    except ValidationError as error:
        raise _bad(f"{text!r}: {error.errors()[0]['msg']} ({_type_name(hint)})") from error


def _default(kind: Any, name: str) -> Any:
    field = next(f for f in dataclasses.fields(kind) if f.name == name)
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _shown(default: Any) -> str:
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "{}" if isinstance(default, collections.abc.Mapping) and not default else str(default)


def _type_name(hint: Any) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return " | ".join(str(choice) or '""' for choice in typing.get_args(hint))
    plain = {bool: "true | false", int: "whole number", float: "number", str: "text"}
    return plain.get(
        hint, re.sub(r"\w+\.(?=\w)", "", str(hint)).replace("NoneType", "none").replace("None", "none")
    )


def _meanings(kind: Any, card: Mapping[str, Any]) -> dict[str, str]:
    """Switch → what it is about: its own words in the code, else the open question that it answers."""
    found: dict[str, str] = {}
    for question in card.get("open_questions") or card.get("questions") or ():
        for name in re.findall(r"\w+", question.get("switch", "")):
            found.setdefault(name, question["question"])
    return found | _from_class(kind)


def _from_class(kind: Any) -> dict[str, str]:
    """What the docstring of the class says of ````name````, and the strings below its fields."""
    found: dict[str, str] = {}
    text = " ".join((kind.__doc__ or "").split())
    for names, words in re.findall(
        r"((?:``\w+``(?: / |, | and )?)+): ([^`].*?)(?=\.? ``\w+``(?: / ``\w+``)*:|$)", text
    ):
        found |= dict.fromkeys(re.findall(r"\w+", names), words)
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, words in pairwise(statements):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            told = words.value if isinstance(words, ast.Expr) else None
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                found[field.target.id] = " ".join(told.value.split())
    return found
