"""Pictures of a stored result, beside its JSON file: all its measures as SVG and PNG."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from trainer_proc.contract.run_folder import write_atomically
from tui.charts.files.figures_svg import figures_svg
from tui.charts.files.png import FontError, png_of
from tui.charts.palette import PALETTES
from tui.session.evaluations.figures import Figure


def write_result_pictures(table: Sequence[Sequence[Figure]], title: str, result: Path) -> str:
    """Write `.svg` and `.png` beside the file `result`; no PNG without a font. Return why they are missing, one line.

    A picture that can't be written ends nothing: the result is stored already. Those of an earlier result are removed.
    """
    svg, png = result.with_suffix(".svg"), result.with_suffix(".png")
    text = figures_svg(table, PALETTES["light"], title)
    try:
        write_atomically(svg, text.encode())
        try:
            write_atomically(png, png_of(text))
        except FontError:
            png.unlink(missing_ok=True)
    except OSError as error:
        for picture in (svg, png):
            with suppress(OSError):
                picture.unlink(missing_ok=True)
        return f"the pictures can't be written: {error}"
    return ""
