"""Starting a training: from a preset to a run folder with a trainer process that outlives the terminal."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec

from presets import Preset
from trainer_proc.wire.knob import Value, value_text
from trainer_proc.wire.run_folder import RunFolder, RunSpec

LOG_ROOT = Path("logs/rsl_rl")
"""Where runs lie, relative to the working directory, as Isaac Lab and mjlab have it."""

_MOST = 1_000_000_000

_BACKEND_MODULES = {"mjlab": "mjlab"}


class LaunchError(Exception):
    """The training can't be started; the message is one line that says what to do."""


class ImpossibleSpec(Exception):
    """What was asked for makes no sense; the message is one line that says what would."""


class Overrides(msgspec.Struct, frozen=True):
    """What the person chose instead of the preset's values; None takes the preset's. `set` and `bounds` add to its."""

    num_envs: int | None = None
    iterations: int | None = None
    device: str | None = None
    seed: int = 42
    name: str = ""
    set: dict[str, Value] = {}
    bounds: dict[str, tuple[float, float]] = {}
    checkpoint: str = ""
    processes: int = 1


def make_spec(preset: Preset, overrides: Overrides, default_device: str) -> RunSpec:
    """Return what the trainer is told. Raises `ImpossibleSpec`."""
    device = overrides.device or default_device
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ImpossibleSpec(f"{device} is no device: say cpu or cuda:N")
    if not re.fullmatch(r"[\w.+-]{0,80}", overrides.name):
        raise ImpossibleSpec("a run's name has at most 80 letters, digits, '.', '_', '+' and '-'")
    spec = RunSpec(
        preset=preset.name,
        backend=preset.backend,
        task=preset.task,
        experiment=preset.experiment,
        device="cuda:0" if device == "cuda" else device,
        num_envs=preset.environments_on(device) if overrides.num_envs is None else overrides.num_envs,
        iterations=preset.iterations if overrides.iterations is None else overrides.iterations,
        seed=overrides.seed,
        name=overrides.name,
        set=preset.set | overrides.set,
        bounds=preset.bounds | overrides.bounds,
        checkpoint=overrides.checkpoint,
        processes=overrides.processes,
    )
    if not (1 <= spec.num_envs <= _MOST and 1 <= spec.iterations <= _MOST):
        raise ImpossibleSpec(
            f"a training has at least one environment and one iteration, and at most {_MOST:,} of each"
        )
    if spec.processes < 1:
        raise ImpossibleSpec("a training has at least one process")
    if not 0 <= spec.seed < 2**32:
        raise ImpossibleSpec("a seed is a whole number from 0 to 4294967295")
    _check_knobs(spec)
    return spec


def _check_knobs(spec: RunSpec) -> None:
    for knob, value in spec.set.items():
        numbers = value if isinstance(value, tuple) else () if isinstance(value, str) else (value,)
        if not all(math.isfinite(number) for number in numbers):
            raise ImpossibleSpec(f"{knob} must be a finite number, not {value_text(value)}")
    for knob, (low, high) in spec.bounds.items():
        if not low <= high:
            raise ImpossibleSpec(f"the bounds of {knob} must have the lower one first, not {low:g}:{high:g}")


def check_backend(backend: str) -> None:
    """Raise `LaunchError` if the backend's packages are not installed here."""
    module = _BACKEND_MODULES.get(backend)
    if module is None:
        raise LaunchError(f"there is no backend {backend}; there is {', '.join(_BACKEND_MODULES)}")
    if importlib.util.find_spec(module) is None:
        raise LaunchError(f"backend {backend} is not installed: {install_command(backend)}")


def install_command(backend: str) -> str:
    """Return what installs a backend; all extras at once, because `uv sync` removes those that it isn't told."""
    return f"uv sync --extra {backend} --extra export"


def launch(spec: RunSpec, log_root: Path = LOG_ROOT) -> RunFolder:
    """Make the run's folder and start its trainer in a session of its own. Raises `LaunchError`."""
    return start_trainer(spec, log_root)[0]


def start_trainer(spec: RunSpec, log_root: Path) -> tuple[RunFolder, subprocess.Popen[bytes]]:
    """Do what `launch` does, and return the trainer's process too."""
    check_backend(spec.backend)
    try:
        folder = _make_folder(spec, log_root)
        folder.write_spec(spec)
        with open(folder.console, "ab") as console:
            trainer = subprocess.Popen(
                trainer_command(folder, spec.processes),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a dropped SSH connection hangs up the terminal's session, not this one
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
    except OSError as error:
        raise LaunchError(f"the run can't be started in {log_root}: {error}") from error
    return folder, trainer


def trainer_command(folder: RunFolder, processes: int) -> list[str]:
    """Return the command that trains what is in `folder`; several processes are PyTorch's launcher's to start."""
    trainer = ["-m", "trainer_proc", str(folder.path)]
    if processes == 1:
        return [sys.executable, *trainer]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
    return [sys.executable, *launcher, *trainer]


def _make_folder(spec: RunSpec, log_root: Path) -> RunFolder:
    """Make `<experiment>/<date_time>_<name>`; runs of one second get numbers."""
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    base = "_".join(part for part in (stamp, spec.name) if part)
    parent = log_root / spec.experiment
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        path = parent / (base if number == 1 else f"{base}_{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return RunFolder(path)
    raise LaunchError(f"{parent / base} exists a thousand times: wait a second")
