"""Cards of mjlab environments that are built in the test process, and their robots as files."""

from __future__ import annotations

import msgspec
from mjlab.entity import Entity

from trainer_proc.contract.bundle.card import CheckResult, Latency, PolicyCard
from trainer_proc.contract.bundle.description import Command, CommandPart
from trainer_proc.export.description import describe_policy
from trainer_proc.simulators.registry import simulator_of


def card_of(simulated, **changes) -> PolicyCard:
    """Return the card that an export of this training's policy would have, without its files."""
    described = understood(describe_policy(simulated.runner, "task", "mjlab", simulator_of(simulated.env)))
    card = PolicyCard(
        **{name: getattr(described, name) for name in described.__struct_fields__},
        run="run",
        iteration=0,
        observation_size=sum(term.size for term in described.observation_terms),
        image_inputs=[],
        recurrent_inputs=[],
        task_inputs=[],
        task_outputs=[],
        task_metadata={},
        git_commit=None,
        versions={},
        onnx_sha256="",
        files={},
        check=CheckResult(0, 0.0, 0.0, 0.0),
        latency=Latency(0.0, 0.0, 0),
        interventions=[],
        journal_problem="",
    )
    return msgspec.structs.replace(card, **changes)


def write_robot(simulated, file):
    """Write the training's robot without its meshes, a MuJoCo model of its own."""
    spec = Entity(simulated.env.cfg.scene.entities["robot"]).spec
    for geom in list(spec.geoms):
        if geom.meshname:
            spec.delete(geom)
    for kind in (spec.meshes, spec.materials, spec.textures):
        for one in list(kind):
            spec.delete(one)
    file.write_text(spec.to_xml())
    return file


def understood(described):
    """Fill in what the exporter doesn't describe yet."""
    if described.commands:
        return described
    of_name = {"actions": {"quantity": "last_action"}, "command": {"quantity": "command", "command": "twist"}}
    of_name |= {name: {"quantity": name, "joints": described.robot_joint_names} for name in ("joint_pos", "joint_vel")}
    of_name |= {name: {"quantity": name, "frame": "imu_in_pelvis"} for name in ("base_lin_vel", "base_ang_vel")}
    of_name["projected_gravity"] = {"quantity": "projected_gravity", "frame": "pelvis"}
    terms = [msgspec.structs.replace(term, **of_name[term.name]) for term in described.observation_terms]
    parts = [CommandPart(name, "", -1.0, 1.0) for name in ("lin_vel_x", "lin_vel_y", "ang_vel_z")]
    twist = Command("twist", "velocity", parts)
    return msgspec.structs.replace(
        described, observation_terms=terms, commands=[twist], base_body="pelvis", physics_dt=0.005, decimation=4
    )
