"""Types of the messages for Cyclone DDS: its names and fields, whose bytes are made and read elsewhere.

Source: unitree_sdk2_python, `unitree_sdk2py/idl/unitree_hg/msg/dds_`.
"""

from __future__ import annotations

from typing import Any

import cyclonedds.idl as idl
import cyclonedds.idl.annotations as annotate
from cyclonedds.idl import types

from trainer_proc.deploy.unitree.messages import MOTORS

_byte, _short, _word, _float = types.uint8, types.int16, types.uint32, types.float32
_array: Any = types.array


def _struct(name: str, fields: dict[str, Any]) -> Any:
    kind = idl.make_idl_struct(name, f"unitree_hg.msg.dds_.{name}", fields)
    return annotate.final(annotate.autoid("sequential")(kind))


def _by_bytes(kind: Any) -> Any:
    """Make messages of this type keep their bytes as they are, in `data`; `of` makes one."""

    def of(data: bytes) -> Any:
        message = kind.__new__(kind)
        message.data = data
        return message

    kind.of = staticmethod(of)
    kind.serialize = lambda message, *arguments, **options: message.data
    kind.deserialize = classmethod(lambda cls, data, *arguments, **options: of(bytes(data)))
    return kind


MotorCmd = _struct(
    "MotorCmd_",
    {"mode": _byte, "q": _float, "dq": _float, "tau": _float, "kp": _float, "kd": _float, "reserve": _word},
)
LowCmd = _by_bytes(
    _struct(
        "LowCmd_",
        {
            "mode_pr": _byte,
            "mode_machine": _byte,
            "motor_cmd": _array[MotorCmd, MOTORS],
            "reserve": _array[_word, 4],
            "crc": _word,
        },
    )
)
ImuState = _struct(
    "IMUState_",
    {
        "quaternion": _array[_float, 4],
        "gyroscope": _array[_float, 3],
        "accelerometer": _array[_float, 3],
        "rpy": _array[_float, 3],
        "temperature": _short,
    },
)
MotorState = _struct(
    "MotorState_",
    {
        "mode": _byte,
        "q": _float,
        "dq": _float,
        "ddq": _float,
        "tau_est": _float,
        "temperature": _array[_short, 2],
        "vol": _float,
        "sensor": _array[_word, 2],
        "motorstate": _word,
        "reserve": _array[_word, 4],
    },
)
LowState = _by_bytes(
    _struct(
        "LowState_",
        {
            "version": _array[_word, 2],
            "mode_pr": _byte,
            "mode_machine": _byte,
            "tick": _word,
            "imu_state": ImuState,
            "motor_state": _array[MotorState, MOTORS],
            "wireless_remote": _array[_byte, 40],
            "reserve": _array[_word, 4],
            "crc": _word,
        },
    )
)
