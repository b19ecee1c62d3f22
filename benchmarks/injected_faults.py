"""Which faults of an exporter does a robot's behaviour show? Each is injected into a good bundle and verified.

    uv run python -m benchmarks.injected_faults [BUNDLE]

Prints a row a fault for docs/verification.md. The golden trace is not used: it names faults, this shows their effect.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

from tests.verification import faults
from trainer_proc.contract.bundle.card import CARD, ONNX, PolicyCard
from trainer_proc.contract.bundle.gate import SUCCESS_GROUPS
from trainer_proc.contract.bundle.verification import SUCCESS, SURVIVED, SuiteResult, Thresholds
from trainer_proc.deploy.bundle import load_bundle, read_card
from trainer_proc.deploy.errors import BundleRefused
from trainer_proc.verification.suite import play_suite
from trainer_proc.verification.verdict import problems_of

_RECORDED = Path("tests/recordings/bundles/g1-walk")
_LEFT, _RIGHT = "left_knee_joint", "right_knee_joint"


def main(bundle: Path) -> None:
    print("| fault | success | no fall when disturbed | verdict |\n| --- | --- | --- | --- |")
    for name, change, network in _faults(read_card(bundle / CARD), *_normalizer(bundle / ONNX)):
        with TemporaryDirectory() as folder:
            faults.broken(bundle, Path(folder), change, network)
            print(f"| {name} | {_row(Path(folder))} |", flush=True)


def _normalizer(network: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the divisor of the observations, with which rsl-rl's networks begin."""
    graph = onnx.load(network).graph
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    mean, divisor = (next(node.input[1] for node in graph.node if node.op_type == kind) for kind in ("Sub", "Div"))
    return constants[mean].ravel(), constants[divisor].ravel()


def _faults(card: PolicyCard, mean: np.ndarray, divisor: np.ndarray) -> list[tuple[str, Callable, Callable | None]]:
    def same(card: PolicyCard) -> PolicyCard:
        return card

    columns = list(range(card.observation_size))
    velocities = next(one for one in card.observation_terms if one.quantity == "joint_vel").name
    turning = next(one for one in card.observation_terms if one.quantity == "base_ang_vel").name
    return [
        ("none", same, None),
        ("actions of the knees swapped", faults.swapped(_LEFT, _RIGHT, "action_names"), None),
        ("observations of the knees swapped", faults.swapped(_LEFT, _RIGHT), None),
        ("stiffness × 0.5", faults.times("joint_stiffness", 0.5), None),
        ("stiffness × 2", faults.times("joint_stiffness", 2.0), None),
        ("action scale × 2", faults.times("action_scale", 2.0), None),
        ("joint velocities × 0.05", faults.term(velocities, scale=[0.05]), None),
        ("joint velocities in deg/s", faults.term(velocities, scale=[faults.DEGREES]), None),
        ("gyroscope in deg/s", faults.term(turning, scale=[faults.DEGREES]), None),
        ("no normalizer", same, faults.raw_observations(mean, divisor)),
        ("observation columns reversed", same, faults.reordered(columns[::-1])),
        ("other weights", same, faults.other_weights),
        ("control rate 100 Hz", faults.control_rate(100.0, 2), None),
    ]


def _row(bundle: Path) -> str:
    try:
        result = play_suite(load_bundle(bundle), "quick", lambda progress: None)
    except BundleRefused as error:
        return f"– | – | refused: {error}"
    nominal = _share(result, SUCCESS, nominal=True)
    disturbed = _share(result, SURVIVED, nominal=False)
    verdict = "not verified" if problems_of(result, Thresholds()) else "verified"
    return f"{nominal:.0%} | {disturbed:.0%} | {verdict}"


def _share(result: SuiteResult, measure: str, *, nominal: bool) -> float:
    values = [
        value or 0.0
        for one in result.cells
        if (one.cell.group in SUCCESS_GROUPS) == nominal
        for value in one.values[measure]
    ]
    return sum(values) / len(values)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _RECORDED)
