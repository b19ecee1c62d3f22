"""Pictures of a verification, beside its JSON file."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.contract.bundle.card import VERIFICATION
from trainer_proc.contract.bundle.verification import Verification
from trainer_proc.contract.run_folder import write_atomically
from tui.charts.files.figures_svg import figures_svg
from tui.charts.files.png import FontError, png_of
from tui.charts.palette import PALETTES
from tui.session.verification.figures import figure_table


def write_pictures(found: Verification, bundle: Path) -> None:
    """Write `verification.svg` and `.png` into the bundle; no PNG without a font. Raises `OSError`."""
    verdict = "verified" if found.verified else "not verified"
    title = f"{found.result.run}: {verdict} in MuJoCo ({found.result.level})"
    svg = figures_svg(figure_table(found), PALETTES["light"], title)
    file = bundle / VERIFICATION
    write_atomically(file.with_suffix(".svg"), svg.encode())
    try:
        write_atomically(file.with_suffix(".png"), png_of(svg))
    except FontError:
        file.with_suffix(".png").unlink(missing_ok=True)  # of an earlier verification
