"""The environment of an evaluation: the run's own task, built for it, under the conditions of a checkpoint.

What the training randomizes, disturbs and corrupts stays as it was; a suite switches off what would hide what it
measures. Nothing is written into the run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch

from curricula.errors import message_of
from trainer_proc.contract.evaluation import EvaluationError, is_condition
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.knob import Value, number_of
from trainer_proc.contract.messages import Change, InterventionFailed, InterventionQueued, TrainerBody
from trainer_proc.contract.monitoring import LeftOut
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.knobs.discover import discover_knobs
from trainer_proc.knobs.resample import Resampler
from trainer_proc.knobs.terrain import SHIFT
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.terrain import SteeredTerrain, steered_terrain
from trainer_proc.simulators.base import Backend
from trainer_proc.simulators.interface import Simulator
from trainer_proc.simulators.registry import simulator_of
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.ranks import NoOpLink
from trainer_proc.steering.state import SteeringState, from_infos, restore_environment
from trainer_proc.training.tables import curricula_of

_INTERVAL = "interval"


@dataclass
class Stage:
    """A built environment, its simulator and its knobs. Use it within `torch.inference_mode`."""

    spec: RunSpec
    runner: Any
    """rsl-rl's runner, or one with its interface."""
    env: Any
    """The environment in rsl-rl's wrapper, which steps it."""
    task: Any
    """The environment without wrappers, which has the managers."""
    simulator: Simulator | None
    steering: Steering
    terrain: SteeredTerrain | None
    knobs: Mapping[str, Value] = field(default_factory=dict)
    """The conditions: knobs that had been changed when their checkpoint was saved, without those of the learning."""
    notes: list[str] = field(default_factory=list)
    """What a reader of the result must know, one line each."""
    _infos: dict[str, Any] = field(default_factory=dict)
    _resamplers: list[Resampler] = field(default_factory=list)
    _place: tuple[tuple[int, ...], tuple[int, ...], int] | None = None
    """Row and column of each environment, and the shift of all levels."""

    def set(self, values: Mapping[str, Value]) -> None:
        """Set knobs in all environments, and resample what they randomize. Raises `EvaluationError`."""
        knobs = self.steering.interventions.knobs
        changes = tuple(Change(name, knobs.read(name), value) for name, value in knobs.check(values).items())
        change = InterventionQueued(number=0, origin="person", changes=changes, note="evaluation", when="now")
        noted = len(self.notes)
        if self.steering.interventions.apply(change, 0) is None:
            raise EvaluationError("; ".join(self.notes[noted:]) or f"{', '.join(values)} can't be set")

    def set_in(self, env_ids: torch.Tensor, values: Mapping[str, Value]) -> None:
        """Set knobs of startup randomizations and sample them again in the environments `env_ids`, of shape [n].

        Later resets keep the samples.
        """
        knobs = self.steering.interventions.knobs
        with ExitStack() as only_there:
            for resampler in self._resamplers:
                only_there.enter_context(resampler.in_environments(env_ids))
            knobs.write(knobs.check(values), "now", lambda succeeded: succeeded)

    def place(self, levels: tuple[int, ...], columns: tuple[int, ...]) -> None:
        """Have environments begin on these rows and columns of the terrain from the next reset on."""
        self._place = (levels, columns, 0)

    def without_interval_events(self) -> None:
        """Stop the task's events that happen during episodes, such as pushes; without effect where it has none."""
        events = getattr(self.task, "event_manager", None)
        if events is None or _INTERVAL not in getattr(events, "available_modes", ()):
            return
        apply = events.apply
        events.apply = lambda mode, *args, **kwargs: None if mode == _INTERVAL else apply(mode, *args, **kwargs)

    def reset(self, seed: int) -> Any:
        """Begin an episode in all environments and return the observations.

        The same seed, on the same device and with as many environments, begins the same episodes.
        """
        restore_environment(self.task, self._infos)
        self.task.seed(seed)
        if self.terrain is not None and self._place is not None:
            levels, columns, shift = self._place
            self.terrain.restore(levels, columns, shift, reset=False)
        observations, _ = self.env.reset()
        return observations


@contextmanager
def built_stage(backend: Backend, spec: RunSpec, conditions: dict[str, Any], name: str = "") -> Iterator[Stage]:
    """Yield the environment that `spec` describes under the conditions of a checkpoint; close it afterwards.

    `conditions` is the checkpoint's content, and `name` its file's; without content, the values of the launch and the
    curricula's first levels are in force. Raises `BackendError`, `LaunchValueError` or `EvaluationError`.
    """
    with tempfile.TemporaryDirectory(prefix="humanoid-tui-evaluation-") as temporary:
        with without_garbage_collection():
            training = backend.build(spec, RunFolder(Path(temporary)))
        try:
            with torch.inference_mode():
                yield _stage(training.runner, spec, conditions, name)
        finally:
            training.close()


def _stage(runner: Any, spec: RunSpec, conditions: dict[str, Any], name: str) -> Stage:
    notes: list[str] = []
    link = _NotesLink(notes.append)
    steering = Steering(link)
    observer = Observer(lambda what, reason: notes.append(f"no {what}: {reason}"))
    task = unwrapped(runner.env)
    simulator = simulator_of(task)
    terrain = observer.attempt("terrain", lambda: steered_terrain(runner.env, simulator, observer))
    infos = conditions.get("infos") or {}
    state = _steering_state(infos, name)
    restore_environment(task, infos)
    knobs = discover_knobs(runner, simulator, steering.interventions.competing_writer_found, terrain, observer)
    values = spec.set if state is None else {}  # a checkpoint's state has those of its launch
    steering.publish_knobs(knobs, launch_values=values, bounds=spec.bounds, curricula=curricula_of(spec))
    if state is not None:
        steering.resume_from(state, name)
    steering.start_iterating(0)
    changed = state.values if state is not None else spec.set
    in_force = steering.interventions.in_force
    stage = Stage(
        spec=spec,
        runner=runner,
        env=runner.env,
        task=task,
        simulator=simulator,
        steering=steering,
        terrain=terrain,
        knobs={knob: in_force[knob] for knob in changed if knob in in_force and is_condition(knob)},
        notes=notes,
    )
    stage._infos = infos
    stage._resamplers = [writer for writer in knobs.competing_writers if isinstance(writer, Resampler)]
    if state is not None:
        stage._place = state.terrain_levels, state.terrain_types, int(number_of(state.values.get(SHIFT, 0.0)))
    return stage


class _NotesLink(NoOpLink):
    """Keeps what could not be restored; nobody else listens."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def emit(self, body: TrainerBody) -> None:
        match body:
            case InterventionFailed(reason=reason):
                self._note(f"not set: {reason}")
            case LeftOut(what=what, reason=reason):
                self._note(f"no {what}: {reason}")
            case _:
                pass


def _steering_state(infos: dict[str, Any], name: str) -> SteeringState | None:
    try:
        return from_infos(infos)
    except msgspec.ValidationError as error:
        raise EvaluationError(f"{name}: its steering state can't be read: {message_of(error, 200)}") from error
