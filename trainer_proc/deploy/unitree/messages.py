"""Bytes of `LowCmd_` and `LowState_` (`unitree_hg.msg.dds_`) as they travel: CDR, little-endian.

In CDR a member is aligned by its own type, so the first motor's `mode` follows a byte or short without padding. The
checksum is that of the C struct, which has padding there. Both have 35 motors.
Source: unitree_sdk2_python, `unitree_sdk2py/idl/unitree_hg/msg/dds_` and `unitree_sdk2py/utils/crc.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curricula.errors import UserError
from trainer_proc.deploy.unitree.crc import crc32_of_words

MOTORS = 35
HEADER = bytes((0, 1, 0, 0))
"""CDR, little-endian."""
_HEADERS = (HEADER, bytes((0, 7, 0, 0)))
"""Also in version 2, in which these messages have the same bytes."""
COMMAND_SIZE, STATE_SIZE = 1000, 2088
"""Bytes without the header."""
_COMMAND_STRIDE, _STATE_STRIDE = 28, 56
"""Bytes from a motor to the next."""
_FIRST_COMMAND, _FIRST_STATE = 4, 72
"""Bytes before the first motor's numbers, which follow its `mode`."""
ENABLED = 1
"""`mode` of a motor that is driven."""
SERIES = 0
"""`mode_pr`: ankles and waist are commanded by pitch and roll, as the policy's joints."""

Floats32 = NDArray[np.float32]


class MessageDamaged(UserError):
    """Bytes that are no message of this kind."""


@dataclass(slots=True)
class LowState:
    """What a policy needs of the robot's state."""

    mode_machine: int
    """The robot's kind, which commands must repeat."""
    tick: int
    """The robot's clock in ms."""
    quaternion: Floats32
    """[4] (w, x, y, z)."""
    gyroscope: Floats32
    """[3] rad/s in the IMU's axes."""
    motors: Floats32
    """[35, 4] position (rad), velocity (rad/s), acceleration (rad/s²), torque (N·m)."""


def encode_command(motors: Floats32, enabled: NDArray[np.bool_], mode_machine: int) -> bytes:
    """Return the bytes of a command, with header and checksum.

    `motors` is [35, 5]: position (rad), velocity (rad/s), torque (N·m), stiffness (N·m/rad), damping (N·m·s/rad).
    `enabled` is [35].
    """
    body = bytearray(COMMAND_SIZE)
    body[0], body[1] = SERIES, mode_machine
    np.ndarray((MOTORS, 5), "<f4", body, _FIRST_COMMAND, (_COMMAND_STRIDE, 4))[:] = motors
    modes = np.ndarray((MOTORS,), np.uint8, body, 0, (_COMMAND_STRIDE,))
    modes[1:] = enabled[1:] * ENABLED
    body[2] = int(enabled[0]) * ENABLED  # where the others have padding before
    body[-4:] = _checksum(body, 2).to_bytes(4, "little")
    return HEADER + bytes(body)


def decode_command(data: bytes) -> tuple[Floats32, NDArray[np.bool_], int]:
    """Return motors, enabled and `mode_machine` of a command, as `encode_command`. Raises `MessageDamaged`."""
    body = _body(data, COMMAND_SIZE, "LowCmd", 2)
    motors = np.ndarray((MOTORS, 5), "<f4", body, _FIRST_COMMAND, (_COMMAND_STRIDE, 4)).copy()
    modes = np.ndarray((MOTORS,), np.uint8, body, 0, (_COMMAND_STRIDE,)).copy()
    modes[0] = body[2]
    return motors, modes == ENABLED, body[1]


def decode_state(data: bytes) -> LowState:
    """Return the state in a message with header. Raises `MessageDamaged`."""
    body = _body(data, STATE_SIZE, "LowState", 70)
    return LowState(
        mode_machine=body[9],
        tick=int.from_bytes(body[12:16], "little"),
        quaternion=np.ndarray((4,), "<f4", body, 16).copy(),
        gyroscope=np.ndarray((3,), "<f4", body, 32).copy(),
        motors=np.ndarray((MOTORS, 4), "<f4", body, _FIRST_STATE, (_STATE_STRIDE, 4)).copy(),
    )


def encode_state(state: LowState) -> bytes:
    """Return the bytes of a state, with header and checksum; what `LowState` lacks is 0. For simulated robots."""
    body = bytearray(STATE_SIZE)
    body[9] = state.mode_machine
    body[12:16] = state.tick.to_bytes(4, "little")
    np.ndarray((4,), "<f4", body, 16)[:] = state.quaternion
    np.ndarray((3,), "<f4", body, 32)[:] = state.gyroscope
    np.ndarray((MOTORS, 4), "<f4", body, _FIRST_STATE, (_STATE_STRIDE, 4))[:] = state.motors
    body[-4:] = _checksum(body, 70).to_bytes(4, "little")
    return HEADER + bytes(body)


def _body(data: bytes, size: int, name: str, first_mode: int) -> bytes:
    """Return a message without its header, and without what follows to fill words."""
    if data[:4] not in _HEADERS or len(data) < 4 + size:
        raise MessageDamaged(
            f"{name}: expected {4 + size} bytes of CDR, got {len(data)}: check the robot's SDK version"
        )
    body = data[4 : 4 + size]
    if (found := int.from_bytes(body[-4:], "little")) != (expected := _checksum(body, first_mode)):
        raise MessageDamaged(f"{name}: expected checksum {expected:08x}, got {found:08x}: the message is damaged")
    return body


def _checksum(body: bytes | bytearray, first_mode: int) -> int:
    """Return the checksum of the C struct; `first_mode` is where it has padding that CDR lacks."""
    before = bytes(body[:first_mode]).ljust((first_mode + 3) // 4 * 4, b"\0")
    mode = bytes((body[first_mode], 0, 0, 0))
    return crc32_of_words(before + mode + bytes(body[first_mode + 2 : -4]))
