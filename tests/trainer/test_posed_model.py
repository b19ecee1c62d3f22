"""MuJoCo models that take the poses of a rollout, without OpenGL."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.terrain import Terrain
from tui.charts.robot.poses import place, poses_of, solids_of

WALK = Path(__file__).parents[1] / "recordings" / "rollouts" / "g1-walk.rollout"


@pytest.fixture(scope="module")
def walk():
    return read_rollout(WALK)


def placed(rollout, state):
    """Return where the dashboard draws the shapes."""
    return place(solids_of(rollout.scene), poses_of(state, len(rollout.scene.bodies)))


def test_geoms_of_the_task_s_own_model_are_where_the_shapes_of_the_scene_are(walk):
    from trainer_proc.video.task_model import posed_model, spec_of

    posed, notes = posed_model(walk.scene, spec_of(walk.header, ""))
    assert notes == []
    state = walk.states[50]
    posed.pose(state)
    collide = [geom for geom in range(posed.model.ngeom) if posed.model.geom_contype[geom]]
    centres = placed(walk, state).centres
    apart = np.linalg.norm(posed.data.geom_xpos[collide][:, np.newaxis] - centres, axis=-1).min(1)
    assert len(collide) > 15
    assert apart[1:].max() < 1e-3  # all but the ground


def hills(corner, *, size=41):
    """Return terrain that rises along x, and more along y."""
    steps = np.arange(size) * 4.0 / (size - 1)
    heights = (0.1 * np.sin(2 * steps)[:, np.newaxis] + 0.2 * steps - 0.3).astype("<f4")
    return Terrain(corner, 4.0 / (size - 1), heights)


@pytest.mark.parametrize("size", [41, 81])
def test_rays_meet_the_terrain_of_a_state_at_its_heights(walk, size):
    import mujoco

    from trainer_proc.video.task_model import posed_model, spec_of
    from trainer_proc.video.terrain_field import add_field, write_field

    scene = msgspec.structs.replace(walk.scene, has_terrain=True)
    posed, _ = posed_model(scene, spec_of(msgspec.structs.replace(walk.header, task="Mine"), ""), add_field)
    assert not (posed.model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE).any()
    for corner in ((-2.0, -2.0), (5.0, -7.0)):
        terrain = hills(corner, size=size)
        write_field(posed.model, posed.data, terrain)
        for x, y in ((0.35, 1.25), (1.85, 0.15), (3.95, 3.95)):
            start = np.array([corner[0] + x, corner[1] + y, 9.0])
            found = 9.0 - mujoco.mj_ray(
                posed.model, posed.data, start, np.array([0.0, 0.0, -1.0]), None, 1, -1, np.zeros(1, np.int32)
            )
            at = (np.array([place], np.float32) for place in start[:2])
            assert found == pytest.approx(float(terrain.at(*at)[0]), abs=3e-3)


def test_a_rollout_without_its_task_is_rendered_with_the_shapes_of_its_scene(walk):
    from trainer_proc.video.task_model import posed_model, spec_of

    posed, notes = posed_model(walk.scene, spec_of(msgspec.structs.replace(walk.header, task="Mine"), ""))
    assert len(notes) == 1
    assert notes[0].startswith("drawn with simple shapes: no such task in mjlab: Mine")
    state = walk.states[50]
    posed.pose(state)
    drawn = placed(walk, state)
    np.testing.assert_allclose(posed.data.geom_xpos[1:], drawn.centres, atol=1e-4)  # without the ground
    np.testing.assert_allclose(posed.data.geom_xmat[1:].reshape(-1, 3, 3), drawn.rotations, atol=1e-4)
