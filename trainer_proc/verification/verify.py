"""Verifies one bundle: load its files alone, play the suite, judge it, write `verification.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from curricula.errors import UsageError
from curricula.regular_files import read_file
from trainer_proc.contract.bundle.card import CARD, LARGEST_FILE, ONNX, VERIFICATION
from trainer_proc.contract.bundle.gate import velocity_command_of
from trainer_proc.contract.bundle.verification import (
    SuiteResult,
    Thresholds,
    Verification,
    VerificationError,
    write_json,
)
from trainer_proc.contract.bundle.verify_request import VerifyRequest
from trainer_proc.contract.worker import Progress
from trainer_proc.deploy.bundle import Bundle, load_bundle
from trainer_proc.verification.dead_zones import dead_zones
from trainer_proc.verification.gap import UNKNOWN, gap_problems, gaps_of, read_reference
from trainer_proc.verification.metadata_check import metadata_faults
from trainer_proc.verification.smoothness import smoothness_problems
from trainer_proc.verification.suite import play_suite
from trainer_proc.verification.summary import summarize
from trainer_proc.verification.trace.check import check_trace
from trainer_proc.verification.verdict import problems_of, walking_text


def verify(request: VerifyRequest, report: Callable[[Progress], None]) -> Verification:
    """Return the result, which is also written into the bundle. Raises `UserError`; then nothing is written."""
    check_thresholds(request.thresholds)
    folder = Path(request.bundle)
    report(Progress(0, 0, "loading the bundle"))
    bundle = load_bundle(folder)
    hashes = hashes_of(bundle)
    _check_played(bundle, hashes)
    trace = check_trace(bundle)
    faults = (*metadata_faults(bundle), *trace.faults)
    result = play_suite(bundle, request.level, report, request.threads)
    reference, unknown = read_reference(folder, bundle.card, result)
    gap = gaps_of(result, reference) if reference is not None else ()
    problems = [*problems_of(result, request.thresholds), *gap_problems(gap, request.thresholds)]
    problems += smoothness_problems(result, reference) if reference is not None else []
    verification = Verification(
        verified=not problems and not faults,
        problems=tuple(problems),
        faults=faults,
        notes=(*result.notes, *_notes(bundle, result), *trace.notes, *_gap_notes(request, reference, unknown)),
        thresholds=request.thresholds,
        files=hashes,
        result=result,
        groups=tuple(summarize(result)),
        reference=reference,
        gap=gap,
    )
    _check_unchanged(bundle, hashes)
    write_json(folder / VERIFICATION, verification)
    return verification


def _gap_notes(request: VerifyRequest, reference: SuiteResult | None, unknown: str) -> list[str]:
    """Return why the gap is unknown, and what a reader must know of the reference; one line each."""
    if reference is not None:
        return list(reference.notes)
    return [f"{UNKNOWN}: {request.reference_problem}" if request.reference_problem else unknown]


def check_thresholds(thresholds: Thresholds) -> None:
    """Raise `UsageError` for a share that isn't 0 to 1."""
    for name in ("min_success", "max_gap"):
        if not 0.0 <= getattr(thresholds, name) <= 1.0:
            raise UsageError(f"expected {name} from 0 to 1, got {getattr(thresholds, name):g}")


def hashes_of(bundle: Bundle) -> dict[str, str]:
    """Return the SHA-256 of the files that the verification uses, by name. Raises `VerificationError`."""
    names = [CARD, ONNX, *([bundle.card.robot_model] if bundle.card.robot_model else [])]
    try:
        return {name: hashlib.sha256(read_file(bundle.folder / name, LARGEST_FILE)).hexdigest() for name in names}
    except OSError as error:
        raise VerificationError(f"a file of the bundle can't be read any more: {error}") from error


def _check_played(bundle: Bundle, hashes: dict[str, str]) -> None:
    """Raise `VerificationError` if the files are others than those that were loaded a moment ago."""
    loaded = {ONNX: bundle.card.onnx_sha256, bundle.card.robot_model: bundle.card.robot_model_sha256}
    if replaced := [name for name, expected in loaded.items() if name and hashes[name] != expected]:
        raise _replaced(replaced[0])


def _replaced(name: str) -> VerificationError:
    return VerificationError(f"{name} was replaced during the verification: verify again")


def _check_unchanged(bundle: Bundle, hashes: dict[str, str]) -> None:
    """Raise `VerificationError` if another export has replaced the files meanwhile."""
    now = hashes_of(bundle)
    if changed := [name for name, expected in hashes.items() if now[name] != expected]:
        raise _replaced(changed[0])


def _notes(bundle: Bundle, result: SuiteResult) -> list[str]:
    command = velocity_command_of(bundle.card)
    of_command = [] if command is None else [walking_text(result, command), *dead_zones(result, command)]
    return [
        *(line for line in of_command if line),
        *bundle.card.not_measured,
        *(f"not in the bundle: {line}" for line in bundle.card.not_included),
    ]
