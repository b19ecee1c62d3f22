"""Exports of runs that nobody or an older version has described: their environment describes them again."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import FORMAT, read_policy_description, write_policy_description
from trainer_proc.contract.export_process import ExportError

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global export_policy, mujoco, untrained_run
    import mujoco

    from tests.trainer.untrained_run import untrained_run
    from trainer_proc.export.write import export_policy


@pytest.fixture(scope="module")
def undescribed(tmp_path_factory):
    """A run of a small task with a checkpoint and without `params/`, exported."""
    folder = untrained_run(tmp_path_factory.mktemp("runs"))
    assert not folder.params.exists()
    export_policy(folder, folder.checkpoint(7))
    return folder


def card_of(folder):
    return msgspec.json.decode((folder.exported / "policy.json").read_bytes(), type=PolicyCard)


def test_a_run_without_a_description_is_described_and_exported(undescribed):
    described = read_policy_description(undescribed)
    assert (described.format, described.task) == (FORMAT, "Mjlab-Cartpole-Balance")
    assert described.success["kind"] == "time-out"
    card = card_of(undescribed)
    assert (card.iteration, card.robot_model) == (7, "robot.xml")
    robot = (undescribed.exported / "robot.xml").read_bytes()
    assert card.files["robot.xml"] == card.robot_model_sha256 == hashlib.sha256(robot).hexdigest()
    assert mujoco.MjModel.from_xml_string(robot.decode()).nu == 1


def test_a_description_of_this_version_is_not_written_again(undescribed):
    before = undescribed.policy_description.stat().st_mtime_ns
    export_policy(undescribed, undescribed.checkpoint(7))
    assert undescribed.policy_description.stat().st_mtime_ns == before


@pytest.mark.usefixtures("warm_python")
def test_an_older_description_and_a_changed_model_are_written_again(undescribed):
    whole = read_policy_description(undescribed)
    write_policy_description(undescribed, msgspec.structs.replace(whole, format=1, episode_seconds=None))
    (undescribed.params / "robot.xml").write_text("<mujoco/>")
    export_policy(undescribed, undescribed.checkpoint(7))
    assert read_policy_description(undescribed) == whole
    assert card_of(undescribed).robot_model_sha256 == whole.robot_model_sha256


@pytest.mark.usefixtures("warm_python")
def test_without_the_task_an_older_description_is_exported_with_what_is_unknown(undescribed):
    whole, spec = read_policy_description(undescribed), undescribed.read_spec()
    undescribed.write_spec(msgspec.structs.replace(spec, task="No-Such-Task"))
    try:
        write_policy_description(undescribed, msgspec.structs.replace(whole, format=2))
        export_policy(undescribed, undescribed.checkpoint(7))
        line = card_of(undescribed).not_included[0]
        assert "an older version described this run, and it can't be described again: no such task" in line
        undescribed.policy_description.unlink()
        with pytest.raises(ExportError, match=r"is missing, and the run can.t be described again: no such") as caught:
            export_policy(undescribed, undescribed.checkpoint(7))
        assert "\n" not in str(caught.value)
        undescribed.write_spec(msgspec.structs.replace(spec, library="skrl"))
        with pytest.raises(ExportError, match="expected a run of rsl_rl, got one of skrl: resume it"):
            export_policy(undescribed, undescribed.checkpoint(7))
    finally:
        undescribed.write_spec(spec)
        write_policy_description(undescribed, whole)
