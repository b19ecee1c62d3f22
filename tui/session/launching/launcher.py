"""Start a training: from a preset to a run folder with a trainer process that outlives the terminal."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from presets import Needs, Preset
from presets.evaluation import with_interval
from presets.fast import with_fast
from trainer_proc.contract.child_process import child_environment, start_python
from trainer_proc.contract.knob import Value
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.wire_keys import make_keys
from tui.session.backends.devices import Device
from tui.session.backends.environment import LaunchError as LaunchError
from tui.session.backends.environment import backend_command
from tui.session.backends.named_code import allow_place, check_code
from tui.session.launching.discard import discard_run
from tui.session.launching.knob_values import SettingError
from tui.session.launching.override_text import parse_overrides
from tui.session.launching.spec_checks import SpecError as SpecError
from tui.session.launching.spec_checks import (
    check_device,
    check_names,
    check_origin,
    check_overrides,
    check_text,
    checked_spec,
)
from tui.session.runs.checkpoints import run_of
from tui.session.settings.config import read_settings


class Overrides(msgspec.Struct, frozen=True):
    """The user's choices instead of the preset's values; None takes the preset's.

    `set`, `bounds` and `overrides` (values by path in the configuration) add to the preset's. So do `arguments`:
    `env.PATH=VALUE` and `agent.PATH=VALUE`, with Isaac Lab all that `presets.preset.check_isaac_lab` accepts. With
    another `task`, only numbers, physics, library, front end and modules of the preset apply, as the rest concerns its
    own task. `other_task`: the checkpoint may be of another task. `evaluate_every`, `rollout_every`: iterations between
    evaluations and between rollouts, 0 for none. `fast`: capture the step in CUDA graphs. `engine`: a run's
    `engine` table.
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
    task: str | None = None
    physics: str | None = None
    library: str | None = None
    frontend: str | None = None
    arguments: tuple[str, ...] = ()
    other_task: bool = False
    evaluate_every: int | None = None
    rollout_every: int | None = None
    fast: bool | None = None
    engine: dict[str, Any] = {}


def make_spec(preset: Preset, overrides: Overrides, devices: Sequence[Device]) -> RunSpec:
    """Return the run's spec; the first of `devices`, all that it can have, is the default. Raises `SpecError`."""
    spec = checked_spec(draft_spec(preset, overrides, devices))
    check_overrides(spec)
    check_device(spec, devices)
    check_origin(spec, overrides.other_task)
    with suppress(OSError, LaunchError):  # a full disk: then it is asked for when the run is continued
        allow_place(spec)  # the user has named the preset
    return spec


def draft_spec(preset: Preset, overrides: Overrides, devices: Sequence[Device]) -> RunSpec:
    """Return the run's spec before it is checked. Raises `SpecError` if the preset needs a value that is not given."""
    device = overrides.device or devices[0].name
    device = "cuda:0" if device == "cuda" else device
    if overrides.task and overrides.task != preset.task:
        preset = _for_another_task(preset, overrides.task)
    return RunSpec(
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
        other_task=overrides.other_task and bool(overrides.checkpoint),
        parent=run_of(Path(overrides.checkpoint)) if overrides.checkpoint else "",
        processes=overrides.processes,
        overrides=_overrides(preset, overrides),
        physics=_physics(preset, overrides),
        library=preset.library if overrides.library is None else overrides.library,
        frontend=preset.frontend if overrides.frontend is None else overrides.frontend,
        hydra=(*preset.hydra, *(overrides.arguments if preset.backend == "isaaclab" else ())),
        modules=preset.modules,
        module_folder=preset.folder_of_modules(),
        success=preset.success,
        evaluation=with_interval(preset.evaluation, overrides.evaluate_every),
        rollouts=with_interval(preset.rollouts, overrides.rollout_every),
        checkpoints=preset.checkpoints,
        restart=preset.restart,
        goal=preset.goal,
        fast=with_fast(preset.fast, overrides.fast),
        deploy=preset.deploy,
        engine=overrides.engine,
        curricula=preset.curriculum,
    )


def suggested_environments(preset: Preset, device: str, devices: Sequence[Device]) -> int:
    """Return the preset's number of environments on `device`, by its memory if it is one of `devices`."""
    memory = {known.name: known.total_memory for known in devices}
    return preset.environments_on(device, memory.get(device))


def _for_another_task(preset: Preset, task: str) -> Preset:
    """Return the preset for another task, without the parts about its own; the experiment is named after the task."""
    experiment = re.sub(r"\W+", "_", re.sub(r"-v\d+$", "", task)).strip("_").lower()
    if not experiment:
        raise SpecError(f"expected a task name, got {task!r}")
    return msgspec.structs.replace(
        preset,
        task=task,
        experiment=experiment,
        hydra=(),
        overrides={},
        rewards={},
        randomization={},
        set={},
        bounds={},
        success={},
        evaluation={},
        goal={},
        deploy={},
        curriculum={},
        needs=Needs(),
    )


