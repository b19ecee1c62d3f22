"""The command `verify`: which bundle it finds, what it prints and stores, its exit codes, and stale verifications."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.verification.small_bundle import RARELY, write_bundle
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.bundle.gate import GateCell, Push
from trainer_proc.contract.bundle.verification import (
    CellResult,
    Gap,
    GroupResult,
    Mean,
    SuiteResult,
    Thresholds,
    Verification,
    read_verification,
    write_json,
)
from trainer_proc.contract.bundle.verification_state import verification_state
from trainer_proc.contract.products import ExportFinished
from tui.cli import run
from tui.session.evaluations.figures import Intervals, Rose
from tui.session.verification.figures import figure_table
from tui.session.verification.report import report_text

pytestmark = pytest.mark.usefixtures("empty_working_directory")


@pytest.fixture
def bundle(tmp_path):
    write_bundle(tmp_path / "bundle", **RARELY)
    return tmp_path / "bundle"


def test_a_bundle_that_fails_is_reported_and_exits_with_1(bundle, capsys):
    assert run(["verify", str(bundle)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{bundle}: not verified\nquick: ")
    assert "nominal conditions: expected 90% of episodes successful" in out
    assert err.startswith("humanoid-tui: not verified: nominal conditions")
    assert len(err.splitlines()) == 1
    assert verification_state(bundle).kind == "failed"
    assert {"verification.json", "verification.svg", "verification.png"} <= {one.name for one in bundle.iterdir()}


def test_a_bundle_of_a_run_is_verified_in_its_exported_folder(make_run, prints):
    folder = make_run()
    write_bundle(folder.exported, **RARELY)
    record = prints("verify", "latest", "--min-success", "0.05", "--threads", "1", "--json")
    assert record["verified"]
    assert record["bundle"] == str(folder.exported)
    assert record["thresholds"] == {"min_success": 0.05, "max_gap": 0.05}
    assert verification_state(folder.exported).kind == "verified"
    stand = next(one for one in record["groups"] if one["group"] == "stand")
    assert stand["means"]["success"]["value"] == 1.0
    assert 0.0 < stand["means"]["success"]["low"] < 1.0


def test_a_changed_file_makes_a_verification_stale(bundle):
    assert verification_state(bundle).kind == "none"
    files = {"policy.json": "0" * 64}
    write_json(bundle / "verification.json", verification(files=files))
    state = verification_state(bundle)
    assert state.kind == "stale"
    assert state.text == "not verified: policy.json has changed since the verification"
    write_json(bundle / "verification.json", verification(verified=True, files={}))
    assert verification_state(bundle).kind == "stale"  # of no file at all
    (bundle / "verification.json").write_text("{")
    assert verification_state(bundle).kind == "unreadable"


def test_without_a_bundle_the_error_says_what_to_do(make_run, fails, tmp_path):
    make_run()
    line = fails(1, "verify", "latest", "--json")
    assert "has no exported policy" in line
    assert "humanoid-tui export" in line
    assert fails(2, "verify", "nothing").startswith("no such run: nothing")
    assert "--min-success" in fails(2, "verify", "latest", "--min-success", "90")


def test_a_bundle_that_cannot_be_loaded_is_one_line(bundle, fails):
    (bundle / "policy.onnx").write_bytes(b"no network")
    assert "policy.onnx" in fails(2, "verify", str(bundle), "--json")
    assert not (bundle / "verification.json").exists()


# --- export --verify ---


@pytest.fixture
def exporting(make_run, monkeypatch):
    """Return a run whose export writes the block's bundle."""
    folder = make_run()
    folder.checkpoint(3).write_bytes(WHOLE_CHECKPOINT)

    def export(folder, checkpoint):
        write_bundle(folder.exported, **RARELY)
        return ExportFinished(3, "exported", 1e-7, 20.0, 40.0, 25000.0)

    monkeypatch.setattr("tui.commands.export.export_checkpoint", export)
    return folder


def test_an_export_alone_says_that_it_is_not_verified(exporting, prints):
    assert prints("export", "latest").endswith("rate up to 25,000 Hz; not verified yet\n")
    assert verification_state(exporting.exported).kind == "none"


