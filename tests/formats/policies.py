"""Bundles of random policies for the Unitree G1, and what the policy's own program commands with them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from presets.robots import find_robot
from tests.exported_card import exported_card
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import Command, CommandPart, ObservationTerm
from trainer_proc.deploy.actions import Actions
from trainer_proc.deploy.observations import Observations
from trainer_proc.deploy.robot import RobotState
from trainer_proc.export.metadata import metadata

JOINTS = find_robot("unitree-g1-29dof").joints
BY_DEPTH = sorted(JOINTS, key=lambda name: (name.split("_")[-2], name))
"""Another order, as that of another simulator."""
MOTION_OUTPUTS = ["joint_pos", "joint_vel", "body_pos_w", "body_quat_w", "body_lin_vel_w", "body_ang_vel_w"]
BODIES = ["pelvis", "torso_link", "left_ankle_roll_link"]
VELOCITY = Command(
    "twist",
    "velocity",
    [
        CommandPart("lin_vel_x", "m/s", -0.5, 1.0),
        CommandPart("lin_vel_y", "m/s", -0.4, 0.4),
        CommandPart("ang_vel_z", "rad/s", -0.7, 0.7),
    ],
    deadband=0.1,
    body="pelvis",
)


def terms(joints: Sequence[str], history: int = 1, order: str = "term") -> list[ObservationTerm]:
    """Return what the G1's sensors measure, with all that a controller may have to do with it."""
    count = len(joints)
    shared = {"group": "actor", "history_length": history, "history_order": order}
    rows = [
        ("base_ang_vel", 3, {"quantity": "base_ang_vel", "scale": [0.2], "clip": (-0.5, 0.5), "frame": "pelvis"}),
        ("projected_gravity", 3, {"quantity": "projected_gravity", "frame": "pelvis"}),
        ("command", 3, {"quantity": "command", "command": "twist", "scale": [2.0, 2.0, 0.25]}),
        ("joint_pos", count, {"quantity": "joint_pos", "joints": list(joints)}),
        ("joint_vel", count, {"quantity": "joint_vel", "joints": list(joints), "scale": [0.05], "clip": (None, 1.0)}),
        ("actions", count, {"quantity": "last_action"}),
    ]
    return [ObservationTerm(name, size * history, **shared, **fields) for name, size, fields in rows]


def card(joints: Sequence[str] = JOINTS, history: int = 1, order: str = "term", **changes) -> PolicyCard:
    """Return the card of a policy whose joints have this order."""
    random = np.random.default_rng(3)
    count = len(joints)
    pose = random.uniform(-0.3, 0.3, count).tolist()
    whole = exported_card(
        task="Walk-G1",
        backend="mjlab",
        actor={},
        observation_groups={"actor": ["actor"]},
        observation_sizes={},
        num_actions=count,
        observation_terms=terms(joints, history, order),
        action_kinds=["position"] * count,
        action_names=list(joints),
        action_scale=random.uniform(0.1, 0.6, count).tolist(),
        action_offset=pose,
        action_clip=[None] * count,
        joint_names=list(joints),
        default_joint_positions=pose,
        joint_stiffness=random.uniform(20.0, 100.0, count).tolist(),
        joint_damping=random.uniform(1.0, 5.0, count).tolist(),
        joint_effort_limits=[(-25.0, 25.0)] * count,
        joint_velocity_limits=[20.0] * count,
        joint_armature=[0.01] * count,
        robot_joint_names=list(joints),
        robot_joint_positions=pose,
        robot_joint_velocities=[0.0] * count,
        control_frequency=50.0,
        physics_dt=0.005,
        decimation=4,
        commands=[VELOCITY],
        base_body="pelvis",
        robot="unitree-g1-29dof",
        run="2026-01-01_00-00-00",
        iteration=120,
        observation_size=sum(term.size for term in terms(joints, history)),
        versions={"mjlab": "1.6.0"},
    )
    return msgspec.structs.replace(whole, **changes)


def tracking(**changes) -> PolicyCard:
    """Return the card of a policy that tracks a motion."""
    count = len(JOINTS)
    shared = {"group": "actor"}
    of_motion = {"quantity": "motion", "command": "motion", **shared}
    listed = [
        ObservationTerm("command", 2 * count, function="mdp:generated_commands", **of_motion),
        ObservationTerm("anchor_position", 3, function="mdp:motion_anchor_pos_b", **of_motion),
        ObservationTerm("anchor_orientation", 6, function="mdp:motion_anchor_ori_b", **of_motion),
        ObservationTerm("base_lin_vel", 3, quantity="base_lin_vel", scale=[2.0], **shared),
        ObservationTerm("base_ang_vel", 3, quantity="base_ang_vel", scale=[0.2], clip=(-0.5, 0.5), **shared),
        ObservationTerm("joint_pos", 2 * count, quantity="joint_pos", joints=list(JOINTS), history_length=2, **shared),
        ObservationTerm("joint_vel", count, quantity="joint_vel", joints=list(JOINTS), scale=[0.05], **shared),
        ObservationTerm("actions", count, quantity="last_action", **shared),
    ]
    motion = Command("motion", "motion", body="torso_link", bodies=BODIES)
    return card(
        observation_terms=listed,
        observation_size=sum(term.size for term in listed),
        commands=[motion],
        task_inputs=["time_step"],
        task_outputs=MOTION_OUTPUTS,
        **changes,
    )


