"""The state and the model of a simulator, read where its physics reads them, never through a knob.

Shapes: E environments, B bodies, S shapes of the robot.
"""

from __future__ import annotations

import torch
import warp

from tests.backends.names import ISAACLAB, Simulator


def measure(env, simulator: Simulator):
    """Return what measures a built environment; what is measured of a humanoid goes by its names."""
    return (OfIsaacLab if simulator is ISAACLAB else OfMjlab)(env, simulator.humanoid)


class OfMjlab:
    """MuJoCo-Warp's own arrays."""

    def __init__(self, env, humanoid):
        self._env, self._humanoid = env, humanoid
        self._robot = next(entity for entity in env.scene.entities.values() if entity.is_articulated)

    def masses(self):
        """Return the mass of every body in kg: E × B."""
        return self._model("body_mass")[:, self._robot.indexing.body_ids]

    def frictions(self):
        """Return the sliding friction of the shapes that the task randomizes: E × S."""
        (name,) = self._humanoid.friction.split("/")[1:2]
        shapes = self._env.event_manager.get_term_cfg(name).params["asset_cfg"].geom_ids
        return self._model("geom_friction")[:, self._robot.indexing.geom_ids[shapes], 0]

    def strengths(self):
        """Return the proportional gain of every motor: E × J."""
        return self._model("actuator_gainprm")[:, :, 0]

    def forward_position(self):
        """Return how far the root is along x from its environment's origin, in m: E."""
        place = self._robot.indexing.free_joint_q_adr[0]
        return self._state("qpos")[:, place] - self._env.scene.env_origins[:, 0]

    def forward_velocity(self):
        """Return the root's velocity along x in m/s: E."""
        return self._state("qvel")[:, self._robot.indexing.free_joint_v_adr[0]]

    def sampling(self, command):
        """Return a function that returns what a velocity command has sampled since the last call: n × 3.

        No method is wrapped, as a captured step calls none. Robots that then stand are left out: they have zeros.
        """
        last = command.vel_command_w.clone()

        def sampled():
            changed = (command.vel_command_w != last).any(dim=1)
            last.copy_(command.vel_command_w)
            return last[changed & ~command.is_standing_env].tolist()

        return sampled

    def _model(self, field):
        values = torch.from_numpy(getattr(self._env.sim.wp_model, field).numpy().copy())
        return values.expand(self._env.num_envs, *values.shape[1:])

    def _state(self, field):
        return warp.to_torch(getattr(self._env.sim.wp_data, field))


class OfIsaacLab:
    """The arrays of Newton's MuJoCo solver; PhysX is not measured."""

    def __init__(self, env, humanoid):
        self._env, self._humanoid = env, humanoid
        self._robot = env.scene["robot"]
        self._solver = env.sim.physics_manager._solver

    def masses(self):
        """Return the mass of every body in kg: E × B."""
        return self._model("body_mass")[:, 1:]  # the first is the world

    def frictions(self):
        """Return the sliding friction of the shapes that the task randomizes: E × S."""
        of_robot = torch.from_numpy(self._solver.mj_model.geom_bodyid > 0)
        return self._model("geom_friction")[:, of_robot, 0]

    def strengths(self):
        """Return the proportional gain of every motor: E × J."""
        return self._model("actuator_gainprm")[:, :, 0]

    def forward_position(self):
        """Return how far the root is along x from its environment's origin, in m: E."""
        return self._robot.data.root_link_pos_w.torch[:, 0] - self._env.scene.env_origins[:, 0]

    def forward_velocity(self):
        """Return the root's velocity along x in m/s: E."""
        return self._robot.data.root_com_vel_w.torch[:, 0].clone()

    def sampling(self, command):
        """Return a function that returns what a velocity command has sampled since the last call: n × 3."""
        resample, samples = command._resample_command, []

        def resample_and_see(env_ids):
            resample(env_ids)
            samples.extend(command.vel_command_b[env_ids].tolist())

        def sampled():
            taken = list(samples)
            samples.clear()
            return taken

        command._resample_command = resample_and_see
        return sampled

    def _model(self, field):
        manager = self._env.sim.physics_manager
        for change in manager._model_changes:  # as its next step begins
            self._solver.notify_model_changed(change)
        return torch.from_numpy(getattr(self._solver.mjw_model, field).numpy().copy())
