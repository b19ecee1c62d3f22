"""Records in `params/` what an export of a run needs beside a checkpoint."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from presets.deploy import read_deploy
from presets.robots import ObservedTerm, find_robot, not_measured
from presets.success import read_success
from trainer_proc.contract.bundle.card import ROBOT_MODEL
from trainer_proc.contract.bundle.description import PolicyDescription, write_policy_description
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.run_folder import RunFolder, RunSpec, write_atomically
from trainer_proc.export.actions import driven_assets
from trainer_proc.export.description import describe_policy
from trainer_proc.export.task_export import keep_task_export
from trainer_proc.metrics.environment import unwrapped
from trainer_proc.rl_libraries.runner import LibraryRunner
from trainer_proc.simulators.interface import Simulator


def record_policy(runner: Any, folder: RunFolder, spec: RunSpec, simulator: Simulator | None) -> PolicyDescription:
    """Write the description, the robot's model and what the task's own exporter adds; return the description.

    Raises `OSError`, `SchemaError` for a wrong table of `run.toml`, or `ExportError` for a policy that has no export.
    """
    described = describe_policy(runner, spec.task, spec.backend, simulator)
    model, sha256, problems = _record_robot_model(folder, unwrapped(runner.env), simulator)
    deploy = read_deploy(spec.deploy)
    exporter_lines = () if isinstance(runner, LibraryRunner) else keep_task_export(runner, folder)
    described = msgspec.structs.replace(
        described,
        success=msgspec.to_builtins(read_success(spec.success)),
        robot="" if deploy is None else deploy.robot,
        not_measured=[] if deploy is None else not_measured(find_robot(deploy.robot), _observed_terms(described)),
        robot_model=model,
        robot_model_sha256=sha256,
        not_included=[*described.not_included, *problems, *exporter_lines],
    )
    write_policy_description(folder, described)
    return described


def _observed_terms(described: PolicyDescription) -> list[ObservedTerm]:
    terms = (*described.observation_terms, *described.image_terms)
    return [ObservedTerm(term.name, term.quantity, term.function) for term in terms]


def _record_robot_model(folder: RunFolder, env: Any, simulator: Simulator | None) -> tuple[str, str, list[str]]:
    """Write `params/robot.xml`; return its name and hash, or a line that says why there is none."""
    file = folder.params / ROBOT_MODEL
    file.unlink(missing_ok=True)
    robots = driven_assets(env, simulator)
    if simulator is None or not robots:
        return "", "", []  # the description says that its joints are unknown
    if len(robots) > 1:
        return "", "", [f"robot's model: expected one robot, got {', '.join(robots)}"]
    try:
        content = simulator.robot_model(robots[0]).encode()
    except Exception as error:  # a user's robot may hold what MuJoCo can't write
        return "", "", [f"robot's model: {one_line(error)}"]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, content)
    return ROBOT_MODEL, hashlib.sha256(content).hexdigest(), []
