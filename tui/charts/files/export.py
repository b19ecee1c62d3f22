"""Writing what is seen into files: which kinds there are, how files are called, and what isn't overwritten."""

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
    """The file can't be written; the message is one line."""


def kind_of(path: Path) -> FileKind:
    """Return what a file's name asks for. Raises `ChartFileError`."""
    ending = path.suffix.lower().removeprefix(".")
    for kind in FILE_KINDS:
        if ending == kind:
            return kind
    raise ChartFileError(f"{path.name or path}: a chart is written as .svg, .png or .csv")


def content_of(charts: Sequence[ChartDescription], kind: FileKind, theme: str, title: str) -> bytes:
    """Return charts as the content of a file. Raises `ChartFileError`; takes its time for millions of points."""
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
    """Write a file, whole or not at all, and its folder if need be; return where it lies. Raises `ChartFileError`."""
    target = path.expanduser()
    try:
        if target.is_dir():
            raise ChartFileError(f"{path} is a folder: name a file in it")
        if target.exists() and not overwrite:
            raise ChartFileError(f"{path} exists")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ChartFileError(f"{path} can't be written: {reason}") from error
    return target.resolve()


def proposed_file(folder: Path | None, title: str, kind: str) -> Path:
    """Return where a view would be put, below a run's folder or here; no file has this name yet."""
    words = re.sub(r"[^\w.+-]+", "-", title.lower()).strip("-.")[:_LONGEST_NAME].rstrip("-.") or "view"
    place = folder / _VIEWS if folder is not None else Path()
    names = (f"{words}{f'-{number}' if number > 1 else ''}.{kind}" for number in range(1, 10_000))
    return next(path for name in names if not (path := place / name).exists())
