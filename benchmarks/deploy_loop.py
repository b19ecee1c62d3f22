"""Measure the runner's loop at 500 Hz: observation, inference, target, on one CPU thread.

    uv run python -m benchmarks.deploy_loop BUNDLE [--seconds S] [--torch-seconds S] [--idle-seconds S] [--hz HZ]
                                            [--core N]

The robot is a stub whose state costs nothing, so that the loop alone is measured. Printed are p50, p99 and worst time
of a control step, how late ticks began, missed deadlines, and the growth of the process's memory. First, the same ticks
without any work show what the machine itself misses.

Then the loop of a plain script runs, as such scripts are written: torch for the observation and the network, and a
sleep for the rest of the period. Its network is `policy.pt` of the bundle, else a perceptron of the same layers.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil

from trainer_proc.contract.bundle.card import TORCHSCRIPT, PolicyCard
from trainer_proc.deploy.bundle import Bundle, load_bundle
from trainer_proc.deploy.observations import project_gravity
from trainer_proc.deploy.phases import Limits, Phase
from trainer_proc.deploy.policy import Policy
from trainer_proc.deploy.robot import VECTORS, JointTargets, RobotState
from trainer_proc.deploy.runner import Runner
from trainer_proc.deploy.schedule import Durations, Schedule

_WARM_UP_SECONDS = 2.0
_MISSED_BY = 0.002
"""Seconds: the goal is no deadline that is missed by more."""


class Still:
    """A robot that stands in its default pose with a little noise, and takes all targets."""

    has_height_scan = has_position = False

    def __init__(self, card: PolicyCard) -> None:
        self.joint_names: Sequence[str] = card.joint_names
        frames = {term.quantity: (term.frame,) for term in card.observation_terms if term.quantity in VECTORS}
        self.frames: Mapping[str, Sequence[str]] = frames
        noise = np.random.default_rng(0).normal(scale=0.01, size=(64, len(card.joint_names)))
        self._positions = np.array(card.default_joint_positions) + noise
        self._noise, self._upright, self._zeros = noise, np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(3)
        self._efforts = np.zeros(len(card.joint_names))
        self._step = 0
        self.written = 0

    def read(self) -> RobotState:
        self._step = (self._step + 1) % 64
        return RobotState(
            time=time.monotonic(),
            joint_positions=self._positions[self._step],
            joint_velocities=self._noise[self._step],
            joint_efforts=self._efforts,
            orientation=self._upright,
            base_ang_vel=self._zeros,
            base_lin_vel=self._zeros,
        )

    def write(self, targets: JointTargets) -> None:
        self.written += 1

    def damp(self) -> None:
        pass

    def close(self) -> None:
        pass


def main() -> None:
    options = _options()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    _measure_machine(options.idle_seconds, options.hz)
    bundle = load_bundle(options.bundle)
    card = msgspec.structs.replace(bundle.card, control_frequency=options.hz, physics_dt=None, decimation=None)
    runner_p50 = _measure_runner(Bundle(bundle.folder, card, bundle.session), options.seconds)
    torch_p50 = _measure_torch(card, bundle.folder, options.torch_seconds)
    print(f"control step, plain torch script : runner = {torch_p50 / runner_p50:.1f} : 1 (p50)")


def _measure_machine(seconds: float, hz: float) -> None:
    """Print how late the ticks of a loop begin that does nothing."""
    schedule = Schedule(1.0 / hz)
    end = time.perf_counter() + seconds
    while schedule.wait() < end:
        pass
    print(f"machine: {schedule.lateness.count} ticks without work in {seconds:g} s")
    _print("tick began late by", schedule.lateness)
    print(f"  ticks left out: {schedule.missed}")


def _measure_runner(bundle: Bundle, seconds: float) -> float:
    """Print the times of the runner's loop; return the median of a control step in seconds."""
    process = psutil.Process()
    memory: list[int] = []
    began = time.monotonic()

    def watch(phase: Phase, state: RobotState) -> None:
        if time.monotonic() - began > _WARM_UP_SECONDS + len(memory) * seconds / 20:
            memory.append(process.memory_info().rss)

    limits = Limits(ramp_seconds=0.0, run_seconds=seconds, stale_seconds=10.0, damp_seconds=0.0)
    runner = Runner(bundle.card, Policy(bundle), Still(bundle.card), limits, watch=watch)
    gc.collect()
    gc.disable()
    outcome = runner.run()
    gc.enable()
    print(f"runner: {outcome.control_steps} steps in {seconds:g} s")
    _print("control step", outcome.work)
    _print("tick began late by", outcome.lateness)
    print(f"  ticks left out: {outcome.missed}; worst lateness above 2 ms: {outcome.lateness.worst > _MISSED_BY}")
    if len(memory) > 1:
        print(f"  memory: {memory[0] / 2**20:.1f} MiB at first, {memory[-1] / 2**20:.1f} MiB at last")
    return outcome.work.quantile(0.5)


