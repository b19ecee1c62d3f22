"""Reads `params/deploy.yaml` and `exported/policy.onnx` as Unitree's C++ controller does, and runs them.

Written from `deploy/include` of unitree_rl_mjlab at 5b7e396 (`manager_based_rl_env.h`, `observation_manager.h`,
`manager_term_cfg.h`, `observations.h`, `joint_actions.h`, `State_RLBase.h`); numbers are float32 as there.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import yaml

from tests.formats.policies import session
from trainer_proc.deploy.observations import project_gravity


class UnitreeController:
    """`motor_kp`, `motor_kd` and `motor_q` are what it sends to each motor, by number."""

    def __init__(self, folder):
        self.cfg = yaml.safe_load((folder / "params" / "deploy.yaml").read_text())
        self.policy = session(folder / "exported" / "policy.onnx")
        self.map = [int(motor) for motor in self.cfg["joint_ids_map"]]
        self.default = np.array(self.cfg["default_joint_pos"], dtype=np.float32)
        assert len(self.default) == len(self.map)
        self.step_dt = float(self.cfg["step_dt"])
        self.motor_kp, self.motor_kd = list(self.cfg["stiffness"]), list(self.cfg["damping"])
        action = self.cfg["actions"]["JointPositionAction"]
        assert action["joint_ids"] is None
        self.scale, self.offset = (np.array(action[key], dtype=np.float32) for key in ("scale", "offset"))
        self.clip = None if action["clip"] is None else np.array(action["clip"], dtype=np.float32)
        self.use_gym_history = False
        self.terms = {}
        for name, term in self.cfg["observations"].items():
            if name == "use_gym_history":
                self.use_gym_history = term
                continue
            assert hasattr(self, f"obs_{name}"), f"Observation term '{name}' is not registered."
            self.terms[name] = term
        assert "params" in next(iter(self.cfg["observations"].values()))  # else they are groups of terms
        self.buffers = {}
        self.action = np.zeros(len(self.map), dtype=np.float32)
        self.motor_q = [0.0] * len(self.motor_kp)

    def step(self, state, joystick):
        """One control step; `state` has the motors' order. `joystick` is forward, left and turn to the left."""
        self.state, self.joystick = state, joystick
        values = {name: self._processed(name, term) for name, term in self.terms.items()}
        for name, term in self.terms.items():
            length = term["history_length"]
            if name not in self.buffers:
                self.buffers[name] = deque([values[name]] * length, maxlen=length)
            self.buffers[name].append(values[name])
        if self.use_gym_history:
            length = next(iter(self.terms.values()))["history_length"]
            parts = [self.buffers[name][age] for age in range(length) for name in self.terms]
        else:
            parts = [value for name in self.terms for value in self.buffers[name]]
        observation = np.concatenate(parts)[None]
        (action,) = self.policy.run(["actions"], {"obs": observation})
        self.action = action[0]
        processed = self.action * self.scale + self.offset
        if self.clip is not None:
            processed = np.clip(processed, self.clip[:, 0], self.clip[:, 1])
        for index, motor in enumerate(self.map):
            self.motor_q[motor] = processed[index]
        return np.array(self.motor_q)

    def _processed(self, name, term):
        value = np.array(getattr(self, f"obs_{name}")(term["params"]), dtype=np.float32)
        if term["clip"] is not None:
            value = np.clip(value, *term["clip"])
        assert len(term["scale"]) == len(value)
        return (value * np.array(term["scale"], dtype=np.float32)).astype(np.float32)

    def obs_base_ang_vel(self, params):
        return self.state.base_ang_vel

    def obs_projected_gravity(self, params):
        gravity = np.zeros(3)
        project_gravity(self.state.orientation, gravity)
        return gravity

    def obs_velocity_commands(self, params):
        ranges = self.cfg["commands"]["base_velocity"]["ranges"]
        limits = [ranges[name] for name in ("lin_vel_x", "lin_vel_y", "ang_vel_z")]
        return [min(max(one, low), high) for one, (low, high) in zip(self.joystick, limits, strict=True)]

    def obs_joint_pos_rel(self, params):
        return self._joints(self.state.joint_positions[self.map] - self.default, params)

    def obs_joint_vel_rel(self, params):
        return self._joints(self.state.joint_velocities[self.map], params)

    def obs_last_action(self, params):
        return self.action

    @staticmethod
    def _joints(values, params):
        ids = params.get("asset_cfg", {}).get("joint_ids")
        return values[ids] if ids else values
