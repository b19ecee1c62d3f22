"""Renders the frames of a rollout with MuJoCo's offscreen renderer, in the model of the task if it is at hand."""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import Any

import mujoco  # type: ignore[import-untyped]

from curricula.errors import UsageError
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.records import record_of
from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.terrain import terrain_of
from trainer_proc.contract.video_request import LARGEST, SMALLEST, Rendered, VideoRequest, View
from trainer_proc.contract.worker import Progress, WorkerError
from trainer_proc.contract.worker_main import Report
from trainer_proc.video.posed import PosedModel
from trainer_proc.video.task_model import posed_model, spec_of
from trainer_proc.video.terrain_field import add_field, write_field

_DISTANCE = 20.0
"""Metres from camera to target, which an orthographic picture does not show."""
_SHADOW = 2048
"""Pixels of a side of the shadow map."""


def render(request: VideoRequest, gl: str, report: Report) -> Rendered:
    """Write the frames and return what was rendered. Raises `UserError`."""
    if not all(SMALLEST <= side <= LARGEST for side in (request.width, request.height)):
        raise UsageError(f"expected sides of {SMALLEST} to {LARGEST} pixels, got {request.width}x{request.height}")
    rollout = read_rollout(Path(request.rollout))
    report(Progress(0, 0, f"loading the model of {rollout.header.task}"))
    has_terrain = rollout.scene.has_terrain
    edits = (add_field,) if has_terrain else ()
    posed, notes = posed_model(rollout.scene, spec_of(rollout.header, request.run), *edits)
    visual = posed.model.vis
    visual.global_.offwidth, visual.global_.offheight = request.width, request.height
    visual.global_.orthographic = 1
    visual.quality.shadowsize = _SHADOW
    renderer = mujoco.Renderer(posed.model, request.height, request.width)
    try:
        with open(request.frames, "wb") as file:
            for number, view in enumerate(request.views):
                state = rollout.states[view.state]
                posed.pose(state)
                if has_terrain and (terrain := terrain_of(state)) is not None:
                    field = write_field(posed.model, posed.data, terrain)
                    mujoco.mjr_uploadHField(posed.model, renderer._mjr_context, field)
                file.write(record_of(zlib.compress(_pixels(renderer, posed, view), 1)))
                report(Progress(number + 1, len(request.views), f"rendering ({gl})"))
    except (OSError, IndexError) as error:
        raise WorkerError(f"the frames can't be rendered: {one_line(error)}") from error
    return Rendered(frames=len(request.views), gl=gl, notes=tuple(notes))


def look_from(posed: PosedModel, view: View) -> Any:
    """Return MuJoCo's camera for a view, whose height is written into the model."""
    posed.model.vis.global_.fovy = view.metres
    camera = mujoco.MjvCamera()
    camera.lookat = view.target
    camera.distance = _DISTANCE
    camera.azimuth = math.degrees(view.azimuth) + 180.0  # MuJoCo's is the direction of sight
    camera.elevation = -math.degrees(view.elevation)
    return camera


def _pixels(renderer: Any, posed: PosedModel, view: View) -> bytes:
    renderer.update_scene(posed.data, look_from(posed, view))
    renderer.scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
    pixels: bytes = renderer.render().tobytes()
    return pixels
