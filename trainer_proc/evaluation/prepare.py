"""What evaluations and rollouts begin with: read the policy, check its run, build the environment."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from curricula.errors import message_of
from trainer_proc.checkpoints.load import read_checkpoint
from trainer_proc.contract.bundle.card import ONNX
from trainer_proc.contract.evaluation import EvaluationError
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.worker import Progress
from trainer_proc.contract.worker_main import at_end
from trainer_proc.evaluation.policy import conditions_of_exported, is_exported, iteration_in, read_policy_file
from trainer_proc.evaluation.stage import Stage, built_stage
from trainer_proc.simulators.base import Backend
from trainer_proc.training.preflight import check_launch

_AGENT = "agent."
"""Begin of paths into the library's agent."""
_NO_MEMORY = ("out of memory", "failed to allocate", "can't allocate memory")


@dataclass(frozen=True)
class Prepared:
    """A policy and its run's own task, both checked; nothing is built yet."""

    policy: Path
    played: Path
    """The file that acts: `policy`, or what it was exported to."""
    content: dict[str, Any]
    """Of the file that acts."""
    iteration: int | None
    """Iteration of the policy, None if unknown."""
    backend: Backend
    spec: RunSpec
    """As the environment is built, but for the number of environments and overrides."""
    env_cfg: Any
    """The task's configuration."""
    conditions: dict[str, Any]
    """Content of the checkpoint whose knob values apply."""
    origin: str
    """File name of that checkpoint; empty without one."""
    notes: list[str]
    """What a reader of the result must know, one line each."""


def prepare(
    run: str, policy: str, *, device: str, seed: int, report: Callable[[Progress], None], conditions: str = ""
) -> Prepared:
    """Return what is needed to play the policy in a file on the task of `run`. Raises `UserError`.

    `conditions` is the checkpoint whose knob values apply; empty for those of the policy itself.
    """
    folder, path = RunFolder(Path(run)), Path(policy)
    spec, played = folder.read_spec(), path
    if spec.library not in ("", "rsl_rl"):
        if not is_exported(path):
            report(Progress(0, 0, f"exporting {path.name}"))
            played = _exported(folder, path)
            conditions = conditions or str(path)
        spec = _built_for_rsl_rl(spec)
    content = read_policy_file(played)
    applying, origin, notes = _conditions(conditions, folder, played, content)
    report(Progress(0, 0, f"loading {spec.backend}"))
    checkpoint = "" if is_exported(played) else str(path)
    spec = msgspec.structs.replace(spec, device=device, seed=seed, processes=1, checkpoint=checkpoint)
    spec = msgspec.structs.replace(spec, frontend="")  # what is measured is read from the managers of PyTorch
    with without_garbage_collection():  # the simulator is imported
        backend, spec = check_launch(spec)
    env_cfg, _ = backend.configurations(spec)
    return Prepared(
        policy=path,
        played=played,
        content=content,
        iteration=iteration_in(path, content),
        backend=backend,
        spec=spec,
        env_cfg=env_cfg,
        conditions=applying,
        origin=origin,
        notes=notes,
    )


def _exported(folder: RunFolder, checkpoint: Path) -> Path:
    """Return the exported policy of another library's checkpoint, in a folder that goes with this worker.

    Its networks are that library's, so rsl-rl's runner can't hold them. Raises `ExportError`.
    """
    from trainer_proc.export.write import export_policy  # onnx and TorchScript, which no other policy needs

    out = Path(tempfile.mkdtemp(prefix="policy-"))
    at_end.callback(shutil.rmtree, out, ignore_errors=True)
    export_policy(folder, checkpoint, out)
    return out / ONNX


def _built_for_rsl_rl(spec: RunSpec) -> RunSpec:
    """Return the same task with the agent that it has for rsl-rl, which only steps the environment."""
    overrides = {path: value for path, value in spec.overrides.items() if not path.startswith(_AGENT)}
    hydra = tuple(argument for argument in spec.hydra if not argument.startswith(_AGENT))
    return msgspec.structs.replace(spec, library="", overrides=overrides, hydra=hydra)


@contextmanager
def staged(
    prepared: Prepared, num_envs: int, overrides: Mapping[str, Any], report: Callable[[Progress], None]
) -> Iterator[Stage]:
    """Yield the built environment; close it afterwards. Raises `UserError`."""
    overridden = prepared.spec.overrides | {"agent.num_steps_per_env": 1, **overrides}  # no rollout is stored
    spec = msgspec.structs.replace(prepared.spec, num_envs=num_envs, overrides=overridden)
    with _memory_explained(spec):
        noun = "environment" if num_envs == 1 else "environments"
        report(Progress(0, 0, f"building {num_envs} {noun} of {spec.task} on {spec.device}"))
        with built_stage(prepared.backend, spec, prepared.conditions, prepared.origin) as stage:
            stage.notes += prepared.notes
            yield stage


def _conditions(
    chosen: str, folder: RunFolder, path: Path, content: dict[str, Any]
) -> tuple[dict[str, Any], str, list[str]]:
    """Return the content and the name of the checkpoint whose knob values apply, and what to note about it."""
    if chosen:
        return read_checkpoint(Path(chosen)), Path(chosen).name, []
    if not is_exported(path):
        return content, path.name, []
    origin = conditions_of_exported(folder, content.get("iter"))
    if origin is None:
        return {}, "", [f"{path.name} has no knob values and its run no checkpoint: those of the launch are in force"]
    return read_checkpoint(origin), origin.name, [f"knob values in force: those of {origin.name}"]


@contextmanager
def _memory_explained(spec: RunSpec) -> Iterator[None]:
    """Turn a simulator's or torch's error about memory into one line."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(text in str(error).lower() for text in _NO_MEMORY):
            raise
        raise EvaluationError(
            f"not enough memory on {spec.device} for {spec.num_envs} environments ({message_of(error, 100)}): "
            "choose fewer environments or another device"
        ) from error
