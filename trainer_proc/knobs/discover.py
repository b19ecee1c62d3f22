"""Find all knobs of a built training, whatever its task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trainer_proc.knobs.adaptive_schedule import AdaptiveSchedule
from trainer_proc.knobs.algorithm import algorithm_knobs
from trainer_proc.knobs.command import command_knobs
from trainer_proc.knobs.curriculum_terms import CurriculumTerms, curriculum_term_knobs
from trainer_proc.knobs.default_randomization import default_randomization_knobs, default_randomization_terms
from trainer_proc.knobs.direct import direct_knobs, is_direct
from trainer_proc.knobs.environment import environment_knobs
from trainer_proc.knobs.event import event_knobs
from trainer_proc.knobs.live import CompetingWriter, LiveKnob, TrainingKnobs
from trainer_proc.knobs.observation_noise import observation_noise_knobs
from trainer_proc.knobs.resample import Resampler
from trainer_proc.knobs.reward import reward_knobs
from trainer_proc.knobs.slot import SlotKnob
from trainer_proc.knobs.termination import termination_knobs
from trainer_proc.knobs.terrain import terrain_knobs
from trainer_proc.knobs.warp_frontend import as_built
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.metrics.observer import Observer
from trainer_proc.metrics.terrain import SteeredTerrain
from trainer_proc.simulators.interface import Simulator


def discover_knobs(
    runner: Any,
    simulator: Simulator | None,
    on_competing_writer: Callable[[str, str, bool], None],
    terrain: SteeredTerrain | None = None,
    observer: Observer | None = None,
) -> TrainingKnobs:
    """Return the knobs of an rsl-rl runner: rewards, randomization, commands, terminations, terrain, PPO, environment.

    Call it once, when the environment is built and before the first iteration: it wraps methods of the environment's
    managers and `runner.alg.update` on the instances. An environment without managers has PPO's and its own knobs.
    `on_competing_writer(knob, writer, pinned)` is called during the rollout when a competing writer is found. A kind of
    knobs that can't be read is left out, which `observer` reports.
    """
    observer = observer or Observer()
    env = unwrapped(runner.env)
    competing_writers: list[CompetingWriter] = []
    slot_knobs: list[SlotKnob] = []

    def find(kind: str, found: Callable[[], Sequence[SlotKnob]]) -> None:
        slot_knobs.extend(as_built(env, observer.attempt(f"knobs of {kind}", found) or ()))

    find("rewards", lambda: _reward_knobs(env))
    if simulator is not None and hasattr(env, "event_manager"):
        find("randomization", lambda: _randomization_knobs(env, simulator, competing_writers))
        find("observations", lambda: _observation_knobs(env, simulator))
    if (commands := _manager(env, "command_manager", "get_term")) is not None:
        find("commands", lambda: command_knobs(commands))
    if (terminations := _manager(env, "termination_manager", "get_term_cfg")) is not None:
        find("terminations", lambda: termination_knobs(env, terminations))
    if (curriculum := _manager(env, "curriculum_manager", "compute")) is not None:
        find("curriculum terms", lambda: curriculum_term_knobs(env, curriculum))
        terms = observer.attempt(
            "curriculum terms",
            lambda: CurriculumTerms(
                curriculum, slot_knobs, on_competing_writer, observer, lambda: env.extras.get("log", {})
            ),
        )
        competing_writers += [terms] if terms is not None else []
    knobs: list[LiveKnob] = [*slot_knobs]
    of_terrain: Callable[[], list[LiveKnob]] = lambda: terrain_knobs(terrain) if terrain is not None else []  # noqa: E731
    for kind, of_kind in (
        ("terrain", of_terrain),
        ("the algorithm", lambda: algorithm_knobs(runner.alg)),
        ("the environment", lambda: environment_knobs(runner, env)),
    ):
        knobs += observer.attempt(f"knobs of {kind}", of_kind) or []
    if hasattr(runner.alg, "schedule") and hasattr(runner.alg, "desired_kl"):
        competing_writers.append(AdaptiveSchedule(runner.alg, on_competing_writer))
    return TrainingKnobs(knobs, competing_writers)


def _reward_knobs(env: Any) -> Sequence[SlotKnob]:
    if (rewards := _manager(env, "reward_manager", "get_term_cfg")) is not None:
        return reward_knobs(env, rewards)
    return direct_knobs(env) if is_direct(env) else ()


def _randomization_knobs(
    env: Any, simulator: Simulator, competing_writers: list[CompetingWriter]
) -> Sequence[SlotKnob]:
    resampler = Resampler(env, simulator)
    competing_writers.append(resampler)
    return [
        *event_knobs(env, simulator, resampler, default_randomization_terms(env, simulator)),
        *default_randomization_knobs(env, simulator, resampler),
    ]


def _observation_knobs(env: Any, simulator: Simulator) -> Sequence[SlotKnob]:
    observations = _manager(env, "observation_manager", "compute")
    return () if observations is None else observation_noise_knobs(observations, simulator.noise)


def _manager(env: Any, name: str, method: str) -> Any:
    """Return a manager that has terms and `method`, None if the environment has none."""
    manager = getattr(env, name, None)
    return manager if getattr(manager, "active_terms", None) and hasattr(manager, method) else None
