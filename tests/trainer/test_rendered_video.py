"""Frames that MuJoCo renders, compared with what the dashboard draws of the same state. Skipped without OpenGL."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.program import program
from trainer_proc.contract.rollout import read_rollout, write_rollout
from trainer_proc.contract.video_request import View
from trainer_proc.contract.worker import WorkerError
from trainer_proc.video.opengl import choose_opengl
from tui.charts.robot.poses import place, poses_of, solids_of
from tui.charts.robot.raster import NOTHING, rasterise
from tui.charts.video.film import find_ffmpeg
from tui.charts.video.rendered import view_of
from tui.charts.video.shots import shots_of

ROOT = Path(__file__).parents[2]
WALK = ROOT / "tests" / "recordings" / "rollouts" / "g1-walk.rollout"


@pytest.fixture(scope="module", autouse=True)
def opengl():
    """Choose an OpenGL once for all processes of these tests: each try is a process of its own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MUJOCO_GL", "")
        try:
            patched.setenv("MUJOCO_GL", choose_opengl())
        except WorkerError as error:
            pytest.skip(str(error))
        yield


@pytest.fixture(scope="module")
def walk():
    return read_rollout(WALK)


def segmented(view: View, width: int, height: int):
    """Return the index of the shape that MuJoCo shows at each pixel."""
    command = [sys.executable, "-m", "tests.trainer.segmented", str(WALK), str(width), str(height)]
    command.append(msgspec.json.encode(view).decode())
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    return np.array(json.loads(done.stdout.splitlines()[-1]))


def middles(shapes):
    """Return the middle (column, row) of each shape that has some pixels."""
    found = {}
    for shape in np.unique(shapes[shapes >= 0]):
        rows, columns = np.nonzero(shapes == shape)
        if len(rows) > 30:
            found[int(shape)] = np.array([columns.mean(), rows.mean()])
    return found


def test_mujoco_shows_each_shape_where_the_dashboard_draws_it(walk):
    shot = shots_of(walk, "follow", width=320, height=240, fps=25)[60]
    rendered = segmented(view_of(shot), 320, 240)
    solids = solids_of(walk.scene)
    poses = poses_of(walk.states[shot.state], len(walk.scene.bodies))
    drawn = rasterise(solids, place(solids, poses), shot.projection).shape
    assert (rendered == drawn).mean() > 0.99
    assert ((rendered >= 0) & (drawn != NOTHING)).sum() > 0.95 * (drawn != NOTHING).sum()
    theirs, ours = middles(rendered), middles(drawn)
    assert theirs.keys() == ours.keys()
    assert len(ours) > 8
    assert max(np.hypot(*(theirs[shape] - ours[shape])) for shape in ours) < 1.0


def test_a_rendered_film_shows_the_robot_at_its_joints(walk, tmp_path):
    write_rollout(tmp_path / "short.rollout", walk.header, walk.scene, walk.states[60:66])
    options = ("--size", "320x240", "--fps", "10", "-o", "film.mp4", "--json")
    shown = json.loads(program(tmp_path, "video", "short.rollout", *options))
    assert (shown["frames"], shown["notes"]) == (3, [])
    command = [find_ffmpeg(), "-v", "error", "-i", "film.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path).stdout
    frames = np.frombuffer(decoded, np.uint8).reshape(3, 240, 320, 3).astype(int)
    short = read_rollout(tmp_path / "short.rollout")
    for frame, shot in zip(frames, shots_of(short, "follow", width=320, height=240, fps=10), strict=True):
        is_robot = frame[..., 2] - frame[..., 0] < 25  # grey and black on a blue ground
        joints = shot.projection.dots(poses_of(short.states[shot.state], len(short.scene.bodies))[:, :3])
        for column, row in np.rint(joints).astype(int):
            assert is_robot[row - 3 : row + 4, column - 3 : column + 4].any()
        assert is_robot[60:180].mean() < 0.2