def test_an_export_that_is_verified_exits_with_the_verdict(exporting, capsys):
    assert run(["export", "latest", "--verify"]) == 1
    out, err = capsys.readouterr()
    assert "not verified yet" not in out
    assert f"{exporting.exported}: not verified\n" in out
    assert err.startswith("humanoid-tui: not verified: nominal conditions")
    assert run(["export", "latest", "--verify", "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert (record["iteration"], record["verification"]["verified"]) == (3, False)


# --- report and figures ---


def cell(name, group, episodes=2, push=None, **values):
    played = GateCell(name=name, group=group, seconds=6.0, episodes=episodes, push=push)
    return CellResult(cell=played, values={key.replace("__", "/"): tuple(of) for key, of in values.items()})


def verification(**changes):
    cells = (
        cell("forward 0.5 m/s", "commands", success=(1.0, 0.0), survived=(1.0, 1.0), error__linear=(0.1, 0.3)),
        *(
            cell(f"push {x} {y}", "pushes", push=Push(2.0, x, y), survived=(1.0, 0.0), error__linear=(0.2, None))
            for x, y in ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))
        ),
    )
    found = Verification(
        verified=False,
        problems=("pushes: expected 90% of episodes without a fall, got 50%",),
        faults=("joint_vel is in deg/s: export again",),
        notes=("dead zone, yaw (rad/s): 0.3 gives 0.01",),
        thresholds=Thresholds(),
        files={},
        result=SuiteResult(
            simulator="mujoco", versions={"mujoco": "3.0"}, level="quick", policy_sha256="", cells=cells, seconds=20.0
        ),
        groups=(
            GroupResult(
                group="commands",
                episodes=2,
                means={"success": Mean(0.5, 0.1, 0.9, 2), "survived": Mean(1.0, None, None, 2)},
            ),
            GroupResult(group="pushes", episodes=8, means={"success": Mean(0.0, 0.0, 0.3, 8)}),
        ),
        gap=(Gap(measure="success", value=-0.2, low=-0.4, high=0.0, episodes=20),),
    )
    return msgspec.structs.replace(found, **changes)


def test_the_report_has_verdict_table_gap_faults_problems_and_notes(tmp_path):
    lines = report_text(tmp_path, verification()).splitlines()
    assert lines[0] == f"{tmp_path}: not verified"
    assert lines[1] == "quick: 10 episodes in mujoco 3.0, took <1 min; 95 % intervals"
    assert lines[3].split() == ["commands", "2", "50", "(10", "to", "90)", "100", "–", "–", "–", "–"]
    assert lines[4].split() == ["pushes", "8", "–", "–", "–", "–", "–", "–"]  # success says nothing after a push
    assert lines[5:] == [
        "  transfer gap, success: -0.200 (-0.400 to +0.000) over 20 pairs of episodes",
        "  fault: joint_vel is in deg/s: export again",
        "  pushes: expected 90% of episodes without a fall, got 50%",
        "  dead zone, yaw (rad/s): 0.3 gives 0.01",
    ]


def test_pushes_are_drawn_as_a_rose_and_commands_as_rows():
    groups, commands, pushes = figure_table(verification())
    assert [row.label for row in groups[0].rows] == ["commands", "pushes"]
    success, error = commands
    assert isinstance(success, Intervals)
    assert [row.value for row in error.rows] == [pytest.approx(0.2)]
    assert isinstance(pushes[0], Rose)
    assert pushes[0].directions == (0.0, 90.0, 180.0, 270.0)
    assert pushes[0].values == ((0.5, 0.5, 0.5, 0.5),)


def tracking():
    """Return the verification of a policy that tracks a motion."""
    errors = {"error__joints": (0.1, 0.2), "error__anchor": (0.3, 0.3)}
    played = (
        cell("motion", "tracking", success=(1.0, 0.0), survived=(1.0, 1.0), **errors),
        cell("push left", "pushes", push=Push(2.0, 0.0, 1.0), survived=(1.0, 0.0), **errors),
    )
    means = {"success": Mean(0.5, 0.1, 0.9, 2), "error/joints": Mean(0.15, None, None, 2)}
    whole = verification()
    return msgspec.structs.replace(
        whole,
        result=msgspec.structs.replace(whole.result, cells=played),
        groups=(GroupResult(group="tracking", episodes=2, means=means),),
    )


def test_a_tracked_motion_is_reported_and_drawn_by_its_own_errors(tmp_path):
    lines = report_text(tmp_path, tracking()).splitlines()
    assert "error: joints, rad  anchor, rad  torque limit, %" in lines[2]
    assert lines[3].split() == ["tracking", "2", "50", "(10", "to", "90)", "–", "0.150", "–", "–"]
    _, first, second, pushes = figure_table(tracking())
    assert [one.title for one in (*first, *second)] == [
        "motion: success, %",
        "motion: error/joints, rad",
        "motion: error/anchor, rad",
    ]
    assert [row.value for row in first[1].rows] == [pytest.approx(0.15)]
    assert pushes[1].title == "pushes: error/joints, rad"


def test_the_reference_is_drawn_below_each_row():
    reference = msgspec.structs.replace(verification().result, simulator="mjlab")
    groups, commands, _ = figure_table(verification(reference=reference))
    assert groups[0].title == "groups: success, %   ● mujoco   ■ mjlab"
    assert [(row.label, row.policy) for row in commands[0].rows] == [("forward 0.5 m/s", 0), ("", 1)]


def test_a_verification_survives_its_file(tmp_path):
    found = verification()
    write_json(tmp_path / "verification.json", found)
    assert read_verification(tmp_path / "verification.json") == found
    assert json.loads((tmp_path / "verification.json").read_text())["gap"][0]["value"] == -0.2
