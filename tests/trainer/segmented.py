"""Print which geom MuJoCo shows at each pixel of a rendered state, as indices of the scene's shapes, -1 for none.

`python -m tests.trainer.segmented ROLLOUT STATE WIDTH HEIGHT VIEW`, the last as JSON; the pixels as JSON too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from trainer_proc.video.opengl import choose_opengl


def main(rollout_file, width, height, view_json):
    choose_opengl()
    import mujoco
    import numpy as np

    from trainer_proc.contract.rollout import read_rollout
    from trainer_proc.contract.video_request import View
    from trainer_proc.video.render import look_from
    from trainer_proc.video.task_model import posed_model, spec_of

    rollout, view = read_rollout(Path(rollout_file)), msgspec.json.decode(view_json, type=View)
    posed, notes = posed_model(rollout.scene, spec_of(rollout.header, ""))
    assert not notes
    model = posed.model
    model.vis.global_.offwidth, model.vis.global_.offheight, model.vis.global_.orthographic = width, height, 1
    renderer = mujoco.Renderer(model, height, width)
    renderer.enable_segmentation_rendering()
    collisions = mujoco.MjvOption()
    collisions.geomgroup[:] = [0, 0, 0, 1, 0, 0]
    posed.pose(rollout.states[view.state])
    renderer.update_scene(posed.data, look_from(posed, view), collisions)
    shown = renderer.render()[..., 0]
    shapes = np.full(model.ngeom + 1, -1)
    for number, shape in enumerate(rollout.scene.shapes):
        body = model.body(f"robot/{rollout.scene.bodies[shape.body]}").id
        near = [
            geom
            for geom in range(model.ngeom)
            if model.geom_bodyid[geom] == body and np.allclose(model.geom_pos[geom], shape.position, atol=1e-5)
        ]
        shapes[near] = number
    print(msgspec.json.encode(shapes[shown].tolist()).decode())  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
