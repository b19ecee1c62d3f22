"""Places the geoms of a MuJoCo model where the bodies of a rollout are, without its joints."""

from __future__ import annotations

from typing import Any

import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.robot import RobotState, Scene

Floats = NDArray[np.float64]


class PosedModel:
    """A model whose bodies have the names of a scene's, `robot/` left out as there."""

    def __init__(self, model: Any, scene: Scene) -> None:
        """Raise `KeyError` for a body that the model lacks."""
        self.model, self.data = model, mujoco.MjData(model)
        mujoco.mj_forward(model, self.data)
        self._bodies = np.array([_body(model, name) for name in scene.bodies])
        place_of = {int(body): place for place, body in enumerate(self._bodies)}
        self._geoms = np.array([geom for geom in range(model.ngeom) if int(model.geom_bodyid[geom]) in place_of], int)
        self._places = np.array([place_of[int(model.geom_bodyid[geom])] for geom in self._geoms], int)
        self._in_body = _matrices(model.geom_quat[self._geoms])

    def pose(self, state: RobotState) -> None:
        """Write the poses of bodies and geoms into `data`."""
        poses = np.frombuffer(state.poses, dtype="<f4").reshape(-1, 7).astype(np.float64)
        self.data.xpos[self._bodies], self.data.xquat[self._bodies] = poses[:, :3], poses[:, 3:]
        rotations = _matrices(poses[:, 3:])
        self.data.xmat[self._bodies] = rotations.reshape(-1, 9)
        turned = rotations[self._places]
        centres = poses[self._places, :3] + np.einsum("gij,gj->gi", turned, self.model.geom_pos[self._geoms])
        self.data.geom_xpos[self._geoms] = centres
        self.data.geom_xmat[self._geoms] = (turned @ self._in_body).reshape(-1, 9)


def _body(model: Any, name: str) -> int:
    """Return the model's index of a body. Raises `KeyError`."""
    for full in (name, f"robot/{name}"):
        if (body := mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, full)) >= 0:
            return int(body)
    raise KeyError(name)


def _matrices(quaternions: Floats) -> Floats:
    """Return the rotation matrices [N, 3, 3] of quaternions (w, x, y, z) [N, 4]."""
    matrices = np.empty((len(quaternions), 9))
    for matrix, quaternion in zip(matrices, quaternions, strict=True):
        mujoco.mju_quat2Mat(matrix, quaternion)
    return matrices.reshape(-1, 3, 3)
