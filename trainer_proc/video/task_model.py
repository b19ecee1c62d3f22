"""The MuJoCo model that shows a scene: that of its task if it is at hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainer_proc.contract.errors import TrainingError
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.robot import Scene
from trainer_proc.contract.rollout import RolloutHeader
from trainer_proc.contract.run_folder import RunFolder, RunFolderError, RunSpec
from trainer_proc.rl_libraries.isaaclab.load import load_library
from trainer_proc.simulators.registry import load_backend
from trainer_proc.video.posed import PosedModel
from trainer_proc.video.scene_model import spec_of_scene, without_planes

_MUJOCO = "mjlab"
"""The backend whose tasks have a model of MuJoCo."""


def posed_model(
    scene: Scene, spec: RunSpec, edit: Callable[[Any], None] = lambda _: None
) -> tuple[PosedModel, list[str]]:
    """Return the model of a run's task, else one of the scene's shapes with the reason.

    It has no ground if the scene `has_terrain`. `edit` gets the `MjSpec` before it is compiled.
    """

    def compiled(picture: Any) -> PosedModel:
        if scene.has_terrain:
            without_planes(picture)
        edit(picture)
        return PosedModel(picture.compile(), scene)

    try:
        # other simulators take seconds to load, and have none
        with without_garbage_collection():
            picture = load_backend(_MUJOCO, load_library).picture_spec(spec) if spec.backend == _MUJOCO else None
        if picture is not None:
            return compiled(picture), []
        reason = f"a task of {spec.backend} has no model of MuJoCo"
    except KeyError as error:
        reason = f"its model has no body {error}"
    except TrainingError as error:
        reason = str(error)
    return compiled(spec_of_scene(scene)), [f"drawn with simple shapes: {reason}"]


def spec_of(header: RolloutHeader, run: str) -> RunSpec:
    """Return the run in whose folder `run` a rollout lies; without one, a run of its task."""
    if run:
        with suppress(RunFolderError):
            return RunFolder(Path(run)).read_spec()
    return RunSpec(
        preset="",
        backend=header.backend,
        task=header.task,
        experiment="",
        device="cpu",
        num_envs=1,
        iterations=1,
        seed=0,
    )
