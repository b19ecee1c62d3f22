"""Makes `tests/recordings/unitree/`: messages by Cyclone DDS's own serializer, with numbers that are easy to tell
apart.

`python -m tests.deploy.unitree_messages` writes them again.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "recordings" / "unitree"
MODE_MACHINE, TICK = 5, 123456
ENABLED = [motor % 3 != 1 for motor in range(35)]
COMMANDS = [[motor + part / 8 for part in range(5)] for motor in range(35)]
STATES = [[-motor - part / 8 for part in range(4)] for motor in range(35)]
QUATERNION, GYROSCOPE = [0.5, -0.5, 0.5, -0.5], [0.25, 0.5, 0.75]


def low_command(crc=0):
    from trainer_proc.deploy.unitree.dds_types import LowCmd, MotorCmd

    motors = [MotorCmd(int(mode), *numbers, 0) for mode, numbers in zip(ENABLED, COMMANDS, strict=True)]
    return LowCmd.__idl__.serialize(LowCmd(0, MODE_MACHINE, motors, [0] * 4, crc))


def low_state(crc=0):
    from trainer_proc.deploy.unitree.dds_types import ImuState, LowState, MotorState

    imu = ImuState(QUATERNION, GYROSCOPE, [1.0, 2.0, 3.0], [4.0, 5.0, 6.0], 33)
    motors = [MotorState(1, *numbers, [30, 31], 48.0, [7, 8], 9, [1, 2, 3, 4]) for numbers in STATES]
    message = LowState([1, 2], 0, MODE_MACHINE, TICK, imu, motors, list(range(40)), [5, 6, 7, 8], crc)
    return LowState.__idl__.serialize(message)


def checksum(layout, values):
    """Return the checksum of a C struct, bit by bit."""
    import struct

    crc = 0xFFFFFFFF
    data = struct.pack(layout, *values)
    for (word,) in struct.iter_unpack("<I", data[:-4]):
        crc ^= word
        for _ in range(32):
            crc = (crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1
            crc &= 0xFFFFFFFF
    return crc


def command_checksum():
    motors = [value for mode, numbers in zip(ENABLED, COMMANDS, strict=True) for value in (int(mode), *numbers, 0)]
    return checksum("<2B2x" + "B3x5fI" * 35 + "5I", [0, MODE_MACHINE, *motors, *[0] * 5])


def state_checksum():
    motors = [value for numbers in STATES for value in (1, *numbers, 30, 31, 48.0, 7, 8, 9, 1, 2, 3, 4)]
    imu = [*QUATERNION, *GYROSCOPE, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 33]
    values = [1, 2, 0, MODE_MACHINE, TICK, *imu, *motors, *range(40), 5, 6, 7, 8, 0]
    return checksum("<2I2B2xI13fh2x" + "B3x4f2hf7I" * 35 + "40B5I", values)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "lowcmd.cdr").write_bytes(low_command(command_checksum()))
    (FOLDER / "lowstate.cdr").write_bytes(low_state(state_checksum()))
