"""Rounds the values of a state, so that a rollout packs well."""

from __future__ import annotations

import msgspec
import numpy as np

from trainer_proc.contract.robot import RobotState

_BITS = 14
"""Of float32's 23 fraction bits: errors of 3e-5 of the value, 0.2 mm at 7 m."""
_DROPPED = 23 - _BITS
_ROUNDED = ("poses", "velocity", "joints", "torques", "contacts", "rewards")


def rounded(state: RobotState) -> RobotState:
    """Return the state with rounded values; a third smaller when packed."""
    return msgspec.structs.replace(state, **{name: _rounded(getattr(state, name)) for name in _ROUNDED})


def _rounded(data: bytes) -> bytes:
    values = np.frombuffer(data, dtype="<f4")
    bits = (values.view("<u4") + np.uint32(1 << (_DROPPED - 1))) & np.uint32(0xFFFFFFFF << _DROPPED & 0xFFFFFFFF)
    return np.where(np.isfinite(values), bits.view("<f4"), values).astype("<f4").tobytes()
