"""Find the bundle that a user names, and verify it in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.bundle.card import CARD
from trainer_proc.contract.bundle.verification import Verification
from trainer_proc.contract.bundle.verify_request import VERIFICATION_WORKER, VerifyRequest
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress
from tui.session.backends.work import do_own_work
from tui.session.runs.run_index import RunNotFound, find_run
from tui.session.verification.reference import make_missing_reference


class BundleNotFound(UserError):
    """There is no bundle; the message is one line that says what to do."""


def find_bundle(text: str, log_root: Path) -> Path:
    """Return the folder of a bundle: one with `policy.json`, that file, or `exported/` of a run.

    Raises `UserError`.
    """
    path = Path(text)
    if path.name == CARD and not path.is_dir() and os.path.lexists(path):
        return path.resolve().parent
    if has_card(path):
        return path.resolve()
    try:
        return bundle_of_run(find_run(text, log_root))
    except RunNotFound as error:
        if path.is_dir():
            raise RunNotFound(f"expected a run or a folder with {CARD}, got {text}") from error
        raise


def has_card(folder: Path) -> bool:
    """Return whether a folder has a `policy.json` of any kind; reading one that is no file says what it is."""
    return os.path.lexists(folder / CARD)


def bundle_of_run(folder: RunFolder) -> Path:
    """Return the folder of a run's exported policy. Raises `UserError`."""
    folder.check_inside(folder.exported)
    if not has_card(folder.exported):
        raise BundleNotFound(f"{folder.name} has no exported policy", hint=f"humanoid-tui export {folder.name}")
    return folder.exported


def verify(
    request: VerifyRequest, report: Callable[[Progress], None], cancelled: Event, *, with_reference: bool = True
) -> Verification:
    """Verify with this program's Python, and store the result in the bundle; takes some seconds to minutes.

    Before, a missing reference of a bundle in its run's folder is made, see `make_missing_reference`. Raises
    `WorkerError`.
    """
    if with_reference:
        problem = make_missing_reference(Path(request.bundle), request.level, report, cancelled)
        request = msgspec.structs.replace(request, reference_problem=problem)
    return do_own_work(VERIFICATION_WORKER, request, report, cancelled)
