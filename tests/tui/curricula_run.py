"""A run with curricula as its trainer would publish it, their knobs being the real ones."""

from __future__ import annotations

from curricula.curriculum import MODES
from curricula.load import make_curricula
from tests.tui.many_knobs import g1_knobs
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Body,
    Change,
    Frame,
    InterventionApplied,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
)
from tui.session.state import RunState

TABLES = {
    "velocity": {"kind": "velocity", "stay": 20, "episodes": 50},
    "terrain": {"kind": "terrain", "highest": 5},
    "pushes": {
        "kind": "staged",
        "stages": [
            {"event/push_robot/velocity_range/x": (-0.5, 0.5)},
            {"event/push_robot/velocity_range/x": (-1.0, 1.0)},
        ],
        "metric": "Train/mean_reward",
        "thresholds": [12.5],
    },
}
SUCCESS = {"kind": "velocity"}


def started(tables=TABLES, success=SUCCESS) -> RunStarted:
    return RunStarted(
        run="2026-01-01_00-00-00",
        preset="g1-rough",
        backend="mjlab",
        task="a task",
        device="cpu",
        num_envs=16,
        iterations=100,
        seed=42,
        pid=1,
        success=success,
        curricula=tables,
    )


def knobs(tables=TABLES, *more: Knob) -> KnobsAvailable:
    of_curricula = [knob for curriculum in make_curricula(tables) for knob in _knobs(curriculum)]
    terrain = [
        Knob("terrain/highest_level", "terrain", 9.0, 9.0, "at each environment's reset", type="integer"),
        Knob("terrain/shift", "terrain", 0.0, 0.0, "at each environment's reset", type="integer"),
    ]
    return KnobsAvailable(0, (*of_curricula, *terrain, *more, *g1_knobs().knobs))


def _knobs(curriculum):
    name, at = f"curriculum/{curriculum.name}", "next iteration"
    level = float(curriculum.level)
    yield Knob(f"{name}/level", "curriculum", level, level, at, type="integer", minimum=0.0,
               maximum=float(curriculum.top), metric=f"Curriculum/{curriculum.name}/level")  # fmt: skip
    yield Knob(f"{name}/mode", "curriculum", curriculum.mode, curriculum.mode, at, type="choice", choices=MODES)
    for limit, described in curriculum.limits.items():
        yield Knob(f"{name}/{limit}", "curriculum", described.value, described.value, at, unit=described.unit)


def begun(tables=TABLES, *more: Knob, success=SUCCESS) -> list[Body]:
    """Up to the first iteration."""
    return [started(tables, success), PhaseChanged("building"), knobs(tables, *more), PhaseChanged("training")]


def finished(iteration: int, **metrics: float) -> list[Body]:
    """An iteration with metrics; in their names, `__` stands for a slash."""
    return finished_with(iteration, {name.replace("__", "/"): value for name, value in metrics.items()})


def finished_with(iteration: int, metrics: dict[str, float]) -> list[Body]:
    return [
        MetricSet(iteration, tuple(metrics)),
        IterationFinished(iteration, iteration, pack_values(list(metrics.values())), 24 * 16 * (iteration + 1), 9.0),
    ]


def moved(number: int, iteration: int, name: str, old: float, new: float, origin="curriculum", **more) -> Body:
    changes = (Change(f"curriculum/{name}/level", old, new), *more.pop("changes", ()))
    return InterventionApplied(number, origin, iteration, number, changes, **more)


def state_after(*bodies: Body) -> RunState:
    state = RunState()
    for number, body in enumerate(bodies):
        state.apply(Frame(number, 0.0, body))
    return state


def how_it_goes(terrain: dict[str, float] | None = None) -> dict[str, float]:
    """All that a run on terrain with tasks publishes of its success."""
    shares = {f"Terrain/share_at_level_{level}": share for level, share in enumerate([0.125, 0.5, 0.25, 0.125, 0, 0])}
    types = {"flat": 0.91, "random_rough": 0.62, "pyramid_stairs": 0.08}
    tasks = {"stand": 0.97, "turn": 0.8, "walk": 0.41}
    return {
        "Train/mean_reward": 11.3,
        "Train/finished_episodes": 7.0,
        "Train/success_rate": 0.625,
        "Train/success_episodes": 104.0,
        "Train/success_window": 100.0,
        **shares,
        "Terrain/mean_level": 1.375,
        "Terrain/max_level": 3.0,
        **{f"Terrain/share/{name}": 1 / 3 for name in types},
        **{f"Terrain/mean_level/{name}": level for name, level in zip(types, (2.1, 1.4, 0.3), strict=True)},
        **{f"Success/terrain/{name}": rate for name, rate in types.items()},
        **{f"Success/task/{name}": rate for name, rate in tasks.items()},
        **(terrain or {}),
    }
