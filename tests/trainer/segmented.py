"""Print which geom MuJoCo shows at each pixel of a rendered state, as indices of the scene's shapes, -1 for none.

`python -m tests.trainer.segmented ROLLOUT WIDTH HEIGHT VIEW`, the last as JSON; the pixels as JSON too. The model is
made of the scene's shapes. The environment variable `MUJOCO_GL` has an OpenGL that works.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import mujoco

from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.video_request import View
from trainer_proc.video.posed import PosedModel
from trainer_proc.video.render import look_from
from trainer_proc.video.scene_model import spec_of_scene


def main(rollout_file, width, height, view_json):
    rollout, view = read_rollout(Path(rollout_file)), msgspec.json.decode(view_json, type=View)
    posed = PosedModel(spec_of_scene(rollout.scene).compile(), rollout.scene)
    visual = posed.model.vis.global_
    visual.offwidth, visual.offheight, visual.orthographic = width, height, 1
    renderer = mujoco.Renderer(posed.model, height, width)
    renderer.enable_segmentation_rendering()
    posed.pose(rollout.states[view.state])
    renderer.update_scene(posed.data, look_from(posed, view))
    shapes = renderer.render()[..., 0] - 1  # without the ground, which is geom 0
    print(msgspec.json.encode(shapes.clip(-1).tolist()).decode())  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
