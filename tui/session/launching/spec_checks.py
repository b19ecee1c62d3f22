"""Checks of a run before its trainer starts: all that is known without the simulator."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from curricula.curriculum_knobs import check_curriculum_knobs
from curricula.errors import UsageError
from curricula.load import make_curricula
from curricula.schema import SchemaError
from curricula.values import numbers_problem, order_problem
from presets.checkpoints import read_retention
from presets.deploy import read_deploy
from presets.environment_counts import MOST
from presets.evaluation import read_evaluation
from presets.fixed_fields import check_arguments, check_effect
from presets.goal import read_goal
from presets.override_path import OverridePathError
from presets.override_value import OverrideValueError
from presets.preset import check_isaac_lab
from presets.restart import read_restart
from presets.rollouts import read_rollouts
from trainer_proc.contract.run_folder import RunFolder, RunFolderError, RunSpec
from tui.session.backends.devices import Device, unseen_devices
from tui.session.engines.resources import read_resources

_EVERY_LIBRARY = "rsl_rl"
"""The library of a run that names none."""
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_MOST_PROCESSES = 1024
"""Without GPUs, nothing else limits them."""


class SpecError(UsageError):
    """The requested run is invalid; `field` names what is wrong, as `RunSpec` does, if it is a single one."""

    def __init__(self, message: str = "", *, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


def checked_spec(spec: RunSpec) -> RunSpec:
    """Return the validated spec, with `cuda` as `cuda:0`. Raises `SpecError`."""
    _check_device_name(spec.device)
    check_names(spec)
    if not (1 <= spec.num_envs <= MOST and 1 <= spec.iterations <= MOST):
        raise SpecError(
            f"expected 1 to {MOST:,} environments and iterations, got {spec.num_envs:,} and {spec.iterations:,}",
            field="iterations" if 1 <= spec.num_envs <= MOST else "num_envs",
        )
    if not 1 <= spec.processes <= _MOST_PROCESSES:
        raise SpecError(f"expected 1 to {_MOST_PROCESSES} processes, got {spec.processes:,}")
    if not 0 <= spec.seed < 2**32:
        raise SpecError(f"expected a seed from 0 to 4294967295, got {spec.seed}", field="seed")
    try:
        check_isaac_lab(spec.backend, spec.physics, spec.library, spec.hydra, spec.frontend)
    except SchemaError as error:
        raise SpecError(str(error), field="hydra") from error
    _check_tables(spec)
    _check_knobs(spec)
    return msgspec.structs.replace(spec, device="cuda:0") if spec.device == "cuda" else spec


def check_names(spec: RunSpec) -> None:
    """Raise `SpecError` unless the run's folder lies two folders below the log root, wherever the spec comes from."""
    if not re.fullmatch(r"[\w.+-]{0,80}", spec.name):
        expected = "a run name of at most 80 letters, digits, '.', '_', '+' and '-'"
        raise SpecError(f"expected {expected}, got {spec.name}", field="name")
    if not re.fullmatch(r"\w[\w.+-]{0,120}", spec.experiment):
        raise SpecError(f"expected the name of one folder as experiment, got {spec.experiment!r}", field="experiment")


def check_text(spec: RunSpec, log_root: Path) -> None:
    """Raise `SpecError` if a text or a path of the run is no UTF-8: no message and no file could hold it."""
    try:
        tomli_w.dumps(msgspec.to_builtins(spec)).encode()
        str(log_root.resolve()).encode()
    except UnicodeEncodeError as error:
        text = error.object[max(error.start - 20, 0) : error.end + 20]
        raise SpecError(f"expected names and paths in UTF-8, got {text!a}", hint="rename it") from error


def check_overrides(spec: RunSpec) -> None:
    """Raise `SpecError` if an override or a Hydra argument has no effect, or is no value."""
    try:
        for path, value in spec.overrides.items():
            check_effect(path, value)
        check_arguments(spec.hydra)
    except (OverridePathError, OverrideValueError) as error:
        raise SpecError(str(error), field="overrides") from error


