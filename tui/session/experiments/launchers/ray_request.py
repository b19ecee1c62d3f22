"""What is submitted to Ray to train a run: one process on one node, or a placement group on several."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

from curricula.schema import convert
from trainer_proc.contract.child_process import child_environment
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.engines.on_cluster import ray_nodes
from tui.session.launching.launcher import TrainerCommand
from tui.session.settings.engines import RayResources, RaySettings

_STOP_SECONDS = 600
"""Time between SIGTERM and SIGKILL when Ray stops a job, for an iteration and its checkpoint; Ray's default is 3."""
_GIB = 2**30


def job_request(
    id: str, folder: RunFolder, spec: RunSpec, trainer: TrainerCommand, working_folder: Path, settings: RaySettings
) -> dict[str, Any]:
    """Return the job that trains a run, with the fields of Ray's `JobSubmitRequest`."""
    resources = convert({name: value for name, value in spec.engine.items() if name != "name"}, RayResources, "engine")
    environment = child_environment(trainer.variables)
    sent = ("PYTHONSAFEPATH", *(["PYTHONPATH"] if "PYTHONPATH" in os.environ else []), *trainer.variables)
    variables = {name: environment[name] for name in sent} | {"RAY_JOB_STOP_WAIT_TIME_S": str(_STOP_SECONDS)}
    job: dict[str, Any] = {
        "submission_id": id,
        "metadata": {"job_name": folder.name, "run": str(folder.path)},
        "runtime_env": {"env_vars": variables},
    }
    if resources.nodes == 1:
        job["entrypoint"] = _on_one_node(folder, trainer, working_folder)
        job["entrypoint_num_cpus"], job["entrypoint_num_gpus"] = resources.cpus, resources.gpus
        job["entrypoint_resources"] = _custom(settings)
        if resources.memory:
            job["entrypoint_memory"] = int(resources.memory * _GIB)
        return job
    # without resources, the job itself runs on the head; what it starts has a place on each node
    bundle = {"CPU": resources.cpus, "GPU": resources.gpus, "memory": resources.memory * _GIB, **_custom(settings)}
    plan = {
        "id": id,
        "nodes": resources.nodes,
        "bundle": {name: amount for name, amount in bundle.items() if amount},
        "launcher": [*trainer.python, "-m", "trainer_proc.torchrun"],
        "ranks": ["--nproc_per_node", str(spec.processes), "-m", "trainer_proc", str(folder.path)],
        "console": str(folder.console),
        "folder": str(working_folder),
    }
    return job | {"entrypoint": "exec " + shlex.join([settings.python, ray_nodes.__file__, json.dumps(plan)])}


def _on_one_node(folder: RunFolder, trainer: TrainerCommand, working_folder: Path) -> str:
    console, command = shlex.quote(str(folder.console)), shlex.join([*trainer.python, *trainer.arguments])
    return f"exec >>{console} 2>&1 && cd {shlex.quote(str(working_folder))} && exec {command}"


def _custom(settings: RaySettings) -> dict[str, float]:
    return {name: float(amount) for name, amount in (text.split("=") for text in settings.custom)}
