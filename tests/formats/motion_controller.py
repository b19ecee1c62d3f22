"""Runs a network as BeyondMimic's motion tracking controller does, with what it reads from the metadata.

Written from HybridRobotics/motion_tracking_controller at 6beda6d (`MotionOnnxPolicy.cpp`, `MotionCommand.cpp`,
`MotionTrackingController.cpp`) and from the headers in the documentation of legged_control2 3.2.2 (`OnnxPolicy.h`,
`ObservationManager.h`).
"""

from __future__ import annotations

from collections import deque

import numpy as np

from tests.formats.policies import JOINTS, session


class MotionController:
    """Joints of states and targets have the order of the motors; what the motion says is given as it is measured."""

    def __init__(self, file):
        self.policy = session(file)
        self.metadata = dict(self.policy.get_modelmeta().custom_metadata_map)
        self.joints = self.metadata["joint_names"].split(",")
        self.stiffness, self.damping = self.vector("joint_stiffness"), self.vector("joint_damping")
        self.default, self.scale = self.vector("default_joint_pos"), self.vector("action_scale")
        self.names = self.metadata["observation_names"].split(",")
        self.lengths = [int(length) for length in self.metadata["observation_history_lengths"].split(",")]
        self.bodies = self.metadata["body_names"].split(",")
        self.anchor = self.bodies.index(self.metadata["anchor_body_name"])
        assert self.metadata["command_names"] == "motion"
        self.buffers = {}
        self.time_step = 0
        size = self.policy.get_inputs()[0].shape[1]
        self._forward(np.zeros((1, size)))
        self.action = np.zeros(len(self.joints))

    def vector(self, key):
        return np.array([float(number) for number in self.metadata[key].split(",")])

    def step(self, state, anchor_position, anchor_orientation):
        order = [JOINTS.index(joint) for joint in self.joints]
        values = {
            "command": np.concatenate([self.outputs["joint_pos"][0], self.outputs["joint_vel"][0]]),
            "motion_anchor_pos_b": anchor_position,
            "motion_anchor_ori_b": anchor_orientation,
            "base_lin_vel": state.base_lin_vel,
            "base_ang_vel": state.base_ang_vel,
            "joint_pos": state.joint_positions[order] - self.default,
            "joint_vel": state.joint_velocities[order],
            "actions": self.action,
        }
        parts = []
        for name, length in zip(self.names, self.lengths, strict=True):
            buffer = self.buffers.setdefault(name, deque([values[name]] * length, maxlen=length))
            buffer.append(values[name])
            parts += buffer
        self.action = self._forward(np.concatenate(parts)[None])
        targets = np.zeros(len(JOINTS))
        targets[order] = self.action * self.scale + self.default
        return targets

    def _forward(self, observation):
        inputs = {"obs": observation.astype(np.float32), "time_step": np.array([[self.time_step]], dtype=np.float32)}
        self.time_step += 1
        names = [node.name for node in self.policy.get_outputs()]
        self.outputs = dict(zip(names, self.policy.run(names, inputs), strict=True))
        assert self.outputs["body_pos_w"].shape[1:] == (len(self.bodies), 3)
        return self.outputs["actions"][0]
