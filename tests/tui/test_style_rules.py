"""Style rules are told apart by identity, which takes no Python code."""

from __future__ import annotations

from textual.css.model import RuleSet

from tui.terminal.style_rules import hash_rules_quickly


def test_equal_rules_are_two_and_are_hashed_without_python_code():
    hash_rules_quickly()
    one, other = RuleSet(), RuleSet()
    assert one == other
    assert len({one, other, one}) == 2
    assert RuleSet.__hash__ is object.__hash__
