"""Shows a robot in browsers while there are any."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.viewer_request import Viewed, ViewerRequest
from trainer_proc.contract.worker import Progress, WorkerError
from trainer_proc.contract.worker_main import Report
from trainer_proc.viewer.sources import LiveSource, RolloutSource, Source
from trainer_proc.viewer.terrain_mesh import TerrainMesh

_PACKAGES = ("mujoco", "viser", "mjviser")
_IDLE_SECONDS = 0.2


def view(request: ViewerRequest, report: Report) -> Viewed:
    """Serve until nobody has watched for a while, or the robot has ended. Raises `UserError`."""
    missing = [package for package in _PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise WorkerError(f"expected {', '.join(missing)}, which come with mjlab: install it")
    from trainer_proc.video.task_model import spec_of

    if not request.rollout:
        folder = RunFolder(Path(request.run))
        return _serve(request, LiveSource(folder, request.selection), folder.read_spec(), report)
    rollout = read_rollout(Path(request.rollout))
    return _serve(request, RolloutSource(rollout), spec_of(rollout.header, request.run), report)


def _serve(request: ViewerRequest, source: Source, spec: RunSpec, report: Report) -> Viewed:
    from mjviser import ViserMujocoScene

    from trainer_proc.video.task_model import posed_model
    from trainer_proc.viewer.guarded_server import GuardedServer

    report(Progress(0, 0, f"loading the model of {spec.task}"))
    posed, notes = posed_model(source.scene(), spec)
    source.close()
    server = GuardedServer(request.port)
    shown = ViserMujocoScene(server.viser, posed.model, num_envs=1)
    shown.create_visualization_gui()
    ground = TerrainMesh(server.viser)
    report(Progress(0, 0, server.address))
    watched = time.monotonic()
    try:
        while source.is_alive():
            if server.watchers:
                watched = time.monotonic()
                if (state := source.next()) is not None:
                    posed.pose(state)
                    ground.show(state)
                    shown.update_from_mjdata(posed.data)
                continue
            source.close()
            if time.monotonic() - watched > request.unwatched_seconds:
                return Viewed(reason="nobody has watched for a while", notes=tuple(notes))
            time.sleep(_IDLE_SECONDS)
    finally:
        source.close()
        server.stop()
    return Viewed(reason="the training has ended", notes=tuple(notes))
