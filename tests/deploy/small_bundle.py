"""A bundle of a small robot, a table on two hinged feet, with a network of one layer: whole, and quick to make."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np

from tests.exported_card import exported_card
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import (
    ActionTerm,
    Command,
    CommandPart,
    ObservationTerm,
)

JOINTS = ["left_joint", "right_joint"]
ROBOT = """
<mujoco model="table">
  <compiler angle="radian"/>
  <worldbody>
    <body name="base" pos="0 0 0.5">
      <freejoint/>
      <geom name="top" type="box" size="0.3 0.2 0.03" mass="4"/>
      <site name="imu" pos="0.1 0 0.05"/>
      <body name="left" pos="0 0.15 -0.03">
        <joint name="left_joint" axis="0 1 0" range="-1.5 1.5"/>
        <geom type="box" size="0.25 0.04 0.1" pos="0 0 -0.1" mass="1"/>
      </body>
      <body name="right" pos="0 -0.15 -0.03">
        <joint name="right_joint" axis="0 1 0" range="-1.5 1.5"/>
        <geom type="box" size="0.25 0.04 0.1" pos="0 0 -0.1" mass="1"/>
      </body>
    </body>
  </worldbody>
</mujoco>
"""
COMMAND = Command(
    name="twist",
    kind="velocity",
    parts=[
        CommandPart("lin_vel_x", "m/s", -0.5, 1.0),
        CommandPart("lin_vel_y", "m/s", -0.2, 0.2),
        CommandPart("ang_vel_z", "rad/s", -0.3, 0.3),
    ],
)
TERMS = [
    ObservationTerm("gyro", 3, quantity="base_ang_vel", unit="rad/s", frame="imu"),
    ObservationTerm("gravity", 3, quantity="projected_gravity", frame="base"),
    ObservationTerm("joint_pos", 2, quantity="joint_pos", unit="rad", joints=JOINTS),
    ObservationTerm("joint_vel", 4, quantity="joint_vel", unit="rad/s", joints=JOINTS, history_length=2, scale=[0.1]),
    ObservationTerm("actions", 2, quantity="last_action"),
    ObservationTerm("command", 3, quantity="command", command="twist"),
]
SIZE = sum(term.size for term in TERMS)


def card(**changes) -> PolicyCard:
    """Return the card of the bundle; hashes are filled in by `write_bundle`."""
    sound = exported_card(
        task="Table",
        backend="mjlab",
        actor={},
        observation_groups={"actor": ["actor"]},
        observation_sizes={"actor": SIZE},
        num_actions=2,
        observation_terms=TERMS,
        action_terms=[ActionTerm("joints", 2, "position", "table:Joints", {})],
        action_kinds=["position"] * 2,
        action_names=JOINTS,
        action_scale=[0.5, 0.5],
        action_offset=[0.1, -0.1],
        action_clip=[None, None],
        joint_names=JOINTS,
        default_joint_positions=[0.1, -0.1],
        joint_stiffness=[60.0, 60.0],
        joint_damping=[3.0, 3.0],
        joint_effort_limits=[(-40.0, 40.0), (-40.0, 40.0)],
        robot_joint_names=JOINTS,
        robot_joint_positions=[0.1, -0.1],
        robot_joint_velocities=[0.0, 0.0],
        joint_velocity_limits=[20.0, 20.0],
        joint_armature=[0.01, 0.01],
        joint_position_limits=[(-1.5, 1.5), (-1.5, 1.5)],
        control_frequency=50.0,
        physics_dt=0.005,
        decimation=4,
        commands=[COMMAND],
        base_body="base",
        robot_model="robot.xml",
        run="table",
        iteration=7,
        observation_size=SIZE,
    )
    return msgspec.structs.replace(sound, **changes)


MOTION_FRAMES = 20


def tracking_card():
    """Return the card of a policy that tracks a motion of `MOTION_FRAMES`, by its joints and its anchor."""
    task = "mjlab.tasks.tracking.mdp.observations"
    motion = Command(name="motion", kind="motion", body="base", bodies=["left", "base"])
    terms = [
        *TERMS[:3],
        ObservationTerm("command", 4, quantity="motion", command="motion", function=f"{task}:generated_commands"),
        ObservationTerm("anchor", 6, quantity="motion", command="motion", function=f"{task}:motion_anchor_ori_b"),
    ]
    size = sum(term.size for term in terms)
    return card(
        observation_terms=terms,
        observation_size=size,
        observation_sizes={"actor": size},
        commands=[motion],
        task_inputs=["time_step"],
        task_outputs=["joint_pos", "joint_vel", "body_quat_w"],
    )


def write_bundle(folder, described=None, weights=None, *, recurrent=False, motion=None):
    """Write the bundle with the hashes of its files; `weights` is [observation_size, num_actions], zeros by default.

    `motion` are the arrays of a tracking policy, `motion_arrays()` by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described = described or card()
    weights = np.zeros((described.observation_size, 2)) if weights is None else weights
    network = network_of(described, weights, recurrent=recurrent, motion=motion)
    (folder / "policy.onnx").write_bytes(network)
    (folder / "robot.xml").write_text(ROBOT)
    described = msgspec.structs.replace(
        described,
        onnx_sha256=hashlib.sha256(network).hexdigest(),
        files={"policy.onnx": hashlib.sha256(network).hexdigest()},
        robot_model_sha256=hashlib.sha256(ROBOT.encode()).hexdigest(),
    )
    write_card(folder, described)
    return folder


