"""MuJoCo models that take the poses of a rollout, without OpenGL."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from trainer_proc.contract.rollout import read_rollout
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
