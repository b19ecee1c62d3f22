"""Units of knobs, derived from the names that robot learning tasks use."""

from __future__ import annotations

import re

_ANGLES = "roll|pitch|yaw"
_UNITS: tuple[tuple[str, str], ...] = (
    (r"/(physics_step|control_step)$", "s"),
    (r"(_s|/resampling_time_range)$", "s"),
    (r"/(pose_range/|pos_)[xyz]$", "m"),
    (r"^command/.*/success_threshold$", "m"),
    (rf"/pose_range/({_ANGLES})$", "rad"),
    (r"/velocity_range/[xyz]$", "m/s"),
    (rf"/velocity_range/({_ANGLES})$", "rad/s"),
    (r"joints?/position_range$|/joint_position_range$", "rad"),
    (r"joints?/velocity_range$", "rad/s"),
    (r"/bias_range$", "rad"),
    (r"/(heading|limit_angle)$", "rad"),
    (r"/[^/]*lin_vel[^/]*(/noise)?$", "m/s"),
    (r"/[^/]*(ang_vel|joint_vel)[^/]*(/noise)?$", "rad/s"),
    (r"/joint_pos[^/]*/noise$", "rad"),
    (r"/[^/]*height[^/]*/noise$|/[^/]*height$", "m"),
    (r"/center_of_mass/offset$|/[^/]*_com/ranges(/\w+)?$|/com_range/[xyz]$", "m"),
    (r"/(mass|friction)/scale$|/motor/(strength|stiffness|damping)$", "×"),
    (r"/[^/]*force(_range|_threshold)?$", "N"),
    (r"/[^/]*torque(_range)?$", "N·m"),
)


def unit_of(name: str) -> str:
    """Return the unit of the knob `name`, empty if unknown."""
    return next((unit for pattern, unit in _UNITS if re.search(pattern, name)), "")
