"""Makes a motion: search a plan, play it, write the file, and say what the motion does."""

from __future__ import annotations

import math
from pathlib import Path

from curricula.errors import UserError
from trainer_proc.contract.install import install_command
from trainer_proc.contract.motion_request import MotionName, MotionRequest, MotionWritten
from trainer_proc.contract.run_folder import write_atomically
from trainer_proc.contract.worker import Progress
from trainer_proc.contract.worker_main import Report
from trainer_proc.motions.backflip import BACKFLIP
from trainer_proc.motions.motion import Motion
from trainer_proc.motions.motion_file import motion_bytes
from trainer_proc.motions.play import Played, play
from trainer_proc.motions.robot import Robot

_MOTIONS: dict[MotionName, Motion] = {"backflip": BACKFLIP}
_STANDING_S = 1.0
_UPRIGHT = 0.5
"""Largest tilt of a robot that stands (rad)."""


def make_motion(request: MotionRequest, report: Report) -> MotionWritten:
    """Make the motion and write its file. Raises `UserError`."""
    report(Progress(0, request.generations, "build"))
    try:
        from trainer_proc.motions.search import search
    except ImportError as error:
        raise UserError(
            f"a motion needs {error.name}, which is not installed: {install_command('mjlab', 'motions')}"
        ) from error
    from trainer_proc.motions.task_model import task_model  # imports torch

    task, motion = task_model(), _MOTIONS[request.motion]
    plan = search(
        task,
        motion,
        seed=request.seed,
        generations=request.generations,
        report=lambda done, cost: report(Progress(done, request.generations, f"cost {cost:.2f}")),
    )
    robot = Robot(task)
    played = play(robot, plan, motion.seconds)
    write_atomically(Path(request.output), motion_bytes(robot, plan, played))
    return _described(played)


def _described(played: Played) -> MotionWritten:
    last = slice(-round(_STANDING_S / played.step_dt), None)
    tilt = abs(played.turn[last] - round(played.turn[-1] / math.tau) * math.tau).max()
    return MotionWritten(
        frames=len(played.turn),
        seconds=len(played.turn) * played.step_dt,
        turns=-float(played.turn[-1]) / math.tau,
        apex=float(played.centre[:, 2].max()),
        flight=(played.touchdown - played.take_off) * played.step_dt,
        is_standing=bool(played.is_whole and tilt < _UPRIGHT),
    )