def check_device(spec: RunSpec, devices: Sequence[Device], hint: str = "") -> None:
    """Raise `SpecError`, with `hint`, if the run needs a GPU that this machine, with `devices`, does not have.

    What a run gets from its engine counts instead.
    """
    _check_device_name(spec.device)
    if spec.engine:
        _check_engine_device(spec)
        return
    if spec.device == "cpu" or "tegra" in os.uname().release:  # a Jetson's GPU is not listed
        return
    count = sum(device.name != "cpu" for device in devices)
    visible = os.environ.get(_VISIBLE)
    if visible is not None:  # torch numbers these only
        count = min(count, len([entry for entry in visible.split(",") if entry.strip()]))
    known = ", ".join(["cpu", *(f"cuda:{index}" for index in range(count))])
    limited = "" if visible is None else f"; {_VISIBLE} is {visible!r}"
    if int(spec.device.partition(":")[2] or 0) >= count:
        raise SpecError(f"no such device: {spec.device}; there are {known}{limited}", hint=hint, field="device")
    if spec.processes > count:
        raise SpecError(
            f"expected a GPU for each of {spec.processes} processes, there are {known}{limited}",
            hint=hint,
            field="device",
        )


def engine_devices(table: dict[str, Any]) -> list[Device]:
    """Return the devices that a training gets from its engine; their memory is not known. Raises `SchemaError`."""
    count = math.ceil(getattr(read_resources(table), "gpus", 0))  # a job may have a part of one
    devices = unseen_devices("a job", count)
    return devices[:count] or devices


def _check_engine_device(spec: RunSpec) -> None:
    names = [device.name for device in engine_devices(spec.engine)]
    if spec.device not in names or (spec.device != "cpu" and spec.processes > len(names)):
        wanted = f"{spec.processes} processes on {spec.device}" if spec.processes > 1 else spec.device
        remedy = "--resource gpus=0" if spec.device == "cpu" else "more --resource gpus"
        raise SpecError(f"the job has {', '.join(names)}, not {wanted}: ask for {remedy}", field="device")


def _check_device_name(device: str) -> None:
    if not re.fullmatch(r"cpu|cuda(:\d{1,4})?", device):
        raise SpecError(f"expected the device cpu or cuda:N, got {device}", field="device")


def check_origin(spec: RunSpec, may_be_another_task: bool) -> None:
    """Raise `SpecError` if the checkpoint is of another library or, unless that is wanted, of another task.

    A checkpoint that lies in no run's folder is compared by the trainer, before it builds anything.
    """
    try:
        parent = RunFolder(Path(spec.parent)).read_spec() if spec.parent else spec
    except RunFolderError:
        return
    checkpoint = Path(spec.checkpoint).name
    library, own_library = parent.library or _EVERY_LIBRARY, spec.library or _EVERY_LIBRARY
    if library != own_library:
        raise SpecError(
            f"{checkpoint}: expected a checkpoint of library {own_library}, got one of {library}", field="checkpoint"
        )
    task, own_task = (f"{one.task} on {one.backend}" for one in (parent, spec))
    if not may_be_another_task and _bare(task) != _bare(own_task):
        raise SpecError(
            f"{checkpoint}: expected a checkpoint of {own_task}, got one of {task}; "
            "add --other-task to start from it all the same",
            field="checkpoint",
        )


def _bare(task: str) -> str:
    """Return the task without the parts in which its spellings differ: version, dashes and case."""
    return re.sub(r"-v\d+\b|-", "", task).lower()


def _check_tables(spec: RunSpec) -> None:
    try:
        read_evaluation(spec.evaluation)
        read_rollouts(spec.rollouts)
        read_retention(spec.checkpoints)
        read_restart(spec.restart)
        read_goal(spec.goal, spec.evaluation)
        read_deploy(spec.deploy)
        read_resources(spec.engine)
    except SchemaError as error:
        raise SpecError(str(error), field="evaluation") from error
    for table, what, option in (
        (spec.evaluation, "evaluations", "--evaluate-every"),
        (spec.rollouts, "rollouts", "--rollout-every"),
    ):
        if table and (spec.library or _EVERY_LIBRARY) != _EVERY_LIBRARY:
            raise SpecError(
                f"expected library {_EVERY_LIBRARY} for {what}, got {spec.library}: use {option} 0", field="evaluation"
            )


def _check_knobs(spec: RunSpec) -> None:
    try:
        check_curriculum_knobs(spec.set, make_curricula(spec.curricula))
    except SchemaError as error:
        raise SpecError(str(error), field="set") from error
    for knob, value in spec.set.items():
        if not isinstance(value, str) and (problem := numbers_problem(knob, value)):
            raise SpecError(problem, field="set")
    for knob, (low, high) in spec.bounds.items():
        if problem := order_problem(f"bounds of {knob}", low, high):
            raise SpecError(problem)