def write_card(folder, described):
    (folder / "policy.json").write_bytes(msgspec.json.encode(described))


def network_of(described, weights, *, recurrent=False, motion=None):
    """Return an ONNX model: actions are observations times weights; a recurrent one adds and counts its state."""
    from onnx import TensorProto, helper, numpy_helper

    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))

    initializers = [numpy_helper.from_array(np.asarray(weights, np.float32), "weights")]
    nodes = [helper.make_node("MatMul", ["obs", "weights"], ["product" if recurrent else "actions"])]
    inputs, outputs = [value("obs", 1, described.observation_size)], [value("actions", 1, np.shape(weights)[1])]
    if recurrent:
        initializers.append(numpy_helper.from_array(np.ones((1, 2), np.float32), "one"))
        nodes.append(helper.make_node("Add", ["product", "h_in"], ["actions"]))
        nodes.append(helper.make_node("Add", ["h_in", "one"], ["h_out"]))
        inputs.append(value("h_in", 1, 2))
        outputs.append(value("h_out", 1, 2))
    if described.task_inputs:
        _add_motion(motion or motion_arrays(), nodes, initializers, inputs, outputs)
    graph = helper.make_graph(nodes, "table", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return model.SerializeToString()


def motion_arrays():
    """Return the motion: joints that move, and bodies that turn around the vertical axis."""
    time = np.arange(MOTION_FRAMES)[:, None]
    half = 0.02 * time
    turn = np.concatenate([np.cos(half), 0 * half, 0 * half, np.sin(half)], axis=1)
    return {
        "joint_pos": 0.2 + 0.01 * time * [1.0, -1.0],
        "joint_vel": 0.5 * time * [1.0, 2.0],
        "body_quat_w": np.stack([np.roll(turn, 1, axis=1), turn], axis=1),
    }


def _add_motion(motion, nodes, initializers, inputs, outputs):
    """Add the frame of a motion at an input's time step, at most the last one, as mjlab's exporter does."""
    from onnx import TensorProto, helper, numpy_helper

    inputs.append(helper.make_tensor_value_info("time_step", TensorProto.FLOAT, [1, 1]))
    initializers.append(numpy_helper.from_array(np.array([len(motion["joint_pos"]) - 1], np.int64), "last"))
    initializers.append(numpy_helper.from_array(np.array([1], np.int64), "axis"))
    nodes.append(helper.make_node("Cast", ["time_step"], ["whole"], to=TensorProto.INT64))
    nodes.append(helper.make_node("Squeeze", ["whole", "axis"], ["flat"]))
    nodes.append(helper.make_node("Min", ["flat", "last"], ["frame"]))
    for name, values in motion.items():
        initializers.append(numpy_helper.from_array(values.astype(np.float32), f"motion/{name}"))
        nodes.append(helper.make_node("Gather", [f"motion/{name}", "frame"], [name], axis=0))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *values.shape[1:]]))
