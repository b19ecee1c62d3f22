"""What trainings of the installed simulator import, for `tests.forked`; it begins no thread and reads no device."""

from __future__ import annotations

import importlib
import importlib.util

from trainer_proc.contract.garbage import without_garbage_collection

_MJLAB = ("trainer_proc.simulators.mjlab.backend", "mjlab.tasks.registry")
_ISAAC_LAB = (
    "trainer_proc.simulators.isaaclab.backend",
    "isaaclab_newton.assets.articulation.articulation",
    "isaaclab_newton.cloner",
    "isaaclab_newton.physics.mjwarp_manager",
    "isaaclab.envs.manager_based_rl_env",
    "isaaclab.scene.interactive_scene",
    "mujoco_warp",
)


def _import_all(*names: str) -> None:
    for name in names:
        importlib.import_module(name)


with without_garbage_collection(is_kept=True):
    _import_all(
        "torch", "trainer_proc.training.build", *(_ISAAC_LAB if importlib.util.find_spec("isaaclab") else _MJLAB)
    )
