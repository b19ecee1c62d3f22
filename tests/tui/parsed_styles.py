"""Parses each style sheet once in a process: an app has two hundred of them, and each test an app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.tokenizer import Token

_parsed: dict[tuple[object, ...], list[RuleSet]] = {}
_variables: tuple[object, tuple[object, ...]] = (None, ())
"""The variables of the newest app, and what they are."""


def parse_once(
    scope: str, css: str, read_from: Any, *, variable_tokens: dict[str, list[Token]], **options: Any
) -> Iterable[RuleSet]:
    """Return what `textual.css.parse.parse` returns; nothing changes a rule set that is parsed."""
    global _variables
    if _variables[0] is not variable_tokens:
        said = ((name, *(token.value for token in tokens)) for name, tokens in variable_tokens.items())
        _variables = variable_tokens, tuple(said)
    key = (scope, css, read_from, _variables[1], *options.items())
    if key not in _parsed:
        _parsed[key] = list(parse(scope, css, read_from, variable_tokens=variable_tokens, **options))
    return _parsed[key]
