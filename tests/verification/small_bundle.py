"""A bundle of a small robot that is written in a moment: a block on the floor with one arm, and a linear policy."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np

from tests.deploy.small_bundle import network_of
from tests.exported_card import exported_card
from trainer_proc.contract.bundle.card import CARD, ONNX, PolicyCard
from trainer_proc.contract.bundle.description import Command, CommandPart, ObservationTerm

SIZE = 3 + 1 + 3
"""Gravity, the arm's position, the command."""

RARELY = {"control_frequency": 10.0, "decimation": 20}
"""Changes of a bundle for tests that need verifications and not their robot: its policy acts a fifth as often."""

_ROBOT = """<mujoco>
  <compiler angle="radian"/>
  <worldbody>
    <body name="block" pos="0 0 {height}">
      <freejoint/>
      <geom type="box" size="{width} {width} {height}" mass="10"/>
      <body name="arm" pos="0 0 {height}">
        <joint name="arm_joint" axis="0 1 0" range="-1 1"/>
        <geom type="capsule" fromto="0 0 0.05 0 0 0.2" size="0.02" mass="0.2" contype="0" conaffinity="0"/>
      </body>
    </body>
  </worldbody>
</mujoco>
"""


def write_bundle(
    folder: Path, *, width: float = 0.3, height: float = 0.3, gain: float = 0.0, feedback: float = 0.0, **changes
) -> PolicyCard:
    """Write a bundle whose action is `gain` times the forward command and `feedback` times the arm's position.

    A small `width` makes it fall when pushed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    robot = _ROBOT.format(width=width, height=height).encode()
    weights = np.zeros((SIZE, 1), dtype=np.float32)
    weights[4], weights[3] = gain, feedback
    card = _card(robot)
    network = network_of(card, weights)
    sha256 = hashlib.sha256(network).hexdigest()
    (folder / "robot.xml").write_bytes(robot)
    (folder / ONNX).write_bytes(network)
    card = msgspec.structs.replace(card, **({"onnx_sha256": sha256, "files": {ONNX: sha256}} | changes))
    (folder / CARD).write_bytes(msgspec.json.encode(card))
    return card


def _card(robot: bytes) -> PolicyCard:
    parts = [
        CommandPart("lin_vel_x", "m/s", 0.0, 1.0),
        CommandPart("lin_vel_y", "m/s", -0.2, 0.2),
        CommandPart("ang_vel_z", "rad/s", -0.2, 0.2),
    ]
    return exported_card(
        task="Block",
        backend="mjlab",
        actor={},
        observation_groups={"actor": ["actor"]},
        observation_sizes={"actor": SIZE},
        num_actions=1,
        observation_terms=[
            ObservationTerm("gravity", 3, quantity="projected_gravity", frame="block"),
            ObservationTerm("joint_pos", 1, quantity="joint_pos", unit="rad", joints=["arm_joint"]),
            ObservationTerm("command", 3, quantity="command", command="twist"),
        ],
        commands=[Command("twist", "velocity", parts, body="block")],
        action_kinds=["position"],
        action_names=["arm_joint"],
        action_scale=[0.5],
        action_offset=[0.0],
        action_clip=[None],
        joint_names=["arm_joint"],
        default_joint_positions=[0.0],
        joint_stiffness=[20.0],
        joint_damping=[1.0],
        joint_effort_limits=[(-10.0, 10.0)],
        joint_position_limits=[(-1.0, 1.0)],
        joint_armature=[0.01],
        robot_joint_names=["arm_joint"],
        robot_joint_positions=[0.0],
        robot_joint_velocities=[0.0],
        control_frequency=50.0,
        physics_dt=0.005,
        decimation=4,
        base_body="block",
        robot_model="robot.xml",
        robot_model_sha256=hashlib.sha256(robot).hexdigest(),
        success={"kind": "velocity"},
        run="block",
        observation_size=SIZE,
    )
