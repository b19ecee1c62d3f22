"""Evaluations whose values are computed, so that pictures stay the same, and evaluations that end on demand."""

from __future__ import annotations

import threading
from collections import defaultdict
from itertools import product
from pathlib import Path

from curricula.errors import UserError
from tests.waiting import wait_for
from trainer_proc.contract.evaluation import Axis, Cell, Evaluation, Measure, read_result, write_result
from trainer_proc.contract.worker import Progress
from tui.session.evaluations.jobs import EvaluationJobs

RECORDED = Path(__file__).parents[1] / "recordings" / "evaluations"

SUCCESS = Measure("success", "", "higher")
SCORE = Measure("score", "", "higher")
ERROR = Measure("error/linear", "m/s", "lower")
VELOCITY = Measure("velocity/forward", "m/s")
DIRECTIONS = tuple(45.0 * number for number in range(8))


def evaluation(suite, axes, measures, cells, **changes):
    facts = {
        "run": "2026-11-30_10-00-00_g1-walk",
        "checkpoint": "model_850.pt",
        "sha256": "0" * 64,
        "iteration": 850,
        "task": "Mjlab-Velocity-Flat-Unitree-G1",
        "backend": "mjlab",
        "device": "cpu",
        "seed": 0,
        "num_envs": 24,
        "episode_seconds": 20.0,
        "finished": "2026-11-30T10:05:00+00:00",
    } | changes
    return Evaluation(suite=suite, axes=tuple(axes), measures=tuple(measures), cells=tuple(cells), **facts)


def quick(succeeded=23, episodes=24, **changes):
    values = {
        "success": tuple(float(number < succeeded) for number in range(episodes)),
        "score": tuple(0.9 if number < succeeded else 0.4 for number in range(episodes)),
        "error/linear": tuple(0.1 + 0.01 * (number % 8) for number in range(episodes)),
    }
    return evaluation("quick", (), (SUCCESS, SCORE, ERROR), [Cell(episodes=episodes, values=values)], **changes)


def commands(loss=0.0, **changes):
    """A grid of forward and yaw, and a sweep of lateral with a dead zone."""
    forward = Axis("forward", "m/s", (-0.5, 0.0, 0.5, 1.0))
    lateral = Axis("lateral", "m/s", (-0.2, 0.0, 0.2))
    yaw = Axis("yaw", "rad/s", (-1.0, -0.5, 0.0, 0.5, 1.0))
    places = [(x, 0.0, z) for x, z in product(forward.values, yaw.values)]
    cells = [_command_cell(*place, loss) for place in [*places, (0.0, -0.2, 0.0), (0.0, 0.2, 0.0)]]
    notes = ("dead zone: lateral 0.2 m/s gives 0.01 m/s",)
    measures = (SUCCESS, ERROR, VELOCITY)
    return evaluation("commands", (forward, lateral, yaw), measures, cells, notes=notes, **changes)


def _command_cell(forward, lateral, yaw, loss):
    error = 0.05 + 0.2 * abs(yaw) + 0.1 * forward**2 + abs(lateral) + loss
    values = {
        "success": tuple(float(number / 4 < 1.2 - 2 * error) for number in range(4)),
        "error/linear": tuple(error + 0.01 * number for number in range(4)),
        "velocity/forward": (0.85 * forward,) * 4,
    }
    return Cell(at={"forward": forward, "lateral": lateral, "yaw": yaw}, episodes=4, values=values)


def pushes(**changes):
    direction, speed = Axis("direction", "deg", DIRECTIONS), Axis("speed", "m/s", (0.25, 0.5, 1.0, 1.5, 2.0))
    survived, recovery = Measure("survived", "", "higher"), Measure("recovery_time", "s", "lower")
    cells = []
    for angle, push in product(direction.values, speed.values):
        alive = [number < 9 - 4 * push - abs(angle - 180) / 90 for number in range(4)]
        times = tuple(0.4 + push + 0.1 * number if up else None for number, up in enumerate(alive))
        values = {"survived": tuple(map(float, alive)), "recovery_time": times}
        cells.append(Cell(at={"direction": angle, "speed": push}, episodes=4, values=values))
    return evaluation("pushes", (direction, speed), (survived, recovery), cells, **changes)


def terrain(**changes):
    kind = Axis("terrain", "", ("flat", "pyramid_stairs", "pyramid_stairs_inv", "random_rough", "wave_terrain"))
    level = Axis("level", "", tuple(float(number) for number in range(10)))
    cells = [
        Cell(
            at={"terrain": name, "level": number},
            episodes=10,
            values={"success": tuple(float(one < 10 - number * row / 2) for one in range(10))},
        )
        for (row, name), number in product(enumerate(kind.values), level.values)
    ]
    return evaluation("terrain", (kind, level), (SUCCESS,), cells, **changes)


def recorded(name):
    """Return the result of a real evaluation."""
    return read_result(RECORDED / f"{name}.json")


def store(folder, whole):
    """Write a result into a run, as an evaluation does."""
    return write_result(folder, whole)


class Scripted:
    """Evaluations that end when the test says so, or when they are cancelled."""

    def __init__(self):
        self.changed = threading.Condition()
        self.running = []
        self.most_at_once = 0
        self.endings = {}
        self.history = defaultdict(list)
        self.jobs = EvaluationJobs(self.run)
        self.jobs.listen(self.note)

    def note(self, job):
        with self.changed:
            if not self.history[job.number] or self.history[job.number][-1] != job.state:
                self.history[job.number].append(job.state)
            self.changed.notify_all()

    def run(self, asked, report, cancelled):
        with self.changed:
            self.running.append(Path(asked.checkpoint).name)
            self.most_at_once = max(self.most_at_once, len(self.running))
            self.changed.notify_all()
        report(Progress(3, 10, "playing"))
        try:
            with self.changed:
                while Path(asked.checkpoint).name not in self.endings and not cancelled.is_set():
                    self.changed.wait(0.01)
            if cancelled.is_set():
                raise UserError("the evaluation was cancelled")
            ending = self.endings.pop(Path(asked.checkpoint).name)
            if isinstance(ending, BaseException):
                raise ending
            return ending
        finally:
            with self.changed:
                self.running.remove(Path(asked.checkpoint).name)

    def end(self, number, ending):
        with self.changed:
            self.endings[f"model_{number}.pt"] = ending
            self.changed.notify_all()

    def wait(self, condition, what):
        wait_for(condition, what)

    def states(self):
        return [job.state for job in self.jobs.jobs]
