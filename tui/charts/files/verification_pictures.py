"""Pictures of a verification."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.contract.bundle.card import VERIFICATION
from trainer_proc.contract.bundle.verification import Verification
from tui.charts.files.result_pictures import write_result_pictures
from tui.session.verification.figures import figure_table


def write_pictures(found: Verification, bundle: Path) -> str:
    """Write `verification.svg` and `.png` into the bundle; return as `write_result_pictures` does."""
    verdict = "verified" if found.verified else "not verified"
    title = f"{found.result.run}: {verdict} in MuJoCo ({found.result.level})"
    return write_result_pictures(figure_table(found), title, bundle / VERIFICATION)
