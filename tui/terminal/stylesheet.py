"""A style sheet that remembers which rules apply to which nodes.

Textual 8.2.8 goes through all rule sets for each widget and each of its component classes, whenever one is mounted or
a class of it or of a widget above it changes: a quarter of the CPU time of opening a dashboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from textual.css.model import RuleSet, SelectorSet
from textual.css.styles import RulesMap
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

Key = tuple[object, ...]
"""All that the selectors which may match a node ask of it and of the nodes above it."""


@dataclass(frozen=True)
class AskedPseudoClasses:
    """Pseudo classes that a node and those above it are asked for by the selectors that may match the node."""

    of_itself: frozenset[str]
    above: frozenset[str]


@dataclass(frozen=True)
class _Styled:
    """The rules of a node, and which changes of it change its rules."""

    rules: RulesMap | None
    by_hover: bool
    by_focus_within: bool
    by_order: bool
    by_odd_or_even: bool


class StyleMemory:
    """What a list of rule sets has said of nodes."""

    def __init__(self, rule_sets: list[RuleSet]) -> None:
        self.rule_sets = rule_sets
        self.styled: dict[Key, _Styled] = {}
        self.asked: dict[Key, AskedPseudoClasses] = {}
        """By a node's type, id and classes."""


class RememberingStylesheet(Stylesheet):
    """Styles a node like the first one with the same path, instead of by comparing it with all selectors."""

    _memory = StyleMemory([])

    def apply(self, node: DOMNode, *, animate: bool = False, cache: dict[Key, RulesMap] | None = None) -> None:
        """Set the styles of `node` by the rules."""
        if self._memory.rule_sets is not self.rules:
            self._memory = StyleMemory(self.rules)
        key = self._key_of(node)
        if key is None:
            super().apply(node, animate=animate, cache=cache)
        elif (styled := self._memory.styled.get(key)) is None:
            self._memory.styled[key] = self._style_first(node, animate)
        else:
            self._style_like(styled, node, animate)

    def _key_of(self, node: DOMNode) -> Key | None:
        """Return the same key for nodes to which the same rules apply; None if these depend on its siblings."""
        own = _identity(node)
        if (asked := self._memory.asked.get(own)) is None:
            asked = self._memory.asked[own] = asked_pseudo_classes(
                selectors
                for name in self.rules_map.keys() & node._selector_names
                for rule_set in self.rules_map[name]
                for selectors in rule_set.selector_set
            )
        if not self._EXCLUDE_PSEUDO_CLASSES_FROM_CACHE.isdisjoint(asked.of_itself | asked.above):
            return None
        key = [own, _states(node, asked.of_itself)]
        above = node._parent
        while isinstance(above, DOMNode):
            key += (_identity(above), _states(above, asked.above))
            above = above._parent
        return tuple(key)

    def _style_first(self, node: DOMNode, animate: bool) -> _Styled:
        found: dict[Key, RulesMap] = {}
        super().apply(node, animate=animate, cache=found)
        return _Styled(
            rules=next(iter(found.values()), None),
            by_hover=node._has_hover_style,
            by_focus_within=node._has_focus_within,
            by_order=node._has_order_style,
            by_odd_or_even=node._has_odd_or_even,
        )

    def _style_like(self, styled: _Styled, node: DOMNode, animate: bool) -> None:
        node._has_hover_style = styled.by_hover
        node._has_focus_within = styled.by_focus_within
        node._has_order_style = styled.by_order
        node._has_odd_or_even = styled.by_odd_or_even
        if styled.rules is not None:
            if node.styles.base.get_rules() == styled.rules:
                node.notify_style_update()  # those above it may have changed
            else:
                self.replace_rules(node, styled.rules, animate=animate)
        self._process_component_classes(node)

    def _process_component_classes(self, node: DOMNode) -> None:
        """Style the components of `node` again, and make them only once."""
        if node._component_styles.keys() != node._get_component_classes():
            super()._process_component_classes(node)
            return
        has_changed = False
        for styles in node._component_styles.values():
            if (component := styles.node) is not None:
                before = styles.base.get_rules()
                self.apply(component)
                has_changed |= before != styles.base.get_rules()
        if has_changed:
            node.refresh()


def asked_pseudo_classes(selector_sets: Iterable[SelectorSet]) -> AskedPseudoClasses:
    """Return the pseudo classes in the last compounds of selectors, and those in all that stands before."""
    last: set[str] = set()
    before: set[str] = set()
    for selector_set in selector_sets:
        asked = last
        *first, final = selector_set.selectors
        asked.update(final.pseudo_classes)
        for selector in reversed(first):
            if selector.advance:
                asked = before
            asked.update(selector.pseudo_classes)
    return AskedPseudoClasses(frozenset(last), frozenset(before))


def _identity(node: DOMNode) -> Key:
    return type(node), node._id, frozenset(node._classes)


def _states(node: DOMNode, pseudo_classes: frozenset[str]) -> Key:
    checks: Mapping[str, Callable[[Any], bool]] = node._PSEUDO_CLASSES
    return tuple([name in checks and checks[name](node) for name in pseudo_classes])
