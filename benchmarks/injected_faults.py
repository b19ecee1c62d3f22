"""Which faults of an exporter does a robot's behaviour show? Each is injected into a good bundle and verified.

    uv run python -m benchmarks.injected_faults [BUNDLE]

Prints a row a fault for docs/verification.md. The golden trace is not used: it names faults, this shows their effect.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.verification import faults
from trainer_proc.contract.bundle.gate import SUCCESS_GROUPS
from trainer_proc.contract.bundle.verification import SUCCESS, SURVIVED, SuiteResult, Thresholds
from trainer_proc.deploy.bundle import load_bundle
from trainer_proc.deploy.errors import BundleRefused
from trainer_proc.verification.suite import play_suite
from trainer_proc.verification.verdict import problems_of

_RECORDED = Path("tests/recordings/bundles/g1-walk")


def main(bundle: Path) -> None:
    print("| fault | success | no fall when disturbed | verdict |\n| --- | --- | --- | --- |")
    print(f"| none | {_row(bundle)} |", flush=True)
    for name, changes in faults.faults_of_a_walk(bundle).items():
        with TemporaryDirectory() as folder:
            faults.broken(bundle, Path(folder), *changes)
            print(f"| {name} | {_row(Path(folder))} |", flush=True)


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
