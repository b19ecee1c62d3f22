"""Runs a network as holosoma's locomotion policy of the Unitree G1 does, with `inference:g1-29dof-loco`.

Written from `holosoma_inference` at fc600e7: `policies/base.py`, `policies/locomotion.py`, `config/config_values`.
"""

from __future__ import annotations

import json
from collections import deque

import numpy as np

from tests.formats.policies import JOINTS, session
from trainer_proc.deploy.observations import project_gravity

LEG, ARM = [-0.312, 0.0, 0.0, 0.669, -0.363, 0.0], [0.2, 0.2, 0.0, 0.6, 0.0, 0.0, 0.0]
DEFAULT = np.array([*LEG, *LEG, 0.0, 0.0, 0.0, *ARM, 0.2, -0.2, 0.0, 0.6, 0.0, 0.0, 0.0])
SCALES = {"base_ang_vel": 0.25, "dof_vel": 0.05}
NAMES = [
    *("base_ang_vel", "projected_gravity", "command_lin_vel", "command_ang_vel"),
    *("dof_pos", "dof_vel", "actions", "sin_phase", "cos_phase"),
]


class HolosomaController:
    """Joints have the order of the motors. `history` is that of its `history_length_dict`.

    `is_history_repeated` begins with the first value instead of zeros.
    """

    def __init__(self, file, history=1):
        self.policy = session(file)
        entries = self.policy.get_modelmeta().custom_metadata_map
        self.metadata = {key: json.loads(value) for key, value in entries.items()}
        self.kp, self.kd = np.array(self.metadata["kp"]), np.array(self.metadata["kd"])
        assert len(self.kp) == len(self.kd) == len(JOINTS)
        self.history = history
        self.is_history_repeated = False
        self.buffers = {name: deque(maxlen=history) for name in NAMES}
        self.last_action = np.zeros((1, len(JOINTS)))
        self.phase = np.array([[0.0, np.pi]])

    def step(self, state, command):
        gravity = np.zeros(3)
        project_gravity(state.orientation, gravity)
        values = {
            "base_ang_vel": state.base_ang_vel[None],
            "projected_gravity": gravity[None],
            "command_lin_vel": np.array([command[:2]]),
            "command_ang_vel": np.array([command[2:]]),
            "dof_pos": (state.joint_positions - DEFAULT)[None],
            "dof_vel": state.joint_velocities[None],
            "actions": self.last_action,
            "sin_phase": np.sin(self.phase),
            "cos_phase": np.cos(self.phase),
        }
        flat = []
        for name in sorted(NAMES):
            value = (values[name] * SCALES.get(name, 1.0)).astype(np.float32)
            buffer = self.buffers[name]
            buffer.append(value)
            first = buffer[0] if self.is_history_repeated else np.zeros_like(value)
            missing = [first] * (self.history - len(buffer))
            flat.append(np.stack([*missing, *buffer], axis=1).reshape(1, -1))
        (name,) = (node.name for node in self.policy.get_inputs())
        assert name == "actor_obs"
        (first,) = self.policy.run([self.policy.get_outputs()[0].name], {name: np.concatenate(flat, axis=1)})
        self.last_action = np.clip(first, -100, 100)
        self.phase = np.fmod(self.phase + 2 * np.pi * 0.02 + np.pi, 2 * np.pi) - np.pi
        return (self.last_action * 0.25 + DEFAULT)[0]
