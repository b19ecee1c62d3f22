"""The command `run-policy`: a real process with MuJoCo in real time, watched, recorded, stopped, and refused."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
from contextlib import closing, contextmanager

import msgspec
import numpy as np
import pytest

from tests.deploy.small_bundle import SIZE, card, write_bundle
from tests.program import PROGRAM, program
from tests.waiting import wait_for
from trainer_proc.contract.robot import Selection
from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.run_folder import RunFolder
from tui.session.robot.live import LiveRobot
from tui.session.runs.run_index import run_folders


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / "bundle")


@contextmanager
def started(tmp_path, bundle, *arguments):
    arguments = [PROGRAM, "run-policy", str(bundle), "--logs", str(tmp_path / "logs"), "--json", *arguments]
    with subprocess.Popen(
        arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def watched(tmp_path):
    """Return the folder of the robot that runs, once it is there."""
    return wait_for(lambda: next(iter(run_folders(tmp_path / "logs")), None), "the robot's folder")


def test_a_policy_runs_for_its_time_and_is_recorded(tmp_path, bundle):
    file = tmp_path / "run.rollout"
    printed = program(
        tmp_path, "run-policy", str(bundle), "--seconds", "1", "--ramp", "0.2", "--command", "0.5,0,0.1", "--json",
        "--logs", str(tmp_path / "logs"), "--record", str(file),
    )  # fmt: skip
    run = json.loads(printed)
    assert (run["reason"], run["is_complete"]) == ("time is over", True)
    assert run["command"] == {"lin_vel_x": 0.5, "lin_vel_y": 0.0, "ang_vel_z": 0.1}
    assert 0 < run["control_steps"] <= 51
    assert run["control_steps"] + run["missed"] >= 49
    assert 0 < run["work_p50"] <= run["work_p99"] <= run["work_worst"]
    rollout = read_rollout(file)
    assert rollout.problem == ""
    assert rollout.scene.joints == ("left_joint", "right_joint")
    assert rollout.header.command == (0.5, 0.0, 0.1)
    assert len(rollout.states) > 10
    last = np.frombuffer(rollout.states[-1].poses, "<f4").reshape(-1, 7)
    assert len(last) == len(rollout.scene.bodies) == 3
    assert 0.0 < last[0, 2] < 0.5
    assert run_folders(tmp_path / "logs") == [], "the robot is among the runs only while it runs"


def test_a_running_robot_is_shown_like_that_of_a_training(tmp_path, bundle):
    with started(tmp_path, bundle, "--seconds", "600", "--command", "0.25,0,0"):
        folder = watched(tmp_path)
        with closing(LiveRobot(folder, Selection("env", "0"))) as robot:
            states = wait_for(robot.take, "a state of the robot")
            assert robot.problem == ""
            assert robot.scene.bodies == ("base", "left", "right")
            assert np.frombuffer(states[-1].command, "<f4").tolist() == [0.25, 0.0, 0.0]
        shown = program(tmp_path, "robot", folder.name, "--logs", str(tmp_path / "logs"))
        assert "forward (m/s)   +0.25" in shown


def test_a_viewer_stops_the_robot_and_changes_nothing_else(tmp_path, bundle):
    logs = str(tmp_path / "logs")
    with started(tmp_path, bundle, "--seconds", "600") as process:
        folder = watched(tmp_path)
        (listed,) = json.loads(program(tmp_path, "runs", "--logs", logs, "--json"))
        assert listed["status"] == "running"
        assert "it takes only stop" in program(tmp_path, "pause", folder.name, "--logs", logs, code=1)
        program(tmp_path, "stop", folder.name, "--logs", logs)
        printed, _ = process.communicate()
    assert process.returncode == 1
    assert json.loads(printed)["reason"] == "stopped by a viewer"
    assert run_folders(tmp_path / "logs") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_damps_the_robot_and_reports(tmp_path, bundle, number):
    with started(tmp_path, bundle, "--seconds", "600", "--ramp", "0") as process:
        watched(tmp_path)
        process.send_signal(number)
        printed, errors = process.communicate()
    assert process.returncode == 128 + number, errors
    assert json.loads(printed)["reason"] == "interrupted"
    assert run_folders(tmp_path / "logs") == []


def test_a_program_that_dies_leaves_no_running_policy(tmp_path, bundle):
    with started(tmp_path, bundle, "--seconds", "600") as process:
        watched(tmp_path)
        process.kill()
    wait_for(lambda: run_folders(tmp_path / "logs") == [], "the end of the policy's process")


def test_a_limit_ends_the_run_with_its_reason(tmp_path):
    weights = np.zeros((SIZE, 2))
    weights[-3] = 100.0  # of the command's first number
    described = card(joint_effort_limits=[None, None])
    write_bundle(tmp_path / "bundle", described, weights)
    arguments = ["bundle", "--seconds", "20", "--ramp", "0", "--command", "1,0,0", "--logs", "logs"]
    assert program(tmp_path, "run-policy", *arguments, code=1).startswith(
        "humanoid-tui: stopped and damped: left_joint is at "
    )


def test_a_rollout_that_does_not_fit_the_disk_costs_no_report(tmp_path, bundle):
    done = subprocess.run(
        [PROGRAM, "run-policy", "bundle", "--seconds", "0.5", "--ramp", "0", "--record", "run.rollout"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "HUMANOID_TUI_LOGS": "logs"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY)),
    )
    assert "policy acted 0.5 s" in done.stdout
    assert done.returncode == 1
    assert done.stderr.startswith("humanoid-tui: the rollout can't be written: ")
    assert "run.rollout'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir() if "rollout" in path.name] == []
    assert run_folders(tmp_path / "logs") == []


def test_a_folder_of_runs_that_can_not_be_written_is_refused_before_anything_moves(tmp_path, bundle):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "deploy").touch()
    error = program(tmp_path, "run-policy", "bundle", "--logs", "logs", code=1)
    assert error.startswith("humanoid-tui: the run can't be shown: ")
    assert error.endswith("; choose another folder with --logs\n")


UNITREE = ["bundle", "--robot", "unitree", "--interface", "lo"]
REFUSED = {
    "no bundle": (["nowhere"], "no runs in logs"),
    "a command beyond the trained range": (["bundle", "--command", "2,0,0"], "expected lin_vel_x from -0.5 to 1 m/s"),
    "a command of two numbers": (["bundle", "--command", "1,0"], "expected 3 values (lin_vel_x,lin_vel_y,ang_vel_z)"),
    "a command that is no numbers": (["bundle", "--command", "fast"], "expected numbers separated by commas"),
    "a robot without its interface": (["bundle", "--robot", "unitree"], "expected the network interface"),
    "a robot of others": ([*UNITREE, "--yes", "--unverified"], "robot: expected one of"),
    "a record in no folder": (["bundle", "--record", "none/a.rollout"], "expected a file in an existing folder for"),
    "a robot that moves unverified": ([*UNITREE, "--yes"], "expected a verified bundle for --yes on a real robot"),
}


@pytest.mark.parametrize(("arguments", "expected"), REFUSED.values(), ids=REFUSED)
def test_wrong_use_is_one_line(tmp_path, bundle, arguments, expected):
    assert expected in program(tmp_path, "run-policy", *arguments, "--logs", "logs", code=2)
    assert run_folders(tmp_path / "logs") == []


def test_a_bundle_that_is_not_verified_is_reported_and_runs_in_mujoco(tmp_path, bundle):
    printed = program(tmp_path, "run-policy", "bundle", "--seconds", "0.2", "--ramp", "0", "--logs", "logs")
    assert printed.startswith("policy: not verified yet\n")


def test_a_real_robot_is_not_moved_unverified_without_a_yes(tmp_path, bundle):
    process = subprocess.run(
        [PROGRAM, "run-policy", *UNITREE, "--logs", "logs"], cwd=tmp_path, input="n\n", capture_output=True, text=True
    )
    assert process.returncode == 130
    assert "Move a real robot with a policy that is not verified? [y/N]" in process.stdout + process.stderr
    assert "emergency stop" not in process.stdout


def test_a_bundle_without_a_model_is_refused(tmp_path):
    folder = write_bundle(tmp_path / "bundle", card(robot_model=""))
    assert "robot_model: expected the robot's MuJoCo model, got none" in program(
        tmp_path, "run-policy", str(folder), "--logs", "logs", code=2
    )
    changed = msgspec.json.decode((folder / "policy.json").read_bytes())
    (folder / "policy.json").write_bytes(msgspec.json.encode(changed | {"format": 99}))
    assert "format: expected 3, got 99; update humanoid-tui" in program(
        tmp_path, "run-policy", str(folder), "--logs", "logs", code=2
    )


def test_an_exported_run_is_named_by_its_folder(tmp_path, bundle):
    folder = RunFolder(tmp_path / "logs" / "table" / "2026-01-01_00-00-00")
    folder.path.mkdir(parents=True)
    folder.spec_file.write_text(
        'preset = "table"\nbackend = "mjlab"\ntask = "Table"\nexperiment = "table"\ndevice = "cpu"\nnum_envs = 1\n'
        "iterations = 1\nseed = 0\n"
    )
    bundle.rename(folder.exported)
    printed = program(
        tmp_path, "run-policy", "latest", "--seconds", "0.2", "--ramp", "0", "--json", "--logs", str(tmp_path / "logs")
    )
    assert json.loads(printed)["is_complete"]
