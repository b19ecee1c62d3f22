"""Makes joint targets of the policy's output: limit, scale, offset, clip, in this order, as the training did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import Limits, ends_of
from trainer_proc.deploy.observations import joint_index
from trainer_proc.deploy.robot import Floats, JointTargets, RobotState

Places = NDArray[np.intp]

DAMPING_OF_OTHERS = 1.0
"""N·m·s/rad of joints that the robot has and the policy doesn't know."""


class Actions:
    """The targets of one policy on one robot, in the robot's order."""

    def __init__(self, card: PolicyCard, joint_names: Sequence[str]) -> None:
        """`joint_names` is the robot's order. Raises `BundleRefused` for a joint that it hasn't.

        Joints that no action drives hold their default pose; those that the policy doesn't know are damped.
        """
        known = joint_index(card.joint_names, joint_names, "joint_names")
        index = joint_index(card.action_names, joint_names, "action_names")
        self._limit = card.clip_actions
        self._scale, self._offset = np.array(card.action_scale), np.array(card.action_offset)
        self._low, self._high = limit_arrays(card.action_clip)
        self._limited, self._processed = np.zeros(card.num_actions), np.zeros(card.num_actions)
        self._parts = _parts(card, index)
        self._targets = JointTargets.zeros(len(joint_names))
        self._targets.damping[:] = DAMPING_OF_OTHERS
        self._targets.position[known] = card.default_joint_positions
        self._targets.stiffness[known] = [gain or 0.0 for gain in card.joint_stiffness]
        self._targets.damping[known] = [gain or 0.0 for gain in card.joint_damping]
        self.default = JointTargets(*(getattr(self._targets, name).copy() for name in JointTargets.__slots__))
        """Targets that hold the default pose; not changed by `targets`."""

    def limited(self, output: NDArray[np.float32]) -> Floats:
        """Return the policy's output [num_actions] within `clip_actions`: what `Observations.last_action` needs."""
        self._limited[:] = output
        if self._limit is not None:
            np.clip(self._limited, -self._limit, self._limit, out=self._limited)
        return self._limited

    def targets(self, limited: Floats, state: RobotState) -> JointTargets:
        """Return the targets of a limited action. They are the same object in every call."""
        processed, targets = self._processed, self._targets
        np.multiply(limited, self._scale, out=processed)
        np.add(processed, self._offset, out=processed)
        np.clip(processed, self._low, self._high, out=processed)
        for kind, actions, joints in self._parts:
            match kind:
                case "velocity":
                    targets.velocity[joints] = processed[actions]
                case "effort":
                    targets.effort[joints] = processed[actions]
                case "relative_position":
                    targets.position[joints] = processed[actions] + state.joint_positions[joints]
                case _:
                    targets.position[joints] = processed[actions]
        return targets


def _parts(card: PolicyCard, index: Places) -> list[tuple[str, Places | slice, Places]]:
    """Return each kind of action with the places of its actions, and of their joints."""
    kinds = set(card.action_kinds)
    if len(kinds) == 1:
        return [(kind, slice(None), index) for kind in kinds]
    places = {kind: np.array([place for place, one in enumerate(card.action_kinds) if one == kind]) for kind in kinds}
    return [(kind, actions, index[actions]) for kind, actions in places.items()]


def limit_arrays(limits: Sequence[Limits | None]) -> tuple[Floats, Floats]:
    """Return lower and upper limits as arrays, infinite where there are none."""
    ends = np.array([ends_of(one) for one in limits], dtype=np.float64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]
