"""Read from a run's `params/env.yaml` the terms of observation groups that `policy.json` does not describe."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from curricula.regular_files import read_file
from trainer_proc.checkpoints.columns import Group, Term
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION, RunFolder


def recorded_groups(
    folder: RunFolder, names: Collection[str], sizes: Mapping[str, int], known: Mapping[str, Term]
) -> dict[str, Group] | None:
    """Return the observation groups `names` of a run; None if what they hold is unknown.

    The file has no sizes of terms: they are those of `known` terms of the same name, and `sizes` of groups are checked.
    """
    if not names:
        return {}
    try:
        content = yaml.load(read_file(folder.params / "env.yaml", LARGEST_DESCRIPTION), _PlainLoader)
        groups = {name: _group(content["observations"][name], sizes[name], known) for name in names}
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None
    found = {name: group for name, group in groups.items() if group is not None}
    return found if len(found) == len(groups) else None


def _group(configured: dict[str, Any], size: int, known: Mapping[str, Term]) -> Group | None:
    """Return a group of `size` numbers; None if its terms can't be told apart."""
    history = configured.get("history_length")
    listed = configured.get("terms", configured)  # Isaac Lab's terms are fields of the group
    terms = [
        (name, max(1, int(history if history is not None else term.get("history_length") or 0)))
        for name, term in listed.items()
        if isinstance(term, dict) and "func" in term
    ]
    by_time = configured.get("history_order") == "time" and bool(history)
    left = size - sum(known[name].size * steps for name, steps in terms if name in known)
    unknown = [place for place, (name, _) in enumerate(terms) if name not in known]
    if unknown and (by_time or unknown[-1] - unknown[0] != len(unknown) - 1):
        return None
    # neighbours that the new task lacks: only their end matters, so the first one gets all that is left
    rest = {place: left if place == unknown[0] else 0 for place in unknown}
    group = Group(
        tuple(
            Term(name, rest[place]) if place in rest else Term(name, known[name].size, steps, known[name].elements)
            for place, (name, steps) in enumerate(terms)
        ),
        by_time,
    )
    return group if group.size == size and left >= len(unknown) else None


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads what simulators write with tags of Python's own types as plain values, without running code."""


def _plain(loader: _PlainLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return str(node.value)


_PlainLoader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)
