"""A G1 that hangs in MuJoCo and speaks Unitree's messages over DDS, in a process of its own.

Its arguments are the bundle's folder and the DDS domain. It ends with its input, and then prints how many commands
came, the last one, and the largest stiffness, as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

from presets.robots import find_robot
from trainer_proc.deploy.bundle import read_card
from trainer_proc.deploy.mujoco_robot import MujocoRobot
from trainer_proc.deploy.real_time import RealTimeRobot
from trainer_proc.deploy.robot import JointTargets
from trainer_proc.deploy.unitree.dds import COMMANDS, STATES, DdsChannel
from trainer_proc.deploy.unitree.messages import MOTORS, LowState, decode_command, encode_state

MODE_MACHINE = 5


def main(bundle: Path, domain: int) -> None:
    channel = DdsChannel("lo", domain, sends=STATES, receives=COMMANDS)
    simulated = MujocoRobot(read_card(bundle / "policy.json"), bundle / "robot.xml")
    simulated.reset(np.zeros(len(simulated.joint_names)))
    robot = RealTimeRobot(simulated)
    robot.is_held = True
    motors = [find_robot("unitree-g1-29dof").motors[name] for name in simulated.joint_names]
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    count, last, largest = 0, np.zeros((MOTORS, 5)), 0.0
    while not ended.is_set():
        if (data := channel.receive()) is not None:
            last, _, machine = decode_command(data)
            assert machine == MODE_MACHINE
            count, largest = count + 1, max(largest, float(last[:, 3].max()))
            robot.write(JointTargets(*last[motors].astype(float).T))
        state = robot.read()
        values = np.zeros((MOTORS, 4), np.float32)
        values[motors, 0], values[motors, 1] = state.joint_positions, state.joint_velocities
        channel.send(encode_state(LowState(MODE_MACHINE, count, state.orientation, state.base_ang_vel, values)))
        time.sleep(0.002)
    sys.stdout.write(json.dumps({"commands": count, "last": last.tolist(), "stiffest": largest}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
