"""The command `evaluate` without a simulator: which policies it takes, its limits and its report."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from curricula.errors import UsageError, UserError
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.evaluation import (
    Axis,
    Cell,
    Evaluation,
    Measure,
    episode_table,
    read_result,
    result_file,
    write_result,
)
from tui.session.backends.devices import Device
from tui.session.evaluations.limits import Limit, parse_limit
from tui.session.evaluations.missed_limits import missed_limits
from tui.session.evaluations.report import report_record, report_text
from tui.session.evaluations.targets import default_device, find_targets

RESULT = Evaluation(
    suite="commands",
    run="a-run",
    checkpoint="model_40.pt",
    sha256="0" * 64,
    iteration=40,
    task="a-task",
    backend="mjlab",
    device="cpu",
    seed=0,
    num_envs=4,
    episode_seconds=6.0,
    axes=(Axis("forward", "m/s", (0.0, 1.0)),),
    measures=(Measure("success", better="higher"), Measure("error/yaw", "rad/s", "lower")),
    cells=(
        Cell(at={"forward": 0.0}, episodes=2, values={"success": (1.0, 1.0), "error/yaw": (0.1, 0.3)}),
        Cell(at={"forward": 1.0}, episodes=2, values={"success": (0.0, 1.0), "error/yaw": (None, 0.2)}),
    ),
    notes=("dead zone, lateral (m/s): 0.2 gives 0.01",),
)


# --- limits ---


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        (Limit("success", 0.75), ""),
        (Limit("success", 0.8), "model_40.pt, commands: expected success of at least 0.8, got 0.75"),
        (parse_limit("error/yaw=0.2", is_minimum=False), ""),
        (
            Limit("error/yaw", 0.1, is_minimum=False),
            "model_40.pt, commands: expected error/yaw of at most 0.1, got 0.2",
        ),
    ],
)
def test_a_limit_is_held_against_the_mean_of_all_episodes(limit, line):
    assert missed_limits([RESULT], [limit]) == ([line] if line else [])


def test_a_measure_without_any_value_misses_its_limit():
    cells = (Cell(at={}, episodes=1, values={"success": (None,), "error/yaw": (None,)}),)
    nothing = msgspec.structs.replace(RESULT, cells=cells)
    assert missed_limits([nothing], [Limit("success", 0.0)]) == [
        "model_40.pt, commands: expected success of at least 0, got no value"
    ]


def test_a_measure_that_no_suite_has_is_refused():
    with pytest.raises(UsageError, match="no such measure in these suites: score; there are success, error/yaw"):
        missed_limits([RESULT], [Limit("score", 0.5)])


@pytest.mark.parametrize("text", ["", "success", "=0.5", "success=", "success=much", "success=nan"])
def test_a_limit_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="expected MEASURE=VALUE"):
        parse_limit(text, is_minimum=True)


def test_a_limit_that_no_mean_can_miss_is_refused(fails):
    for option in ("--min-success", "--max-error-yaw"):
        assert "finite" in fails(2, "evaluate", "latest", option, "nan")


# --- policies ---


def test_a_run_gives_its_newest_checkpoint_and_a_file_its_run(folder):
    for name in ("model_5.pt", "model_40.pt", "exported/policy.onnx"):
        path = folder.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(WHOLE_CHECKPOINT)
    root = folder.path.parents[1]
    (newest,) = find_targets([folder.name], [], root)
    assert (newest.folder.path, newest.policy.name) == (folder.path, "model_40.pt")
    both = find_targets([folder.name], ["5", "latest"], root)
    assert [target.policy.name for target in both] == ["model_5.pt", "model_40.pt"]
    (exported,) = find_targets([str(folder.path / "exported" / "policy.onnx")], [], root)
    assert exported.folder.path == folder.path
    assert len(find_targets([folder.name, str(folder.path / "model_40.pt")], [], root)) == 1


def test_a_file_outside_of_a_run_is_refused(tmp_path, folder):
    (tmp_path / "model_1.pt").write_bytes(b"")
    with pytest.raises(UserError, match=r"expected a policy in its run's folder, got one without run\.toml"):
        find_targets([str(tmp_path / "model_1.pt")], [], folder.path.parents[1])
    with pytest.raises(UserError, match="no such file"):
        find_targets([str(tmp_path / "model_2.pt")], [], folder.path.parents[1])


def test_the_cpu_evaluates_while_the_run_trains(folder, link):
    gpu = Device("cuda:0", "", 1.0, 1.0)
    assert default_device(folder, [gpu]) == "cpu"
    link.close()
    assert default_device(folder, [gpu]) == "cuda:0"


# --- result ---


def test_a_result_is_read_as_it_was_written(folder):
    path = write_result(folder, RESULT)
    assert path == result_file(folder, RESULT.checkpoint, "commands")
    assert read_result(path) == RESULT
    assert path.with_suffix(".csv").read_text() == episode_table(RESULT)
    assert episode_table(RESULT).splitlines() == [
        "forward,episode,success,error/yaw",
        "0.0,0,1.0,0.1",
        "0.0,1,1.0,0.3",
        "1.0,0,0.0,",
        "1.0,1,1.0,0.2",
    ]


def test_a_result_that_can_t_be_written_leaves_nothing(folder, monkeypatch):
    path = result_file(folder, RESULT.checkpoint, "commands")
    path.mkdir(parents=True)  # where the JSON file goes
    with pytest.raises(OSError, match="directory"):
        write_result(folder, RESULT)
    path.rmdir()
    assert [one for one in path.parent.iterdir() if one.suffix != ".csv"] == []


def test_a_result_does_not_bring_a_removed_run_back(folder):
    shutil.rmtree(folder.path)
    with pytest.raises(OSError, match="the run's folder is gone: .*" + folder.name):
        write_result(folder, RESULT)
    assert not folder.path.exists()


def test_the_report_shows_policies_side_by_side_and_their_test():
    other = msgspec.structs.replace(RESULT, checkpoint="model_80.pt", notes=())
    shown = report_text([RESULT, other])
    assert "model_40.pt" in shown
    assert "model_80.pt against model_40.pt" in shown
    assert "success, %: inconclusive" in shown
    assert "model_40.pt: dead zone, lateral (m/s): 0.2 gives 0.01" in shown
    elsewhere = msgspec.structs.replace(other, knobs={"command/twist/lin_vel_x": (0.0, 2.0)})
    assert "not comparable, other knobs in force" in report_text([RESULT, elsewhere])
    record = report_record([RESULT], [])
    assert record["evaluations"][0]["means"]["success"]["mean"] == 0.75
    msgspec.json.encode(record)
