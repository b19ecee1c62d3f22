"""Starting a training: from a preset to a run folder with a trainer process that outlives the terminal."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from curricula.load import make_curricula
from curricula.own_knobs import check_own_knobs
from curricula.schema import SchemaProblem
from presets import Preset
from presets.preset import MOST
from trainer_proc.wire.knob import Value, value_text
from trainer_proc.wire.run_folder import RunFolder, RunSpec
from tui.session.checkpoints import run_of
from tui.session.devices import Device

LOG_ROOT = Path("logs/rsl_rl")
"""Where runs lie, relative to the working directory, as Isaac Lab and mjlab have it."""

_BACKEND_MODULES = {"mjlab": "mjlab"}
"""What must be installed for each of `presets.BACKENDS`."""


class LaunchError(Exception):
    """The training can't be started; the message is one line that says what to do."""


class ImpossibleSpec(Exception):
    """What was asked for makes no sense; the message is one line that says what would."""


class Overrides(msgspec.Struct, frozen=True):
    """What the person chose instead of the preset's values; None takes the preset's.

    `set`, `bounds` and `overrides` (values by path in the configuration) add to the preset's.
    """

    num_envs: int | None = None
    iterations: int | None = None
    device: str | None = None
    seed: int = 42
    name: str = ""
    set: dict[str, Value] = {}
    bounds: dict[str, tuple[float, float]] = {}
    checkpoint: str = ""
    processes: int = 1
    overrides: dict[str, Any] = {}


def make_spec(preset: Preset, overrides: Overrides, devices: Sequence[Device]) -> RunSpec:
    """Return what the trainer is told; the first of `devices` is the default. Raises `ImpossibleSpec`."""
    device = overrides.device or devices[0].name
    device = "cuda:0" if device == "cuda" else device
    spec = RunSpec(
        preset=preset.name,
        backend=preset.backend,
        task=preset.task,
        experiment=preset.experiment,
        device=device,
        num_envs=suggested_environments(preset, device, devices) if overrides.num_envs is None else overrides.num_envs,
        iterations=preset.iterations if overrides.iterations is None else overrides.iterations,
        seed=overrides.seed,
        name=overrides.name,
        set=preset.knobs | overrides.set,
        bounds=preset.bounds | overrides.bounds,
        checkpoint=overrides.checkpoint,
        parent=run_of(Path(overrides.checkpoint)) if overrides.checkpoint else "",
        processes=overrides.processes,
        overrides=_overrides(preset, overrides.overrides),
        modules=preset.modules,
        module_folder=preset.folder_of_modules(),
        success=preset.success,
        curricula=preset.curriculum,
    )
    return checked_spec(spec)


def checked_spec(spec: RunSpec) -> RunSpec:
    """Return `spec` as the trainer is told it: the device `cuda` is `cuda:0`. Raises `ImpossibleSpec`."""
    if not re.fullmatch(r"cpu|cuda(:\d+)?", spec.device):
        raise ImpossibleSpec(f"{spec.device} is no device: say cpu or cuda:N")
    if not re.fullmatch(r"[\w.+-]{0,80}", spec.name):
        raise ImpossibleSpec("a run's name has at most 80 letters, digits, '.', '_', '+' and '-'")
    if not (1 <= spec.num_envs <= MOST and 1 <= spec.iterations <= MOST):
        raise ImpossibleSpec(f"a training has at least one environment and one iteration, and at most {MOST:,} of each")
    if spec.processes < 1:
        raise ImpossibleSpec("a training has at least one process")
    if not 0 <= spec.seed < 2**32:
        raise ImpossibleSpec("a seed is a whole number from 0 to 4294967295")
    _check_knobs(spec)
    return msgspec.structs.replace(spec, device="cuda:0") if spec.device == "cuda" else spec


def suggested_environments(preset: Preset, device: str, devices: Sequence[Device]) -> int:
    """Return how many environments the preset has on `device`, by its memory if it is one of `devices`."""
    memory = {known.name: known.total_memory for known in devices}
    return preset.environments_on(device, memory.get(device))


def _overrides(preset: Preset, given: dict[str, Any]) -> dict[str, Any]:
    """Return the preset's overrides and those `given`; a file that the preset needs gets its whole path."""
    overrides = preset.overrides | given
    for path, what in preset.needs.overrides.items():
        value = overrides.get(path, "")
        if value == "":
            raise ImpossibleSpec(f"{preset.name} needs {what}: fill in its field, or launch with --override {path}=…")
        if isinstance(value, str) and (file := Path(value).expanduser()).is_file():
            overrides[path] = str(file.resolve())  # a run is resumed from anywhere
    return overrides


def _check_knobs(spec: RunSpec) -> None:
    try:
        check_own_knobs(spec.set, make_curricula(spec.curricula))
    except SchemaProblem as error:
        raise ImpossibleSpec(str(error)) from error
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
