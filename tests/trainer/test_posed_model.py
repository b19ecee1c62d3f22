"""MuJoCo models that take the poses of a rollout, without OpenGL."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from trainer_proc.contract.rollout import read_rollout
from tui.charts.robot.poses import place, poses_of, solids_of

WALK = Path(__file__).parents[1] / "recordings" / "rollouts" / "g1-walk.rollout"


def test_a_rollout_without_its_task_is_rendered_with_the_shapes_of_its_scene():
    from trainer_proc.video.task_model import posed_model, spec_of

    walk = read_rollout(WALK)
    posed, notes = posed_model(walk.scene, spec_of(msgspec.structs.replace(walk.header, task="Mine"), ""))
    assert len(notes) == 1
    assert notes[0].startswith("drawn with simple shapes: no such task in mjlab: Mine")
    state = walk.states[50]
    posed.pose(state)
    placed = place(solids_of(walk.scene), poses_of(state, len(walk.scene.bodies)))
    np.testing.assert_allclose(posed.data.geom_xpos[1:], placed.centres, atol=1e-4)  # without the ground
    np.testing.assert_allclose(posed.data.geom_xmat[1:].reshape(-1, 3, 3), placed.rotations, atol=1e-4)
