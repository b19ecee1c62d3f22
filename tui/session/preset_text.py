"""A run with its changes as a preset, to start it like that again."""

from __future__ import annotations

import re
from typing import Any

import tomli_w

from trainer_proc.wire.knob import Value
from trainer_proc.wire.run_folder import RunSpec
from tui.session.state import RunState

_PAIR = re.compile(r"\[\n +(\S+),\n +(\S+),\n\]")


def changed_values(state: RunState, kind: str | None = None) -> dict[str, Value]:
    """Return the values that differ from their defaults and that a launch can set, of one kind or all.

    A knob on a ramp has the value that it is on the way to.
    """
    return {
        name: knob.value if knob.ramp is None else knob.ramp.target
        for name, knob in state.knobs.items()
        if (knob.is_changed or knob.ramp is not None) and not knob.knob.read_only and kind in (None, knob.knob.kind)
    }


def preset_text(run: str, spec: RunSpec, state: RunState, kind: str | None = None) -> str:
    """Return a preset file's content that repeats the run with its values of now, of one kind of knobs or all."""
    content: dict[str, Any] = {
        "title": f"{spec.preset} as in {run}",
        "description": f"Repeats {run} with the knobs that were changed in it.",
        "backend": spec.backend,
        "task": spec.task,
        "experiment": spec.experiment,
        "iterations": state.last_iteration + 1 if state.started is not None else spec.iterations,
        "num_envs": {"cpu": spec.num_envs, "cuda": spec.num_envs},
        "set": changed_values(state, kind),
    }
    if spec.bounds:
        content["bounds"] = spec.bounds
    # a line for a range instead of four; no text can look like this, as its line ends are escaped
    return _PAIR.sub(r"[\1, \2]", tomli_w.dumps(content))