def _physics(preset: Preset, overrides: Overrides) -> str:
    """Return the chosen physics; none if Isaac Lab's own argument sets it."""
    if overrides.physics is not None:
        return overrides.physics
    return "" if any(argument.startswith("physics=") for argument in overrides.arguments) else preset.physics


def _overrides(preset: Preset, chosen: Overrides) -> dict[str, Any]:
    """Return the preset's and the user's overrides; a file that the preset needs gets its absolute path."""
    if preset.backend == "isaaclab":  # the trainer applies them before these
        named = {argument.partition("=")[0] for argument in chosen.arguments}
        overrides = {path: value for path, value in preset.overrides.items() if path not in named} | chosen.overrides
    else:
        overrides = preset.overrides | _parsed(preset, chosen.arguments) | chosen.overrides
    for path, what in preset.needs.overrides.items():
        value = overrides.get(path, "")
        if value == "":
            raise SpecError(
                f"{preset.name} needs {what}", hint=f"fill in its field, or add --override {path}=…", field=path
            )
        if isinstance(value, str) and (file := Path(value).expanduser()).is_file():
            overrides[path] = str(file.resolve())  # a run can be resumed from any folder
    return overrides


def _parsed(preset: Preset, arguments: Sequence[str]) -> dict[str, Any]:
    try:
        return parse_overrides(arguments)
    except SettingError as error:
        raise SpecError(f"{preset.name} trains on {preset.backend}: {error}") from error


def start_trainer(
    spec: RunSpec, log_root: Path, working_folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> tuple[RunFolder, subprocess.Popen[bytes]]:
    """Create the run's folder and start its trainer in a session of its own. Raises `LaunchError`.

    The trainer works in `working_folder`, by default in that of this process; `variables` are added to its environment.
    """
    folder, trainer = prepare_run(spec, log_root, tcp=read_settings()[0].wire.tcp)
    try:
        with open(folder.console, "ab") as console:
            process = start_python(
                *trainer.arguments,
                python=trainer.python,
                environment=child_environment({**trainer.variables, **(variables or {})}),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=working_folder,
                start_new_session=True,  # survives the hang-up of a dropped SSH connection
            )
    except OSError as error:
        discard_run(folder)
        raise LaunchError(f"the run can't be started in {log_root}: {error}") from error
    return folder, process


class TrainerCommand(msgspec.Struct, frozen=True):
    """What starts the trainer of a run."""

    python: list[str]
    """Command of its Python."""
    arguments: list[str]
    variables: dict[str, str]
    """Environment variables beside those of the launching process."""


def prepare_run(spec: RunSpec, log_root: Path, *, tcp: bool) -> tuple[RunFolder, TrainerCommand]:
    """Check the run, and create its folder with `run.toml`, and keys for `tcp`; nothing is started.

    Raises `LaunchError`.
    """
    try:
        check_names(spec)
        check_text(spec, log_root)
    except SpecError as error:
        raise LaunchError(str(error)) from error
    check_code(spec)
    python, variables = backend_command(spec.backend)
    try:
        folder = _make_folder(spec, log_root)
    except OSError as error:
        raise LaunchError(f"the run can't be started in {log_root}: {error}") from error
    try:
        folder.write_spec(spec)
        if tcp:
            make_keys(folder)
    except OSError as error:
        discard_run(folder)
        raise LaunchError(f"the run can't be started in {log_root}: {error}") from error
    arguments = trainer_arguments(folder, spec.processes, restarts=bool(spec.restart))
    return folder, TrainerCommand(python, arguments, {"PYTHONUNBUFFERED": "1"} | variables)


def trainer_arguments(folder: RunFolder, processes: int, restarts: bool = False) -> list[str]:
    """Return what Python is started with to train in `folder`; PyTorch's launcher starts several processes."""
    trainer = ["-m", "trainer_proc", str(folder.path)]
    if restarts:
        return ["-m", "trainer_proc.restart", str(folder.path), *trainer_arguments(folder, processes)]
    if processes == 1:
        return trainer
    return ["-m", "trainer_proc.torchrun", "--standalone", "--nproc_per_node", str(processes), *trainer]


def _make_folder(spec: RunSpec, log_root: Path) -> RunFolder:
    """Create `<experiment>/<date_time>_<name>`; runs of the same second get numbers."""
    stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    base = "_".join(part for part in (stamp, spec.name) if part)
    parent = log_root / spec.experiment
    for number in range(1, 1000):
        path = parent / (base if number == 1 else f"{base}_{number}")
        parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir()
        except (FileExistsError, FileNotFoundError):  # the latter: a refused launch has just removed `parent`
            continue
        return RunFolder(path)
    raise LaunchError(f"{parent / base} exists a thousand times", hint="wait a second")
