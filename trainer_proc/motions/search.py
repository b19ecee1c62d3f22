"""Finds a plan by sampling: CMA-ES over the plan's numbers, each sample played in the simulator."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable

import numpy as np
from cmaes import CMA

from trainer_proc.motions.motion import Motion
from trainer_proc.motions.plan import Plan
from trainer_proc.motions.play import play
from trainer_proc.motions.robot import Robot, TaskModel

_SPREAD = 0.05
"""How far the first generation varies, as a share of the plan's scale."""


def search(
    task: TaskModel,
    motion: Motion,
    *,
    seed: int,
    generations: int,
    report: Callable[[int, float], None],
    samples: int = 24,
    processes: int | None = None,
) -> Plan:
    """Return the best plan that was found; without generations, the motion's own.

    The same seed finds the same plan, with any number of processes; None is one for each core. `report` hears how many
    generations are finished, and the lowest cost.
    """
    start, scale = motion.start, motion.start.scale()
    sampler = CMA(mean=start.vector() / scale, sigma=_SPREAD, seed=seed, population_size=samples)
    best, lowest = start, np.inf
    # not forked: torch has threads by now
    with multiprocessing.get_context("spawn").Pool(processes or os.cpu_count(), _begin, (task, motion)) as pool:
        for generation in range(generations):
            asked = [sampler.ask() for _ in range(samples)]
            costs = pool.map(_cost, [start.with_vector(sample * scale) for sample in asked], chunksize=1)
            sampler.tell(list(zip(asked, costs, strict=True)))
            if min(costs) < lowest:
                lowest = min(costs)
                best = start.with_vector(asked[int(np.argmin(costs))] * scale)
            report(generation + 1, lowest)
    return best


_judges: list[tuple[Robot, Motion]] = []
"""The one of this process."""


def _begin(task: TaskModel, motion: Motion) -> None:
    _judges.append((Robot(task), motion))


def _cost(plan: Plan) -> float:
    robot, motion = _judges[0]
    return motion.cost(robot, play(robot, plan, motion.judged_seconds, motion.is_hopeless))
