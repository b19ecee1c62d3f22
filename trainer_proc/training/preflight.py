"""Refuses a launch that can't be carried out as asked, before anything is built."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.checkpoints.fit import check_fit
from trainer_proc.checkpoints.load import read_checkpoint
from trainer_proc.contract.errors import LaunchRefused, TrainingError
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.knobs.term_names import check_terms
from trainer_proc.rl_libraries.isaaclab.load import load_library
from trainer_proc.simulators.base import Backend
from trainer_proc.simulators.registry import load_backend


def check_launch(spec: RunSpec) -> tuple[Backend, RunSpec]:
    """Return the run's backend, and the run as it will be built. Takes seconds: the simulator is imported.

    Raises `LaunchRefused` if the simulator, the task, the device, the checkpoint, an override or a knob is wrong.
    """
    try:
        checkpoint = read_checkpoint(Path(spec.checkpoint)) if spec.checkpoint else None
        backend = load_backend(spec.backend, load_library)
        spec = backend.check(spec)
        env_cfg, agent = backend.configurations(spec)
        check_terms((*spec.set, *spec.bounds), env_cfg)
        if checkpoint is not None:
            check_fit(Path(spec.checkpoint), checkpoint, spec.library or "rsl_rl", agent)
    except TrainingError as error:
        raise LaunchRefused(str(error)) from error
    return backend, spec
