"""A tracking policy of mjlab as `beyondmimic`: its metadata and outputs are those of mjlab's own exporter."""

from __future__ import annotations

import numpy as np
import pytest

from tests.formats.motion_controller import MotionController
from tests.formats.policies import JOINTS, session
from tests.standing_motion import write_standing_motion

pytestmark = pytest.mark.real

TASK = "Mjlab-Tracking-Flat-Unitree-G1"
KEYS = ("default_joint_pos", "joint_stiffness", "joint_damping", "action_scale")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return mjlab's own ONNX file and the one of the format."""
    from dataclasses import asdict

    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.rl import RslRlVecEnvWrapper
    from mjlab.tasks.registry import load_env_cfg, load_rl_cfg, load_runner_cls

    from trainer_proc.contract.run_folder import RunFolder, RunSpec
    from trainer_proc.export.record import record_policy
    from trainer_proc.export.write import export_policy
    from trainer_proc.formats.write import write_formats
    from trainer_proc.simulators.registry import simulator_of

    place = tmp_path_factory.mktemp("tracking")
    cfg = load_env_cfg(TASK)
    cfg.scene.num_envs = 2
    cfg.commands["motion"].motion_file = str(write_standing_motion(place / "standing.npz"))
    env = ManagerBasedRlEnv(cfg, device="cpu")
    folder = RunFolder(place / "run")
    folder.path.mkdir()
    runner = load_runner_cls(TASK)(RslRlVecEnvWrapper(env), asdict(load_rl_cfg(TASK)), str(place / "log"), "cpu")
    spec = RunSpec("g1-tracking", "mjlab", TASK, "g1_tracking", num_envs=2, iterations=1, device="cpu", seed=1)
    record_policy(runner, folder, spec, simulator_of(env))
    runner.save(str(folder.checkpoint(0)))
    (own,) = folder.path.glob("*.onnx")
    export_policy(folder, folder.checkpoint(0))
    write_formats(folder.exported, ["beyondmimic"])
    yield own, folder.exported / "beyondmimic" / "policy.onnx"
    env.close()


def test_the_metadata_is_that_of_mjlabs_exporter_with_more_digits(exported):
    own, ours = (session(file).get_modelmeta().custom_metadata_map for file in exported)
    assert set(ours) - set(own) == {"observation_history_lengths"}  # a key of whole_body_tracking
    for key in ("joint_names", "command_names", "observation_names", "anchor_body_name", "body_names"):
        assert ours[key] == own[key], key
    for key in KEYS:
        theirs, found = ([float(number) for number in one[key].split(",")] for one in (own, ours))
        assert found == pytest.approx(theirs, abs=0.5001e-3), key
        assert all(len(number.partition(".")[2]) == 9 for number in ours[key].split(","))


def test_actions_and_motion_are_those_of_mjlabs_exporter(exported):
    own, ours = (session(file) for file in exported)
    names = ["actions", "joint_pos", "joint_vel", "body_pos_w", "body_quat_w"]
    random = np.random.default_rng(1)
    for step in (0, 7, 500):
        observation = random.normal(size=own.get_inputs()[0].shape).astype(np.float32)
        inputs = {"obs": observation, "time_step": np.array([[step]], dtype=np.float32)}
        for name, expected, found in zip(names, own.run(names, inputs), ours.run(names, inputs), strict=True):
            assert np.abs(expected - found).max() < 1e-5, name


def test_the_controllers_reader_takes_it(exported):
    controller = MotionController(exported[1])
    assert sorted(controller.joints) == sorted(JOINTS)
    assert controller.bodies[controller.anchor] == "torso_link"
