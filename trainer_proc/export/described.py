"""The description of a run that an export begins with; written again where it is missing, old or incomplete."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import msgspec

from trainer_proc.contract.bundle.description import (
    FORMAT,
    PolicyDescription,
    read_policy_description,
    read_robot_model,
)
from trainer_proc.contract.describe_request import DESCRIPTION, DescribeRequest
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from trainer_proc.contract.worker import WorkerError
from trainer_proc.contract.worker_process import WorkerProcess


def current_description(folder: RunFolder, checkpoint: Path) -> PolicyDescription:
    """Return the description of a run's policies, in this version's format.

    One that this version has not written is written again by the run's own environment, built with the knob values of
    `checkpoint`. Where that is impossible, an older description is returned without what it guessed. Raises
    `ExportError`.
    """
    file = folder.policy_description
    known: PolicyDescription | None = None
    try:
        known = read_policy_description(folder)
        problem = ""
    except FileNotFoundError:
        problem = "is missing"
    except (OSError, msgspec.DecodeError) as error:
        problem = f"can't be read ({one_line(error)})"
    if known is not None and known.format > FORMAT:
        raise ExportError(f"{file}: expected format {FORMAT} or older, got {known.format}: update humanoid-tui")
    if known is not None and known.format == FORMAT and _has_model(folder, known):
        return known
    try:
        _describe_again(folder, checkpoint)
        return read_policy_description(folder)
    except (WorkerError, RunFolderError, OSError, msgspec.DecodeError) as error:
        if known is None:
            raise ExportError(f"{file} {problem}, and the run can't be described again: {one_line(error)}") from error
        return _without_guesses(known, one_line(error))


def _has_model(folder: RunFolder, known: PolicyDescription) -> bool:
    """Return whether the robot's model is the one that was written with the description."""
    if not known.robot_model:
        return True
    try:
        content = read_robot_model(folder, known)
    except OSError:
        return False
    return hashlib.sha256(content).hexdigest() == known.robot_model_sha256


def _describe_again(folder: RunFolder, checkpoint: Path) -> None:
    folder.read_spec()  # without one, there is nothing to build
    request = DescribeRequest(run=str(folder.path), checkpoint=str(checkpoint.resolve()))
    with tempfile.TemporaryDirectory(prefix="humanoid-tui-describe-") as scratch:
        WorkerProcess(DESCRIPTION, request, Path(scratch) / "log", is_log_kept=False).result()


def _without_guesses(known: PolicyDescription, reason: str) -> PolicyDescription:
    """Return a description that can't be written again without what it may have wrong; say what is unknown."""
    if known.format == FORMAT:
        lines = [f"robot's model: {known.robot_model} is missing or changed, and can't be written again: {reason}"]
        changes = {"robot_model": "", "robot_model_sha256": ""}
        return msgspec.structs.replace(known, **changes, not_included=[*known.not_included, *lines])
    unknown = "what terms observe, commands, limits of joints and the robot's model"
    if known.format < 2:
        unknown = f"gains, clip_actions, limits, kinds and history, values before randomization, {unknown}"
        known = msgspec.structs.replace(known, joint_stiffness=[], joint_damping=[])
    line = f"{unknown}: an older version described this run, and it can't be described again: {reason}"
    return msgspec.structs.replace(known, not_included=[line, *known.not_included])
