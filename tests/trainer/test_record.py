"""What a training records for its exports, for a robot that can't measure everything."""

from __future__ import annotations

import hashlib

import pytest

from trainer_proc.contract.bundle.description import read_policy_description
from trainer_proc.contract.run_folder import RunSpec

pytestmark = pytest.mark.real

SPEC = RunSpec(
    preset="arm",
    backend="mjlab",
    task="Arm",
    experiment="arm",
    device="cpu",
    num_envs=3,
    iterations=1,
    seed=1,
    success={"kind": "upright", "tilt": 0.3},
    deploy={"robot": "unitree-g1-29dof"},
)


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Arm, DOOR, ObservationTermCfg, arm, base_lin_vel, last_action, motors, positions_of, record_policy
    global simulator_of
    from mjlab.actuator import BuiltinPositionActuatorCfg
    from mjlab.envs.mdp import base_lin_vel, last_action
    from mjlab.managers.observation_manager import ObservationTermCfg

    from tests.trainer.arm import DOOR, Arm, arm, positions_of
    from trainer_proc.export.record import record_policy
    from trainer_proc.simulators.registry import simulator_of

    motors = [BuiltinPositionActuatorCfg(target_names_expr=(".*",), stiffness=50.0, damping=5.0)]


def recorded(folder, training):
    return record_policy(training.runner, folder, SPEC, simulator_of(training.env))


def test_what_the_robot_can_not_measure_is_recorded_with_the_reason(folder):
    terms = {"velocity": ObservationTermCfg(func=base_lin_vel), "last": ObservationTermCfg(func=last_action)}
    described = recorded(folder, Arm({"robot": arm(motors, shoulder=0.1)}, terms=terms))
    assert read_policy_description(folder).not_measured == described.not_measured
    assert described.robot == "unitree-g1-29dof"
    assert described.not_measured == [
        "velocity: no sensor measures the velocity of the base of Unitree G1 with 29 joints; "
        "remove it from the actor, or estimate it on the robot"
    ]
    assert (described.success["kind"], described.success["tilt"]) == ("upright", 0.3)


def test_a_launch_reports_what_the_robot_can_not_measure_and_trains(folder):
    import msgspec

    from tests.fake_training import ListLink
    from trainer_proc.contract.monitoring import LeftOut
    from trainer_proc.steering.boundary import Steering
    from trainer_proc.training.build import make_steerable

    terms = {"velocity": ObservationTermCfg(func=base_lin_vel), "last": ObservationTermCfg(func=last_action)}
    runner = Arm({"robot": arm(motors, shoulder=0.1)}, terms=terms).runner
    link = ListLink([], [])
    jobs = make_steerable(runner, Steering(link), link, folder, msgspec.structs.replace(SPEC, success={}))
    (reason,) = [body.reason for body in link.of(LeftOut) if body.what == "measurement of velocity"]
    assert reason.startswith("no sensor measures the velocity of the base")
    assert type(jobs.exports).__name__ == "ExportJobs"


def test_the_model_of_the_robot_is_recorded_with_its_hash(folder):
    described = recorded(folder, Arm({"door": DOOR, "robot": arm(motors, shoulder=0.1)}))
    content = (folder.params / described.robot_model).read_bytes()
    assert hashlib.sha256(content).hexdigest() == described.robot_model_sha256
    assert b"hinge" not in content  # the door's


def test_several_robots_have_no_model_and_an_older_one_does_not_stay(folder):
    recorded(folder, Arm({"robot": arm(motors, shoulder=0.1)}))
    robots = {name: arm(motors, elbow=0.1) for name in ("left", "right")}
    training = Arm(robots, {name: positions_of(name) for name in robots})
    described = recorded(folder, training)
    assert described.not_included == ["robot's model: expected one robot, got left, right"]
    assert (described.robot_model, list(folder.params.glob("*.xml"))) == ("", [])


def test_a_robot_that_mujoco_can_not_write_is_named_and_its_policy_described(folder, monkeypatch):
    training = Arm({"robot": arm(motors, shoulder=0.1)})

    def broken():
        raise OSError("the user's model is gone")

    training.env.scene["robot"].cfg.spec_fn = broken
    described = recorded(folder, training)
    assert described.not_included == ["robot's model: OSError: the user's model is gone"]
    assert described.joint_names == ["shoulder"]
