"""Parses each style sheet once in a process, and matches alike nodes of all apps once with its rules.

An app has two hundred style sheets, and each test an app.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.tokenizer import Token

from tui.terminal.stylesheet import StyleMemory

_parsed: dict[tuple[object, ...], list[RuleSet]] = {}
_memories: dict[tuple[int, ...], StyleMemory] = {}
"""By the identities of rule sets, which `_parsed` keeps alive."""
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


def remember_once(rule_sets: list[RuleSet]) -> StyleMemory:
    """Return the memory of the first app that has these rules, for this list of them."""
    known = _memories.setdefault(tuple(map(id, rule_sets)), StyleMemory(rule_sets))
    memory = StyleMemory(rule_sets)
    memory.styled, memory.asked = known.styled, known.asked
    return memory
