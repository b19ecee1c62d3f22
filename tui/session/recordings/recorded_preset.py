"""A run as a preset that repeats it unattended: launch configuration and recorded changes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from curricula.curriculum_knobs import curriculum_knob, mode_knob
from curricula.errors import UsageError
from curricula.load import make_curricula
from curricula.recording import RecordedStep
from trainer_proc.contract.knob import Value
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.run_folder import RunSpec
from tui.session.recordings.metric_trigger import metric_values, triggered_by
from tui.session.recordings.preset_text import preset_content, toml_text
from tui.session.recordings.recording import (
    EVERYONE,
    USER,
    first_levels,
    launch_values,
    recorded_steps,
    silenced,
    without_deciders,
)
from tui.session.state import RunState

RECORDING = "recording"


@dataclass(frozen=True)
class RecordedPreset:
    """Content of a preset file, and the number of its recorded steps."""

    text: str
    steps: int


def recorded_preset(
    run: str, spec: RunSpec, frames: list[Frame], by: str | None = None, everyone: bool = False
) -> RecordedPreset:
    """Return a preset that repeats `run`, started with `spec`, with journal `frames`.

    Steps apply at the same iterations, or at the same values of the metric `by`. With `everyone`, changes by curricula,
    guards and schedules are recorded too: curricula are then on hold, and guards only warn. Raises `UsageError`.
    """
    state = RunState()
    for frame in frames:
        state.apply(frame)
    steps = recorded_steps(frames, state, EVERYONE if everyone else USER)
    if by is not None:
        by = _metric_called(by, state)
        steps = triggered_by(by, metric_values(frames, by), steps, state.first_iteration)
    if everyone:
        steps, started = silenced(steps), _with_curricula_on_hold(spec, state)
    else:
        started = _with_launch_values_of_curricula(spec, state)
    iterations = spec.iterations if state.started is None else state.started.iterations
    return RecordedPreset(_text(run, msgspec.structs.replace(started, iterations=iterations), steps, by), len(steps))


def _metric_called(text: str, state: RunState) -> str:
    """Return the metric that `text` names, as on the charts. Raises `UsageError`."""
    from tui.session.board.titles import metrics_called  # imports numpy: too slow for other commands

    metrics = metrics_called(text, [name for names in state.metrics.sets.values() for name in names])
    if len(metrics) > 1:
        raise UsageError(f"expected one metric, got {text}, which are {', '.join(metrics)}")
    return metrics[0]


def launch_command(preset: str, spec: RunSpec) -> str:
    """Return the command that repeats the run of `spec` as `preset`, with the options that presets lack."""
    words = ["humanoid-tui", "launch", preset, "--device", spec.device, "--seed", str(spec.seed)]
    if spec.processes > 1:
        words += ["--processes", str(spec.processes)]
    if spec.checkpoint:
        words += ["--checkpoint", spec.checkpoint]
    return shlex.join(words)


def _with_curricula_on_hold(spec: RunSpec, state: RunState) -> RunSpec:
    """Return the spec with all curricula on hold; their first values are set at launch."""
    held = {name: table | {"mode": "hold"} for name, table in spec.curricula.items()}
    modes: dict[str, Value] = {mode_knob(name): "hold" for name in held}  # a checkpoint may bring others
    values = modes | first_levels(state) | launch_values(state, spec.set)
    return msgspec.structs.replace(spec, set=without_deciders(values), curricula=held)


def _with_launch_values_of_curricula(spec: RunSpec, state: RunState) -> RunSpec:
    """Return the spec with those curricula on hold that a launch value has put on hold.

    The other values of their first level are set too.
    """
    launched = first_levels(state) | launch_values(state, spec.set)
    values, tables = dict(spec.set), dict(spec.curricula)
    for curriculum in make_curricula(spec.curricula):
        if curriculum.mode != "hold" and curriculum.knobs & spec.set.keys():
            tables[curriculum.name] = tables[curriculum.name] | {"mode": "hold"}
            own = curriculum_knob(curriculum.name, "")
            values |= {knob: launched[knob] for knob in launched if knob in curriculum.knobs or knob.startswith(own)}
    return msgspec.structs.replace(spec, set=values, curricula=tables)


def _text(run: str, spec: RunSpec, steps: list[RecordedStep], by: str | None) -> str:
    times = "at the same iterations" if by is None else f"at the same values of {by}"
    if not steps:
        return toml_text(preset_content(spec, run, f"Repeats {run}, which has no changes."))
    name = _free_name(spec.curricula)
    curricula = spec.curricula | {name: {"kind": "recording"}}
    content = preset_content(
        msgspec.structs.replace(spec, curricula=curricula), run, f"Repeats {run} with its changes, {times}."
    )
    return "\n".join([toml_text(content), *(_step_text(name, step) for step in steps)])


def _step_text(name: str, step: RecordedStep) -> str:
    """Return a step as an element of an array of tables; the TOML writer would write inline tables."""
    text = toml_text({"curriculum": {name: {"steps": _without_defaults(step)}}})
    header = f"[curriculum.{name}.steps]\n"
    assert text.startswith(header)
    return f"[{header.rstrip()}]\n{text.removeprefix(header)}"


def _without_defaults(struct: msgspec.Struct) -> dict[str, Any]:
    """Return the non-default fields, of nested structs too."""
    fields = {field.name: getattr(struct, field.name) for field in msgspec.structs.fields(struct)}
    defaults = {field.name: field.default for field in msgspec.structs.fields(struct)}
    fields = {name: value for name, value in fields.items() if value != defaults[name] and value not in ({}, ())}
    return {
        name: _without_defaults(value) if isinstance(value, msgspec.Struct) else value for name, value in fields.items()
    }


def _free_name(tables: Mapping[str, Any]) -> str:
    """Return a name that no curriculum has; the run may be a repetition itself."""
    number = 1
    while (name := RECORDING if number == 1 else f"{RECORDING}-{number}") in tables:
        number += 1
    return name
