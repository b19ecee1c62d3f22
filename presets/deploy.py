"""The robot that a policy is for: a preset's `[deploy]` table."""

from __future__ import annotations

from typing import Any

import msgspec

from curricula.schema import convert
from presets.robots import find_robot


class Deploy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the policy will run. What the robot can't measure is reported at launch and at export."""

    robot: str
    """One of `presets.robots`."""


def read_deploy(table: dict[str, Any]) -> Deploy | None:
    """Return the deployment in a table; an empty one is none. Raises `SchemaError`."""
    if not table:
        return None
    deploy = convert(table, Deploy, path="deploy")
    find_robot(deploy.robot)
    return deploy
