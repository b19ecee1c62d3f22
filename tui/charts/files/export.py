"""Export charts to files: kinds, default names, and protection of existing files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from curricula.errors import UserError
from trainer_proc.contract.run_folder import write_atomically
from tui.charts.description import ChartDescription
from tui.charts.palette import palette_of

FileKind = Literal["svg", "png", "csv"]
FILE_KINDS: tuple[FileKind, ...] = get_args(FileKind)

_VIEWS = Path("exported") / "views"
_LONGEST_NAME = 60


class ChartFileError(UserError):
    """The file cannot be written; the message is one line."""


def kind_of(path: Path) -> FileKind:
    """Return the kind that a file's suffix names. Raises `ChartFileError`."""
    ending = path.suffix.lower().removeprefix(".")
    for kind in FILE_KINDS:
        if ending == kind:
            return kind
    raise ChartFileError(f"expected FILE.svg, FILE.png or FILE.csv, got {path.name or path}")


def content_of(charts: Sequence[ChartDescription], kind: FileKind, theme: str, title: str) -> bytes:
    """Return charts as the content of a file. Raises `ChartFileError`; slow for millions of points."""
    from tui.charts.files.chart_svg import charts_svg
    from tui.charts.files.csv_table import table_of
    from tui.charts.files.png import FontError, png_of

    if kind == "csv":
        return table_of(charts).encode(errors="replace")
    svg = charts_svg(charts, palette_of(theme), title)
    if kind == "svg":
        return svg.encode(errors="replace")
    try:
        return png_of(svg)
    except (FontError, ValueError) as problem:
        raise ChartFileError(str(problem)) from problem


def write_file(path: Path, content: bytes, overwrite: bool) -> Path:
    """Write a file atomically, with its folder, and return its absolute path. Raises `ChartFileError`."""
    target = path.expanduser()
    try:
        if target.is_dir():
            raise ChartFileError(f"expected a file, got the folder {path}")
        if target.exists() and not overwrite:
            raise ChartFileError(f"{path} exists")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ChartFileError(f"cannot write {path}: {reason}") from error
    return target.resolve()


def proposed_file(folder: Path | None, title: str, kind: str) -> Path:
    """Return the default path of an exported view, below a run's folder or here; no such file exists yet."""
    words = re.sub(r"[^\w.+-]+", "-", title.lower()).strip("-.")[:_LONGEST_NAME].rstrip("-.") or "view"
    place = folder / _VIEWS if folder is not None else Path()
    names = (f"{words}{f'-{number}' if number > 1 else ''}.{kind}" for number in range(1, 10_000))
    return next(path for name in names if not (path := place / name).exists())
