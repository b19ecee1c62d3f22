"""Films of rollouts without OpenGL: which state a frame shows, what is drawn where, and whole or absent files."""

from __future__ import annotations

import itertools
import json
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.errors import UsageError, UserError
from tests.program import program
from trainer_proc.contract.rollout import read_rollout, write_rollout
from tui.charts.palette import PALETTES
from tui.charts.robot.poses import poses_of
from tui.charts.video.drawn import DrawnFrames
from tui.charts.video.film import FilmError, find_ffmpeg, write_film
from tui.charts.video.pixels import png_file, rgb
from tui.charts.video.shots import shots_of
from tui.charts.video.video import VideoPlan, make_video

RECORDINGS = Path(__file__).parents[1] / "recordings" / "rollouts"
WALK, CARTPOLE = RECORDINGS / "g1-walk.rollout", RECORDINGS / "cartpole.rollout"


def plan(output, *paths, **changes):
    asked = {"width": 96, "height": 72, "camera": "follow", "fps": 5.0, "is_drawn": True} | changes
    rollouts = tuple(read_rollout(path) for path in paths)
    return VideoPlan(paths=paths, rollouts=rollouts, output=output, **asked)


def pixels_of(path):
    """Return the pixels of all frames of a film."""
    command = [find_ffmpeg(), "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@given(fps=st.floats(1, 100), camera=st.sampled_from(["follow", "side", "front"]))
def test_a_frame_shows_the_newest_state_at_its_time_and_the_robot_in_its_middle(walk, fps, camera):
    walk = replace(walk, states=walk.states[:40])
    times = [(state.step - walk.states[0].step) * walk.scene.step_seconds for state in walk.states]
    shots = shots_of(walk, camera, width=96, height=72, fps=fps)
    assert len(shots) == int(times[-1] * fps + 1e-6) + 1
    for number, shot in enumerate(shots):
        later = times[shot.state + 1 : shot.state + 2]
        assert times[shot.state] <= number / fps + 1e-5
        assert not later or number / fps < later[0]
        root = poses_of(walk.states[shot.state], len(walk.scene.bodies))[0, :3]
        assert np.abs(shot.projection.dots(root)[0] - 47.5) < 96 / 6


@pytest.fixture(scope="module")
def walk():
    return read_rollout(WALK)


def test_the_drawn_robot_covers_its_bodies(walk):
    (shot,) = shots_of(walk, "side", width=192, height=144, fps=1)[2:3]
    pixels = DrawnFrames(walk).frame(shot).astype(int)
    poses = poses_of(walk.states[shot.state], len(walk.scene.bodies))
    background = np.array(rgb(PALETTES["dark"].background))
    for place in np.rint(shot.projection.dots(poses[:, :3])).astype(int):
        near = pixels[place[1] - 2 : place[1] + 3, place[0] - 2 : place[0] + 3]
        assert np.abs(near - background).sum(-1).max() > 60


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_films_of_rollouts_are_side_by_side_in_step(tmp_path, suffix):
    output = tmp_path / f"film{suffix}"
    video = make_video(plan(output, WALK, CARTPOLE, width=97), lambda progress: None)
    assert video.frames == 21  # 4 s of the longer one
    frames = np.frombuffer(pixels_of(output), np.uint8).reshape(-1, 72, 97 + 4 + 97, 3)
    assert len(frames) == 21
    left, right = frames[:, :, :97].astype(int), frames[:, :, 101:].astype(int)
    assert np.abs(left[20] - left[18]).max() > 60
    assert np.abs(right[20] - right[16]).max() < 40  # it has ended
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_an_svg_has_every_frame_of_every_shape(tmp_path, walk):
    video = make_video(plan(tmp_path / "film.svg", WALK), lambda progress: None)
    root = ElementTree.fromstring((tmp_path / "film.svg").read_text())
    moving = root.findall(".//{*}animate")
    assert len(moving) == len(walk.scene.shapes) + 3  # the ground and two arrows
    assert {len(one.get("values").split(";")) for one in moving} == {video.frames} == {21}
    assert {one.get("dur") for one in moving} == {"4.2s"}


def test_a_png_is_the_frame_at_a_time(tmp_path):
    pictures = []
    for name, at in (("a", 1.0), ("b", 1.04), ("c", 3.0), ("d", 900.0), ("e", 4.0)):
        make_video(plan(tmp_path / f"{name}.png", WALK, at=at), lambda progress: None)
        pictures.append((tmp_path / f"{name}.png").read_bytes())
    a, b, c, d, e = pictures
    assert a == b != c
    assert d == e


def test_a_png_file_has_the_pixels():
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    command = [find_ffmpeg(), "-v", "error", "-f", "png_pipe", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    decoded = subprocess.run(command, input=png_file(pixels), capture_output=True, check=True).stdout
    assert decoded == pixels.tobytes()


def test_a_film_that_fails_leaves_the_file_from_before(tmp_path):
    path = tmp_path / "film.gif"
    path.write_bytes(b"before")

    def frames():
        yield np.zeros((16, 16, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film(path, frames(), fps=5)
    with pytest.raises(FilmError, match=r"film\.gif can't be encoded"):
        write_film(path, itertools.repeat(np.zeros((16, 0, 3), np.uint8), 99), fps=5)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_without_ffmpeg_the_remedy_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE", raising=False)
    with pytest.raises(UserError, match=r"found none: install it \(Debian: apt install ffmpeg\), or write an \.svg"):
        make_video(plan(tmp_path / "film.mp4", CARTPOLE), lambda progress: None)
    make_video(plan(tmp_path / "film.svg", CARTPOLE), lambda progress: None)


def test_a_rollout_whose_poses_are_not_finite_has_no_film(tmp_path, walk):
    nothing = np.full(len(walk.scene.bodies) * 7, np.nan, "<f4").tobytes()
    write_rollout(
        tmp_path / "nan.rollout",
        walk.header,
        walk.scene,
        [msgspec.structs.replace(state, poses=nothing) for state in walk.states[:2]],
    )
    with pytest.raises(UsageError, match=r"nan\.rollout has nothing to show: its poses are not finite"):
        make_video(plan(tmp_path / "film.svg", tmp_path / "nan.rollout"), lambda progress: None)


def test_the_command_reports_a_rollout_that_was_cut_off(tmp_path):
    (tmp_path / "cut.rollout").write_bytes(WALK.read_bytes()[:40_000])
    options = ("--drawn", "--size", "64x48", "-o", "film.png", "--json")
    shown = json.loads(program(tmp_path, "video", "cut.rollout", *options))
    assert (shown["frames"], shown["renderer"]) == (1, "drawn")
    assert shown["notes"][0].startswith("cut.rollout: cut off after 1.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.rollout", "-o", "a.mp4"), "no such rollout: none.rollout"),
        ((str(WALK), "-o", "a.avi"), "expected a name that ends in .mp4, .gif, .svg, .png, got a.avi"),
        ((str(WALK), "-o", "a.mp4", "--size", "9x9"), "expected WIDTHxHEIGHT of 16 to 4096 pixels"),
        ((str(WALK), str(WALK), "-o", "a.svg"), "expected up to 1 rollouts for .svg, got 2"),
        ((str(WALK), "-o", "none/a.mp4"), "no such folder"),
        ((str(WALK), "-o", "folder.gif"), "expected a file, got a folder: folder.gif"),
        ((str(WALK), "-o", "a.png", "--at", "inf"), "expected a finite number, got inf"),
        ((str(WALK), "-o", "a.mp4", "--fps", "nan"), "expected a finite number, got nan"),
    ],
)
def test_wrong_use_is_one_line(fails, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.gif").mkdir()
    assert message in fails(2, "video", *arguments)
