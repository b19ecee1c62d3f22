"""`humanoid-tui watch` for scripts, and what is wrong with its use in one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global curve, scalar, write
    from tests.tui.event_files import curve, scalar, write


EVENTS = Path(__file__).parents[1] / "recordings" / "tensorboard"


def test_json_has_the_newest_value_of_every_metric(tmp_path, prints):
    write(tmp_path / "walk", *curve("rollout/ep_rew_mean", range(5), time=100.0), scalar("time/fps", 3, 1234.0, 103.0))
    write(tmp_path / "walk", scalar("train/approx_kl", 4, float("nan"), 104.5))
    told = prints("watch", str(tmp_path), "--json")
    assert told == {
        "folder": str(tmp_path),
        "problems": [],
        "runs": [
            {
                "run": "walk",
                "files": 1,
                "step": 4,
                "time": 104.5,
                "steps_per_second": 1234.0,
                "roles": {
                    "reward": "rollout/ep_rew_mean",
                    "kl": "train/approx_kl",
                    "steps_per_second": "time/fps",
                },
                "metrics": {
                    "rollout/ep_rew_mean": {"step": 4, "value": 4.0},
                    "time/fps": {"step": 3, "value": 1234.0},
                    "train/approx_kl": {"step": 4, "value": None},
                },
                "problems": [],
            }
        ],
    }


def test_json_of_real_recordings_has_each_librarys_roles(prints):
    runs = {run["run"]: run for run in prints("watch", str(EVENTS), "--json")["runs"]}
    assert {name: (run["step"], run["roles"]["reward"], run["roles"]["value_loss"]) for name, run in runs.items()} == {
        "rl_games/summaries": (9984, "rewards/step", "losses/c_loss"),
        "rsl_rl": (59, "Train/mean_reward", "Loss/value"),
        "skrl": (640, "Reward / Total reward (mean)", "Loss / Value loss"),
    }
    assert not any(name.endswith(("/time", "/iter")) for run in runs.values() for name in run["metrics"])


def test_runs_are_chosen_by_parts_of_their_names(prints):
    runs = prints("watch", str(EVENTS), "--run", "skrl", "--run", "games", "--json")["runs"]
    assert {run["run"] for run in runs} == {"skrl", "rl_games/summaries"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("{folder}/logs", "--run", "fly"), "none of the 1 runs in {folder}/logs matches --run"),
    ],
)
def test_what_cannot_be_watched_is_told_in_one_line(tmp_path, fails, arguments, line):
    write(tmp_path / "logs", *curve("reward", range(3)))
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    assert fails(1, "watch", *arguments, "--json") == line.format(folder=tmp_path)


@pytest.mark.parametrize("options", [(), ("--json",), ("--json", "--wait")])
def test_a_folder_that_is_not_there_is_told_with_the_nearest(tmp_path, fails, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    for folder in ("logs", "runs/PPO_1", "empty"):
        (tmp_path / folder).mkdir(parents=True)
    assert fails(2, "watch", "log", *options) == "no such folder: log; nearest: logs"
    assert fails(2, "watch", "runs/PPO_2", *options) == "no such folder: runs/PPO_2; nearest: runs/PPO_1"
    assert fails(2, "watch", "nothing/at/all", *options) == "no such folder: nothing/at/all"
    (tmp_path / "file").touch()
    assert fails(2, "watch", "file", *options) == "expected a folder, got the file file; give its folder"
    assert fails(2, "web", "--watch", "log", "--port", "0") == "no such folder: log; nearest: logs"


def test_a_run_s_whole_name_wins_over_longer_ones(tmp_path, prints):
    for name in ("PPO_1", "PPO_10", "old/PPO_2", "old/PPO_20"):
        write(tmp_path / name, *curve("reward", range(3)))

    def runs(*names):
        options = [option for name in names for option in ("--run", name)]
        return {run["run"] for run in prints("watch", str(tmp_path), *options, "--json")["runs"]}

    assert runs("PPO_1") == {"PPO_1"}
    assert runs("PPO_2", "PPO_10") == {"old/PPO_2", "PPO_10"}
    assert runs("PO_1") == {"PPO_1", "PPO_10"}


def test_a_missing_package_is_told_before_the_screen_opens(tmp_path, fails, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    line = fails(1, "watch", str(tmp_path))
    assert line == f"the package tensorboard is missing; uv pip install -p {sys.executable} tensorboard"
