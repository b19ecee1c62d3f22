"""Begins a training with the weights of a policy that observes other terms: copies what both observe, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from trainer_proc.checkpoints.columns import Group, Sources, copied_text, is_unchanged, pair_columns, pair_names
from trainer_proc.checkpoints.fit import size_difference
from trainer_proc.checkpoints.load import CheckpointError, check_library, read_checkpoint
from trainer_proc.checkpoints.transfer import adapted, observed_size
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.messages import TrainerBody
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.rl_libraries.runner import LibraryRunner
from trainer_proc.simulators.distributed import process_rank
from trainer_proc.training.interfaces import Interface, live_interface, recorded_interface

_KEPT_STEPS = 500
"""Control steps that the old statistics of observations count as: 10 s at 50 Hz.

Copied observations keep theirs while the robots get up to speed. New ones, which begin with those of robots at rest,
have half of their own after 500 steps, about 20 iterations. With the checkpoint's count of 10⁷ to 10⁹, that would take
as long as the old training did.
"""


def begin_from_other_task(runner: Any, spec: RunSpec, emit: Callable[[TrainerBody], None]) -> bool:
    """Copy from `spec.checkpoint` what its networks and the runner's have in common; report it in one line.

    Return False, and copy nothing, if both observe and do the same, or if that is unknown and their sizes agree: then
    the training continues from the checkpoint. Otherwise it begins at iteration 0 with an optimizer of its own.
    Raises `CheckpointError`.
    """
    if isinstance(runner, LibraryRunner):
        return False
    path = Path(spec.checkpoint)
    saved = read_checkpoint(path)
    check_library(path, saved, "rsl_rl")
    new = live_interface(runner, spec)
    old = None if new is None else recorded_interface(RunFolder(path.parent), new)
    try:
        copied = _copy(runner, saved, old, new) if new is not None and old is not None else ""
        if new is None or old is None:
            _check_sizes(runner, saved, path)
    except (CheckpointError, RuntimeError, KeyError) as error:  # the last two: networks of another kind
        raise CheckpointError(f"{path} doesn't fit this training: {one_line(error)}") from error
    if copied:
        emit(CheckpointLoaded(0, str(path), copied))
        if not process_rank():
            print(f"[checkpoint] {path}: {copied}", flush=True)  # noqa: T201
    return bool(copied)


def _copy(runner: Any, saved: dict[str, Any], old: Interface, new: Interface) -> str:
    """Load into the runner what both have; return what that is, empty if nothing differs and nothing was loaded."""
    outputs = pair_names(old.actions, new.actions)
    same_actions = is_unchanged(outputs, len(old.actions))
    is_same, content, texts = same_actions, dict[str, Any](), list[str]()
    observations = runner.env.get_observations()
    for network, old_groups, new_groups in (("actor", old.actor, new.actor), ("critic", old.critic, new.critic)):
        key = f"{network}_state_dict"
        state, live = saved[key], getattr(runner.alg, network).state_dict()
        if old_groups is None or new_groups is None:
            is_other = bool(size_difference(state, live))
            content |= {} if is_other else {key: state}
            texts.append(f"{'nothing' if is_other else 'all'} of the {network}, whose observation terms are unknown")
        else:
            inputs = _inputs(network, old_groups, new_groups, state)
            is_other = not is_unchanged(inputs, observed_size(state))
            rows = None if same_actions or network == "critic" else outputs
            content[key] = adapted(
                state,
                live,
                inputs=inputs,
                outputs=rows,
                observed=torch.cat([observations[group] for group in runner.cfg["obs_groups"][network]], dim=-1),
                most_samples=_KEPT_STEPS * int(runner.env.num_envs),
            )
            texts.append(copied_text(network, old_groups, new_groups, inputs))
        is_same &= not is_other
    if is_same:
        return ""
    runner.alg.load(content, {network: f"{network}_state_dict" in content for network in ("actor", "critic")}, True)
    if not same_actions:
        texts.append(f"{sum(source is not None for source in outputs)} of {len(outputs)} actions")
    return f"copied {', '.join(texts)}"


def _inputs(network: str, old: list[Group], new: list[Group], state: dict[str, Any]) -> Sources:
    described, size = sum(group.size for group in old), observed_size(state)
    if described != size:
        raise CheckpointError(
            f"expected {described} observations of the {network}, as its run's params/policy.json says, got {size}: "
            "use a checkpoint in its own run's folder"
        )
    return pair_columns(old, new)


def _check_sizes(runner: Any, saved: dict[str, Any], path: Path) -> None:
    """Raise `CheckpointError` if the sizes of networks differ, whose observation terms are unknown."""
    for network in ("actor", "critic"):
        module = getattr(runner.alg, network, None)
        live = {} if module is None else module.state_dict()
        if difference := size_difference(saved.get(f"{network}_state_dict") or {}, live):
            expected = f"expected a description of its observation terms, {path.parent}/params/policy.json, got none"
            raise CheckpointError(f"{network}: {difference}; {expected}: use the checkpoint in its run's folder")
