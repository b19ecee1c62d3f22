"""Faults of an exporter, injected into a copy of a good bundle: the card, the network and its metadata, with hashes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import helper, numpy_helper

from trainer_proc.contract.bundle.card import CARD, ONNX, PolicyCard

Change = Callable[[PolicyCard], PolicyCard]
replace = msgspec.structs.replace
DEGREES = 180.0 / np.pi


def broken(bundle: Path, copy: Path, change: Change = lambda card: card, network: Callable | None = None) -> Path:
    """Copy a bundle with a changed card and network; their hashes and the network's metadata fit again."""
    shutil.copytree(bundle, copy, dirs_exist_ok=True)
    card = change(msgspec.json.decode((bundle / CARD).read_bytes(), type=PolicyCard))
    model = onnx.load(copy / ONNX)
    if network is not None:
        network(model.graph)
    told = {"policy_json": msgspec.json.encode(card).decode(), "joint_names": ",".join(card.joint_names)}
    told |= {"joint_stiffness": ",".join(f"{gain:.9f}" for gain in card.joint_stiffness)}
    told |= {"action_scale": ",".join(f"{scale:.9f}" for scale in card.action_scale)}
    for entry in model.metadata_props:
        entry.value = told.get(entry.key, entry.value)
    onnx.save(model, copy / ONNX)
    sha256 = hashlib.sha256((copy / ONNX).read_bytes()).hexdigest()
    card = replace(card, onnx_sha256=sha256, files={**card.files, ONNX: sha256})
    (copy / CARD).write_bytes(msgspec.json.encode(card))
    return copy


# --- the card ---


def term(name: str, **changes) -> Change:
    """Change a term of the observation."""

    def change(card):
        terms = [replace(one, **changes) if one.name == name else one for one in card.observation_terms]
        return replace(card, observation_terms=terms)

    return change


def swapped(one: str, other: str, *fields: str) -> Change:
    """Swap two joints by name in lists of the card, and in the terms' joints if no field is named."""

    def names(listed):
        return [{one: other, other: one}.get(name, name) for name in listed]

    def change(card):
        if fields:
            return replace(card, **{field: names(getattr(card, field)) for field in fields})
        terms = [replace(term, joints=names(term.joints)) for term in card.observation_terms]
        return replace(card, observation_terms=terms)

    return change


def times(field: str, factor: float, *joints: str) -> Change:
    """Multiply a list of the card, of some joints or of all."""

    def change(card):
        names = card.action_names if field.startswith("action") else card.joint_names
        values = zip(names, getattr(card, field), strict=True)
        return replace(card, **{field: [v * factor if not joints or name in joints else v for name, v in values]})

    return change


def shifted(field: str, amount: float, joint: str) -> Change:
    def change(card):
        names = card.robot_joint_names if field.startswith("robot_joint") else card.joint_names
        values = zip(names, getattr(card, field), strict=True)
        return replace(card, **{field: [v + amount if name == joint else v for name, v in values]})

    return change


def limited_to(limit: float, joint: str) -> Change:
    def change(card):
        ends = zip(card.joint_names, card.joint_effort_limits, strict=True)
        return replace(card, joint_effort_limits=[(-limit, limit) if name == joint else one for name, one in ends])

    return change


def control_rate(rate: float, decimation: int) -> Change:
    return lambda card: replace(card, control_frequency=rate, decimation=decimation)


def ordered_by_time(card: PolicyCard) -> PolicyCard:
    terms = [replace(one, history_order="time") for one in card.observation_terms]
    return replace(card, observation_terms=terms)


# --- the network ---


def raw_observations(mean: np.ndarray, divisor: np.ndarray) -> Callable:
    """Undo the normalization that the network begins with, as if it had been exported without its normalizer."""

    def change(graph):
        _before(graph, "Add", mean)
        _before(graph, "Mul", divisor)

    return change


def reordered(columns: list[int]) -> Callable:
    """Read the observation's columns in another order."""

    def change(graph):
        _insert(graph, "Gather", np.array(columns, dtype=np.int64), axis=1)

    return change


def other_weights(graph) -> None:
    largest = max(graph.initializer, key=lambda one: int(np.prod(one.dims)))
    values = numpy_helper.to_array(largest)
    changed = values + np.random.default_rng(1).normal(size=values.shape).astype(np.float32) * 0.05
    largest.CopyFrom(numpy_helper.from_array(changed.astype(np.float32), largest.name))


def _before(graph, kind: str, values: np.ndarray) -> None:
    _insert(graph, kind, values.astype(np.float32)[None])


def _insert(graph, kind: str, values: np.ndarray, **attributes) -> None:
    """Insert a node between the input `obs` and the nodes that read it."""
    number = len(graph.node)
    constant, result = f"fault_{number}", f"obs_{number}"
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == "obs":
                node.input[place] = result
    graph.initializer.append(numpy_helper.from_array(values, constant))
    graph.node.insert(0, helper.make_node(kind, ["obs", constant], [result], **attributes))


# --- the list ---

_LEFT, _RIGHT = "left_knee_joint", "right_knee_joint"
Fault = tuple[Change, Callable | None]
"""Changes of a card and of a network."""
ONLY_THE_TRACE_SHOWS = ("joint velocities × 0.05", "weights with little noise", "control rate 100 Hz")
"""Faults of `faults_of_a_walk` with which the recorded G1 walks on."""


def faults_of_a_walk(bundle: Path) -> dict[str, Fault]:
    """Return faults of an exporter of a humanoid that walks, by name, for a copy of its bundle."""
    card = msgspec.json.decode((bundle / CARD).read_bytes(), type=PolicyCard)
    columns = list(range(card.observation_size))
    velocities = next(one for one in card.observation_terms if one.quantity == "joint_vel").name
    turning = next(one for one in card.observation_terms if one.quantity == "base_ang_vel").name
    return {
        "actions of the knees swapped": (swapped(_LEFT, _RIGHT, "action_names"), None),
        "observations of the knees swapped": (swapped(_LEFT, _RIGHT), None),
        "stiffness × 0.5": (times("joint_stiffness", 0.5), None),
        "stiffness × 2": (times("joint_stiffness", 2.0), None),
        "action scale × 1.5": (times("action_scale", 1.5), None),
        "action scale × 2": (times("action_scale", 2.0), None),
        "joint velocities × 0.05": (term(velocities, scale=[0.05]), None),
        "joint velocities in deg/s": (term(velocities, scale=[DEGREES]), None),
        "gyroscope in deg/s": (term(turning, scale=[DEGREES]), None),
        "no normalizer": (_same, raw_observations(*normalizer_in(bundle / ONNX))),
        "observation columns reversed": (_same, reordered(columns[::-1])),
        "weights with little noise": (_same, other_weights),
        "control rate 25 Hz": (control_rate(25.0, 8), None),
        "control rate 100 Hz": (control_rate(100.0, 2), None),
    }


def normalizer_in(network: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the divisor of the observations, with which rsl-rl's networks begin."""
    graph = onnx.load(network).graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    mean, divisor = (next(node.input[1] for node in graph.node if node.op_type == kind) for kind in ("Sub", "Div"))
    return constants[mean].ravel(), constants[divisor].ravel()


def _same(card: PolicyCard) -> PolicyCard:
    return card
