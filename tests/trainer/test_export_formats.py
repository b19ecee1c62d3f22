"""What an export of a run does with formats of other programs."""

from __future__ import annotations

import pytest

from tests.formats.policies import VELOCITY
from trainer_proc.contract.bundle.description import ObservationTerm
from trainer_proc.export.write import export_policy
from tui.session.status_text import export_result


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global FILES, description, make_run, names_in
    from tests.trainer.exported_policies import FILES, description, make_run

    def names_in(folder):
        return {path.name for path in folder.iterdir()}


def walking(**changes):
    """Return a policy of two joints that is asked for a velocity."""
    joints = ["hip", "knee"]
    return description(
        observation_terms=[
            ObservationTerm("joint_pos", 2, group="second", quantity="joint_pos", joints=joints),
            ObservationTerm("gravity", 3, group="second", quantity="projected_gravity"),
            ObservationTerm("command", 3, group="first", quantity="command", command="twist"),
        ],
        action_names=joints,
        action_clip=[None, None],
        clip_actions=None,
        joint_effort_limits=[(-20.0, 20.0), (-20.0, 20.0)],
        robot_joint_names=joints,
        robot_joint_positions=[0.1, -0.2],
        robot_joint_velocities=[0.0, 0.0],
        commands=[VELOCITY],
        **changes,
    )


def test_an_export_of_a_walking_policy_has_gaitkeepers_contract(tmp_path):
    folder, checkpoint, _ = make_run(tmp_path / "run", walking())
    export_policy(folder, checkpoint)
    assert names_in(folder.exported) - FILES == {"gaitkeeper"}
    assert names_in(folder.exported / "gaitkeeper") == {"contract.yaml"}  # without the robot's model, no scene


def test_an_export_that_fits_no_format_has_none(tmp_path):
    folder, checkpoint, _ = make_run(tmp_path / "run", walking(action_kinds=["effort", "effort"]))
    result = export_policy(folder, checkpoint)
    assert not names_in(folder.exported) - FILES
    (line,) = result.not_written
    assert line.startswith("format gaitkeeper: ")
    assert f"not written: {line[:60]}" in export_result(result)


def test_an_export_takes_the_formats_of_the_one_before_away(tmp_path):
    folder, checkpoint, _ = make_run(tmp_path / "run", walking())
    for name in ("unitree", "gaitkeeper", "mine"):
        (folder.exported / name).mkdir(parents=True)
        (folder.exported / name / "old").write_text("old")
    export_policy(folder, checkpoint)
    assert names_in(folder.exported) - FILES == {"gaitkeeper", "mine"}
    assert names_in(folder.exported / "gaitkeeper") == {"contract.yaml"}
