"""Rollout files: cut off, damaged, foreign, of another version."""

from __future__ import annotations

import contextlib
import math
import os
import struct
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.full_disk import largest_file
from trainer_proc.contract.records import record_of
from trainer_proc.contract.robot import RobotState, Scene, Shape
from trainer_proc.contract.rollout import (
    Push,
    RolloutError,
    RolloutHeader,
    read_header,
    read_rollout,
    write_rollout,
)

SCENE = Scene(
    task="a-task",
    bodies=("base", "foot"),
    parents=(-1, 0),
    shapes=(Shape(0, "box", (0.1, 0.1, 0.1), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)),),
    step_seconds=0.02,
    num_envs=1,
    feet=(1,),
    joints=("knee",),
    joint_limits=((-math.inf, 1.0),),
    rewards=("upright",),
)
HEADER = RolloutHeader(
    task="a-task",
    backend="mjlab",
    run="a-run",
    policy="model_4.pt",
    iteration=4,
    state_seconds=0.04,
    pushes=(Push(1.0, 2.0, 0.0),),
)


def floats(count):
    return struct.pack(f"<{count}f", *range(count))


STATES = [
    RobotState(0, 4, 2 * number, 0.04 * number, floats(14), joints=floats(1), contacts=floats(1), rewards=floats(1))
    for number in range(5)
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("rollouts") / "whole.rollout"
    write_rollout(path, HEADER, SCENE, STATES)
    return path


def played(path, data):
    path.write_bytes(data)
    return read_rollout(path)


def refused(path):
    with pytest.raises(RolloutError) as error:
        read_rollout(path)
    assert error.value.exit_code == 2
    return str(error.value)


def test_a_rollout_is_read_as_it_was_written(whole):
    rollout = read_rollout(whole)
    assert (rollout.header, rollout.scene, rollout.states, rollout.problem) == (HEADER, SCENE, STATES, "")
    assert read_header(whole) == HEADER


def test_a_file_that_was_cut_off_plays_to_its_end(whole, tmp_path):
    data, path = whole.read_bytes(), tmp_path / "cut.rollout"
    counts = []
    for end in range(len(data)):
        try:
            rollout = played(path, data[:end])
        except RolloutError:
            counts.append(0)
        else:
            assert rollout.states == STATES[: len(rollout.states)]
            assert rollout.problem == f"cut off after {len(rollout.states) * 0.04:.1f} s"
            counts.append(len(rollout.states))
    assert counts == sorted(counts)
    assert set(counts) == set(range(len(STATES) + 1))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_damaged_file_plays_or_is_refused(whole, data):
    content = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(RolloutError):
        rollout = played(whole.with_name("damaged.rollout"), bytes(content))
        assert all(len(state.poses) == 28 * len(rollout.scene.bodies) for state in rollout.states)


@pytest.mark.parametrize("content", [b"", b"\xc6", b"a text\n" * 100, b"\xc6\x00\x00\x00\x02\x93\x93"])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "foreign.rollout"
    path.write_bytes(content)
    assert refused(path) == f"{path} is no rollout: make one with humanoid-tui rollout"


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert refused(path) == f"{path} is no rollout: expected a file"
    assert refused(tmp_path / "none") == f"no such rollout: {tmp_path / 'none'}"


def test_newer_versions_are_refused(tmp_path):
    path = tmp_path / "newer.rollout"
    path.write_bytes(record_of(msgspec.msgpack.encode({"type": "Rollout", "version": 2, "all": "else"})))
    newer = "recorded by a newer version; update humanoid-tui"
    assert refused(path) == f"{path}: expected version 1 or older, got 2: {newer}"
    write_rollout(path, HEADER, msgspec.structs.replace(SCENE, protocol=2), STATES)
    assert refused(path) == f"{path}: expected robot protocol 1 or older, got 2: {newer}"


@pytest.mark.parametrize(
    "changes",
    [{"parents": (-1, 2)}, {"parents": (-1,)}, {"feet": (7,)}, {"step_seconds": 0.0}, {"joint_limits": ((0, 1),) * 2}],
)
def test_a_scene_that_contradicts_itself_is_refused(tmp_path, changes):
    path = tmp_path / "wrong.rollout"
    write_rollout(path, HEADER, msgspec.structs.replace(SCENE, **changes), STATES)
    assert refused(path) == f"{path} is damaged: record it again"


def test_states_of_other_sizes_end_the_rollout(tmp_path):
    path = tmp_path / "wrong.rollout"
    write_rollout(path, HEADER, SCENE, [*STATES[:2], msgspec.structs.replace(STATES[2], joints=floats(3))])
    rollout = read_rollout(path)
    assert (rollout.states, rollout.problem) == (STATES[:2], "damaged after 0.1 s")


@pytest.mark.parametrize("step", [0, -7, 10**15])
def test_states_that_go_back_in_time_or_are_hours_apart_end_the_rollout(tmp_path, step):
    path = tmp_path / "wrong.rollout"
    write_rollout(path, HEADER, SCENE, [*STATES[:2], msgspec.structs.replace(STATES[2], step=STATES[0].step + step)])
    assert read_rollout(path).states == STATES[:2]


def test_a_full_disk_leaves_the_rollout_from_before(tmp_path):
    path = tmp_path / "kept.rollout"
    write_rollout(path, HEADER, SCENE, STATES[:1])
    with largest_file(200), pytest.raises(OSError, match="File too large"):
        write_rollout(path, HEADER, SCENE, STATES)
    assert read_rollout(path).states == STATES[:1]
    assert list(tmp_path.iterdir()) == [path]
