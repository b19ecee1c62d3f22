"""Presets that start a run again with its changes."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import tomli_w

from curricula.curriculum_knobs import level_knob, mode_knob
from curricula.load import make_curricula
from trainer_proc.contract.knob import Value
from trainer_proc.contract.run_folder import RunSpec
from tui.session.state import RunState

_PAIR = re.compile(r"\[\n +(\S+),\n +(\S+),\n *\]")


def changed_values(state: RunState, kind: str | None = None) -> dict[str, Value]:
    """Return the non-default values that a launch can set, of one kind or all.

    A ramping knob counts with its target.
    """
    return {
        name: knob.value if knob.ramp is None else knob.ramp.target
        for name, knob in state.knobs.items()
        if (knob.is_changed or knob.ramp is not None) and not knob.knob.read_only and kind in (None, knob.knob.kind)
    }


def preset_text(run: str, spec: RunSpec, state: RunState, kind: str | None = None) -> str:
    """Return a preset that repeats the run with its current values, of one kind of knobs or all."""
    curricula, theirs = _curricula_again(spec, state)
    values = {knob: value for knob, value in changed_values(state, kind).items() if knob not in theirs}
    again = msgspec.structs.replace(
        spec,
        iterations=state.last_iteration + 1 if state.started is not None else spec.iterations,
        set=values,
        curricula=curricula,
    )
    return toml_text(preset_content(again, run, f"Repeats {run} with the knobs that were changed in it."))


def _curricula_again(spec: RunSpec, state: RunState) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Return the tables of curricula in their current modes, and the knobs that they set themselves.

    In `auto` they start again. In `manual` the user sets the level, on `hold` the values.
    """
    tables: dict[str, dict[str, Any]] = {}
    theirs: set[str] = set()
    for curriculum in make_curricula(spec.curricula):
        table, mode = spec.curricula[curriculum.name], mode_knob(curriculum.name)
        now = state.knobs[mode].value if mode in state.knobs else curriculum.mode
        tables[curriculum.name] = table if now == curriculum.mode else table | {"mode": now}
        theirs.add(mode)
        if now != "manual":
            theirs.add(level_knob(curriculum.name))
        if now != "hold":
            theirs |= curriculum.knobs
    return tables, theirs


def preset_content(spec: RunSpec, run: str, description: str) -> dict[str, Any]:
    """Return keys and tables of a preset that starts `spec`, titled after `run`."""
    content: dict[str, Any] = {
        "title": f"{spec.preset} as in {run}",
        "description": description,
        "backend": spec.backend,
        "task": spec.task,
        "experiment": spec.experiment,
        "iterations": spec.iterations,
        "num_envs": {"cpu": spec.num_envs, "cuda": spec.num_envs},
    }
    optional = {
        "set": spec.set,
        "physics": spec.physics,
        "library": spec.library,
        "frontend": spec.frontend,
        "hydra": spec.hydra,
        "modules": spec.modules,
        "module_folder": spec.module_folder,
        "overrides": spec.overrides,
        "bounds": spec.bounds,
        "success": spec.success,
        "evaluation": spec.evaluation,
        "rollouts": spec.rollouts,
        "checkpoints": spec.checkpoints,
        "restart": spec.restart,
        "goal": spec.goal,
        "deploy": spec.deploy,
        "curriculum": spec.curricula,
    }
    return content | {key: value for key, value in optional.items() if value}


def toml_text(content: dict[str, Any]) -> str:
    """Return `content` as TOML, with ranges on one line."""
    # no string can match: its line ends are escaped
    return _PAIR.sub(r"[\1, \2]", tomli_w.dumps(content))