def _measure_torch(card: PolicyCard, folder: Path, seconds: float) -> float:
    """Print the times of a plain script's loop; return the median of a control step in seconds."""
    import torch

    torch.set_num_threads(1)
    network = _torch_network(card, folder)
    robot, period = Still(card), 1.0 / (card.control_frequency or 1.0)
    default = torch.tensor(card.default_joint_positions)
    scale, offset = torch.tensor(card.action_scale), torch.tensor(card.action_offset)
    action, command, gravity = torch.zeros(card.num_actions), torch.zeros(3), np.zeros(3)
    work, lateness = Durations(), Durations()
    end = time.perf_counter() + seconds
    due = time.perf_counter()
    while (began := time.perf_counter()) < end:
        lateness.add(began - due)
        state = robot.read()
        project_gravity(state.orientation, gravity)
        values = {
            "base_lin_vel": torch.tensor(state.base_lin_vel, dtype=torch.float32),
            "base_ang_vel": torch.tensor(state.base_ang_vel, dtype=torch.float32),
            "projected_gravity": torch.tensor(gravity, dtype=torch.float32),
            "joint_pos": torch.tensor(state.joint_positions, dtype=torch.float32) - default,
            "joint_vel": torch.tensor(state.joint_velocities, dtype=torch.float32),
            "last_action": action,
            "command": command,
        }
        parts = [values[term.quantity].repeat(max(1, term.history_length)) for term in card.observation_terms]
        with torch.inference_mode():
            action = network(torch.cat(parts)[None])[0]
            targets = (action * scale + offset).numpy()
        robot.write(JointTargets(targets, *[targets] * 4))
        work.add(time.perf_counter() - began)
        due = began + period
        time.sleep(max(0.0, due - time.perf_counter()))
    print(f"plain torch script: {work.count} steps in {seconds:g} s")
    _print("control step", work)
    _print("step began late by", lateness)
    return work.quantile(0.5)


def _torch_network(card: PolicyCard, folder: Path) -> Any:
    import torch

    if (folder / TORCHSCRIPT).is_file():
        return torch.jit.load(str(folder / TORCHSCRIPT), map_location="cpu").eval()
    sizes = [card.observation_size, *card.actor["hidden_dims"], card.num_actions]
    layers: list[torch.nn.Module] = []
    for size, following in pairwise(sizes):
        layers += [torch.nn.Linear(size, following), torch.nn.ELU()]
    return torch.nn.Sequential(*layers[:-1]).eval()


def _print(what: str, durations: Durations) -> None:
    p50, p99 = (1000 * durations.quantile(share) for share in (0.5, 0.99))
    print(f"  {what}: p50 {p50:.3f} ms, p99 {p99:.3f} ms, worst {1000 * durations.worst:.3f} ms")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the runner's loop.")
    parser.add_argument("bundle", type=Path, help="folder of a bundle whose terms need no command but a velocity")
    parser.add_argument("--seconds", type=float, default=600.0, help="of the runner's loop")
    parser.add_argument("--torch-seconds", type=float, default=60.0, help="of the plain script's loop")
    parser.add_argument("--idle-seconds", type=float, default=60.0, help="of ticks without work")
    parser.add_argument("--hz", type=float, default=500.0)
    parser.add_argument("--core", type=int, help="run on this core alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
