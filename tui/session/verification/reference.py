"""Make the reference of a bundle that lies in its run's folder: the same episodes in the training simulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec

from curricula.errors import UserError
from curricula.regular_files import read_file
from trainer_proc.contract.bundle.card import CARD, ONNX, REFERENCE
from trainer_proc.contract.bundle.gate import Level
from trainer_proc.contract.bundle.reference_request import REFERENCE_WORKER, ReferenceRequest
from trainer_proc.contract.bundle.verification import VerificationError, read_suite_result
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION, RunFolder
from trainer_proc.contract.worker import Progress
from tui.session.backends.devices import list_devices
from tui.session.backends.work import do_work
from tui.session.evaluations.targets import default_device


class _Origin(msgspec.Struct):
    """The part of a `policy.json` that says where it comes from."""

    run: str = ""
    iteration: int = -1


def make_missing_reference(bundle: Path, level: Level, report: Callable[[Progress], None], cancelled: Event) -> str:
    """Make `reference.json` and `trace.npz` unless the bundle has those of its policy and `level`; takes minutes.

    Return why they couldn't be made, one line. A bundle outside its run's folder is left as it is.
    """
    folder, origin = RunFolder(bundle.parent), _origin(bundle)
    if origin is None or not folder.spec_file.is_file() or origin.run != folder.name:
        return ""
    if _has_reference(bundle, origin, level):
        return ""
    checkpoint = folder.checkpoint(origin.iteration)
    policy = checkpoint if origin.iteration >= 0 and checkpoint.is_file() else bundle / ONNX
    try:
        backend = folder.read_spec().backend
        request = ReferenceRequest(
            run=str(folder.path.resolve()),
            bundle=str(bundle.resolve()),
            policy=str(policy.resolve()),
            level=level,
            device=default_device(folder, list_devices()),
        )
        do_work(REFERENCE_WORKER, request, backend, report, cancelled)
    except UserError as error:
        return str(error)
    return ""


def _origin(bundle: Path) -> _Origin | None:
    try:
        return decode_json(read_file(bundle / CARD, LARGEST_DESCRIPTION), _Origin)
    except (OSError, msgspec.DecodeError):
        return None  # the verification refuses it


def _has_reference(bundle: Path, origin: _Origin, level: Level) -> bool:
    try:
        found = read_suite_result(bundle / REFERENCE)
    except VerificationError:
        return False
    return (found.run, found.iteration, found.level) == (origin.run, origin.iteration, level)
