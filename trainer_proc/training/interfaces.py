"""What a policy's networks observe and do: of a live runner, and of a run's recorded policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from curricula.regular_files import read_file
from trainer_proc.checkpoints.columns import Group, Term
from trainer_proc.contract.bundle.description import ObservationTerm, PolicyDescription
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION, RunFolder, RunSpec
from trainer_proc.export.description import describe_policy
from trainer_proc.export.observations import describe_observations
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.simulators.registry import simulator_of
from trainer_proc.training.recorded_terms import recorded_groups


class Interface(NamedTuple):
    """What the networks of a policy observe and do."""

    actor: list[Group]
    critic: list[Group] | None
    """None if it is unknown."""
    actions: list[str]
    """Name of each action, of its joint if it has one."""

    def terms(self) -> dict[str, Term]:
        """Return the terms by name; the actor's if both networks have one of that name."""
        return _by_name([*self.actor, *(self.critic or ())])


def live_interface(runner: Any, spec: RunSpec) -> Interface | None:
    """Return what the networks of an rsl-rl runner observe; None for an environment without observation terms."""
    env = unwrapped(runner.env)
    try:
        described = describe_policy(runner, spec.task, spec.backend, simulator_of(env))
    except ExportError:
        return None
    actor = _described_groups(described)
    critic = described.observation_groups.get("critic")
    if not actor or critic is None:
        return None
    labels = _by_name(actor.values())
    others = {
        name: _group([_labelled(_term(term), labels) for term in terms], terms)
        for name in critic
        if name not in actor
        for terms in (describe_observations(env, [name], None),)
    }
    groups = actor | others
    return Interface(list(actor.values()), [groups[name] for name in critic], described.action_names)


def recorded_interface(folder: RunFolder, new: Interface) -> Interface | None:
    """Return what the policy of a run observes; None for a run or folder that does not describe it.

    Sizes of terms that only its critic has are not recorded: they are those of the `new` task's terms of that name.
    """
    described = _read_description(folder)
    if described is None:
        return None
    actor = _described_groups(described)
    critic = described.observation_groups.get("critic", [])
    if not actor:
        return None
    others = recorded_groups(
        folder,
        [name for name in critic if name not in actor],
        described.observation_sizes,
        new.terms() | _by_name(actor.values()),
    )
    groups = None if others is None else actor | others
    return Interface(
        list(actor.values()),
        [groups[name] for name in critic] if groups is not None and critic else None,
        described.action_names,
    )


def _read_description(folder: RunFolder) -> PolicyDescription | None:
    """Return the description of a run's policy, or of its export if only that is left."""
    for file in (folder.policy_description, folder.exported / folder.policy_description.name):
        try:
            return decode_json(read_file(file, LARGEST_DESCRIPTION), PolicyDescription)
        except (OSError, msgspec.DecodeError):
            continue
    return None


def _described_groups(described: PolicyDescription) -> dict[str, Group]:
    """Return the actor's observation groups, in the order of concatenation; none if its terms are unknown."""
    by_group: dict[str, list[ObservationTerm]] = {}
    for term in described.observation_terms:
        by_group.setdefault(term.group, []).append(term)
    return {name: _group([_term(term, described) for term in terms], terms) for name, terms in by_group.items()}


def _group(terms: Iterable[Term], described: Sequence[ObservationTerm]) -> Group:
    return Group(tuple(terms), by_time=any(term.history_order == "time" for term in described))


def _term(term: ObservationTerm, described: PolicyDescription | None = None) -> Term:
    names: list[str] = term.joints
    if described is not None and term.quantity == "last_action":
        names = described.action_names
    elif described is not None and term.quantity == "command":
        names = [part.name for command in described.commands if command.name == term.command for part in command.parts]
    elements = tuple(names) if len(set(names)) == term.step_size else ()
    return Term(term.name, term.step_size, max(1, term.history_length), elements)


def _labelled(term: Term, labels: Mapping[str, Term]) -> Term:
    """Return a term of the critic with the names of the numbers in the actor's term of that name."""
    known = labels.get(term.name)
    if known is None or known.size != term.size:
        return term
    return Term(term.name, term.size, term.steps, known.elements)


def _by_name(groups: Iterable[Group]) -> dict[str, Term]:
    found: dict[str, Term] = {}
    for group in groups:
        for term in group.terms:
            found.setdefault(term.name, term)
    return found