def network(described: PolicyCard) -> bytes:
    """Return a random network: `tanh(obs · A) · B`, and a random motion by time step for a tracking policy."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(5)
    size, count = described.observation_size, described.num_actions
    weights = {
        "A": random.normal(0.0, 1.0 / np.sqrt(size), (size, 64)),
        "B": random.normal(0.0, 0.3, (64, count)),
    }
    nodes = [
        helper.make_node("MatMul", ["obs", "A"], ["hidden"]),
        helper.make_node("Tanh", ["hidden"], ["bent"]),
        helper.make_node("MatMul", ["bent", "B"], ["actions"]),
    ]
    inputs = [helper.make_tensor_value_info("obs", TensorProto.FLOAT, [1, size])]
    outputs = [helper.make_tensor_value_info("actions", TensorProto.FLOAT, [1, count])]
    if described.task_inputs:
        inputs.append(helper.make_tensor_value_info("time_step", TensorProto.FLOAT, [1, 1]))
        nodes += [
            helper.make_node("Cast", ["time_step"], ["step"], to=TensorProto.INT64),
            helper.make_node("Reshape", ["step", "one"], ["index"]),
        ]
        constants = [numpy_helper.from_array(np.array([1], dtype=np.int64), "one")]
        of_body = {"body_pos_w": 3, "body_quat_w": 4, "body_lin_vel_w": 3, "body_ang_vel_w": 3}
        for name in described.task_outputs:
            shape = [9, len(BODIES), of_body[name]] if name in of_body else [9, count]
            weights[f"motion_{name}"] = random.normal(0.0, 0.2, shape)
            nodes.append(helper.make_node("Gather", [f"motion_{name}", "index"], [name], axis=0))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape[1:]]))
    else:
        constants = []
    arrays = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "policy", inputs, outputs, [*arrays, *constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata(described, described.run, described.iteration))
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write_bundle(folder: Path, described: PolicyCard, robot_model: str = "") -> PolicyCard:
    """Write a bundle of `policy.json`, `policy.onnx` and `robot.xml` if it is given, and return its card."""
    content = network(described)
    described = msgspec.structs.replace(described, onnx_sha256=hashlib.sha256(content).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.onnx").write_bytes(content)
    if robot_model:
        sha256 = hashlib.sha256(robot_model.encode()).hexdigest()
        described = msgspec.structs.replace(described, robot_model="robot.xml", robot_model_sha256=sha256)
        (folder / "robot.xml").write_text(robot_model)
    (folder / "policy.json").write_bytes(msgspec.json.encode(described))
    return described


def states(steps: int, joints: Sequence[str] = JOINTS) -> list[RobotState]:
    """Return random states of a robot whose joints have this order; those of one seed belong to the same robot."""
    random = np.random.default_rng(7)
    found = []
    for step in range(steps):
        positions = dict(zip(JOINTS, random.uniform(-0.5, 0.5, len(JOINTS)), strict=True))
        velocities = dict(zip(JOINTS, random.uniform(-30.0, 30.0, len(JOINTS)), strict=True))
        quaternion = random.normal(size=4)
        found.append(
            RobotState(
                time=0.02 * step,
                joint_positions=np.array([positions[joint] for joint in joints]),
                joint_velocities=np.array([velocities[joint] for joint in joints]),
                joint_efforts=np.zeros(len(joints)),
                orientation=quaternion / np.linalg.norm(quaternion),
                base_ang_vel=random.uniform(-1.0, 1.0, 3),
                base_lin_vel=random.uniform(-1.0, 1.0, 3),
            )
        )
    return found


def targets(bundle: Path, described: PolicyCard, command: Sequence[float], measured: Sequence[RobotState]):
    """Return the target positions [steps, 29] in the order of the motors that this program commands."""
    run = session(bundle / "policy.onnx")
    observations, actions = Observations(described, JOINTS), Actions(described, JOINTS)
    observations.commands["twist"][:] = command
    commanded = []
    for state in measured:
        (output,) = run.run(["actions"], {"obs": observations.observe(state)})
        observations.last_action[:] = actions.limited(output[0])
        commanded.append(actions.targets(observations.last_action, state).position.copy())
    return np.array(commanded)


def session(file: Path):
    import onnxruntime

    return onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
