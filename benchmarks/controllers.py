"""Runs the controllers' own code on bundles of random policies and prints how far their targets are off, in rad.

It needs clones of the controllers, and packages that the tests don't need:

    apt-get install g++ libyaml-cpp-dev libeigen3-dev libspdlog-dev
    uv run --with pydantic,loguru,netifaces,sshkeyboard,termcolor,tyro,defusedxml,scipy \
        python -m benchmarks.controllers --unitree unitree_rl_lab --unitree unitree_rl_mjlab --holosoma holosoma

Unitree's C++ is compiled with a recorded robot (`controllers_unitree.cpp`), and onnxruntime's headers of
unitree_rl_mjlab. holosoma's `LocomotionPolicy` gets a recorded robot in the place of its interface.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime

from tests.formats.policies import BY_DEPTH, JOINTS, card, states, targets, terms, write_bundle
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.formats.write import write_formats

COMMAND = (0.4, -0.2, 0.3)
STEPS = 50


def cards() -> dict[str, PolicyCard]:
    """Return policies that differ in order, history and limits."""
    limits = [(-0.2, None) if index % 2 else None for index in range(len(JOINTS))]
    return {
        "order of the motors": card(clip_actions=0.4),
        "other order, 5 steps": card(BY_DEPTH, 5, clip_actions=0.4),
        "3 steps by time": card(history=3, order="time"),
        "limited targets": card(BY_DEPTH, action_clip=limits),
        "legs only": _legs(),
    }


def _legs() -> PolicyCard:
    legs, whole = JOINTS[:12], card()
    fields = ("action_kinds", "action_names", "action_scale", "action_offset", "action_clip")
    observed = terms(legs)
    observed[3] = msgspec.structs.replace(observed[3], joints=legs[:6], size=6)
    return msgspec.structs.replace(
        whole,
        **{field: getattr(whole, field)[:12] for field in fields},
        num_actions=12,
        observation_terms=observed,
        observation_size=sum(term.size for term in observed),
    )


def run_unitree(program: Path, bundle: Path, described: PolicyCard) -> str:
    measured = states(STEPS)
    rows = [[*one.joint_positions, *one.joint_velocities, *one.orientation, *one.base_ang_vel] for one in measured]
    np.savetxt(bundle / "states.txt", rows, fmt="%.17g")
    done = subprocess.run([program, bundle / "unitree", bundle / "states.txt"], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    driven = [JOINTS.index(joint) for joint in described.action_names]
    expected = targets(bundle, described, COMMAND, measured)
    return f"{np.abs(np.loadtxt(done.stdout.splitlines()) - expected)[:, driven].max():.1e}"


def compiled(clone: Path, folder: Path, clones: list[Path]) -> Path:
    """Return the program of one of Unitree's repositories."""
    library = next(Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so.*"))
    (folder / "libonnxruntime.so.1").symlink_to(library)
    runtime = next(one for root in clones for one in root.glob("deploy/thirdparty/onnxruntime-linux-x64-*/include"))
    others = [f"-idirafter{root / 'deploy' / 'include'}" for root in clones if root != clone]  # the robots' messages
    program = folder / "harness"
    source = Path(__file__).with_name("controllers_unitree.cpp")
    observations = next((clone / "deploy" / "include" / "isaaclab" / "envs" / "mdp").rglob("observations.h"))
    includes = [f'-DOBSERVATIONS="{observations}"', f"-I{clone / 'deploy' / 'include'}", f"-I{runtime}", *others]
    libraries = ["-lyaml-cpp", "-lspdlog", "-lfmt", str(folder / "libonnxruntime.so.1"), f"-Wl,-rpath,{folder}"]
    subprocess.run(["g++", "-std=c++17", "-O1", "-w", *includes, source, "-o", program, *libraries], check=True)
    return program


class _RecordedRobot:
    """In the place of holosoma's `InterfaceWrapper`."""

    backend = "recorded"

    def __init__(self, *arguments: Any) -> None:
        self.state, self.sent = np.zeros((1, 7 + 2 * len(JOINTS) + 6)), np.zeros(len(JOINTS))

    def get_low_state(self) -> Any:
        return self.state

    def send_low_command(self, positions: Any, *arguments: Any, **options: Any) -> None:
        self.sent = np.array(positions)


def run_holosoma(bundle: Path, described: PolicyCard) -> str:
    for absent in ("wandb", "pinocchio"):  # imported, but not used for locomotion
        sys.modules.setdefault(absent, types.ModuleType(absent))
    from holosoma_inference.config.config_values.inference import g1_29dof_loco
    from holosoma_inference.policies import base
    from holosoma_inference.policies.locomotion import LocomotionPolicy

    base.InterfaceWrapper = _RecordedRobot
    history = max(1, *(term.history_length for term in described.observation_terms))
    task = replace(g1_29dof_loco.task, model_path=str(bundle / "holosoma" / "policy.onnx"))
    observation = replace(g1_29dof_loco.observation, history_length_dict={"actor_obs": history})
    policy = LocomotionPolicy(replace(g1_29dof_loco, task=task, observation=observation))
    policy.use_policy_action = True
    policy.lin_vel_command[:], policy.ang_vel_command[:] = [COMMAND[:2]], [COMMAND[2:]]
    offset = dict(zip(described.action_names, described.action_offset, strict=True))
    # a training begins with no action, and with the first value in the history
    policy.last_policy_action = ((np.array([offset[joint] for joint in JOINTS]) - policy.default_dof_angles) / 0.25)[
        None
    ]
    commanded = []
    measured = states(STEPS)
    for step, one in enumerate(measured):
        velocities = [0.0, 0.0, 0.0, *one.base_ang_vel, *one.joint_velocities]
        policy.interface.state = np.array([[0.0, 0.0, 0.0, *one.orientation, *one.joint_positions, *velocities]])
        for _ in range(history - 1 if step == 0 else 0):
            policy.prepare_obs_for_rl(policy.interface.state)
        policy.policy_action()
        commanded.append(policy.interface.sent)
    return f"{np.abs(np.array(commanded) - targets(bundle, described, COMMAND, measured)).max():.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unitree", type=Path, action="append", default=[], help="clone; repeatable")
    parser.add_argument("--holosoma", type=Path, help="clone")
    options = parser.parse_args()
    if options.holosoma:
        sys.path.insert(0, str(options.holosoma / "src" / "holosoma_inference"))
    with tempfile.TemporaryDirectory() as scratch:
        programs = {}
        for clone in options.unitree:
            folder = Path(scratch) / clone.name
            folder.mkdir()
            programs[clone.name] = compiled(clone.resolve(), folder, [one.resolve() for one in options.unitree])
        for name, described in cards().items():
            bundle = Path(scratch) / name
            described = write_bundle(bundle, described)
            write_formats(bundle, ["unitree"])
            found = {clone: run_unitree(program, bundle, described) for clone, program in programs.items()}
            if options.holosoma and described.num_actions == len(JOINTS) and not any(described.action_clip):
                write_formats(bundle, ["holosoma"])
                found["holosoma"] = run_holosoma(bundle, described)
            print(f"{name}: " + ", ".join(f"{controller} {result}" for controller, result in found.items()), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("LOGURU_LEVEL", "ERROR")
    main()
