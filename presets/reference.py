"""Reference curves of a preset: what a training of it normally looks like, thinned, from recorded runs.

`references/<preset>.json` beside the preset's file; `humanoid-tui reference` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec

from curricula.errors import UsageError, message_of
from presets.find import preset_path

FOLDER = "references"
_Numbers = Annotated[tuple[float, ...], msgspec.Meta(min_length=2)]


class ReferenceFileError(UsageError):
    """The file can't be read, or its content is wrong."""


class ReferenceCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A metric at each of the reference's iterations: median, and the band around it."""

    low: _Numbers
    median: _Numbers
    high: _Numbers


class PresetReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Thinned curves of one or several runs of a preset."""

    task: str
    device: str
    """As the charts name it, such as `H200`."""
    num_envs: int
    runs: Annotated[int, msgspec.Meta(ge=1)]
    """Number of recorded runs."""
    note: str = ""
    """What the curves hold and what was left out, one line."""
    iterations: Annotated[tuple[int, ...], msgspec.Meta(min_length=2)]
    """Iterations of the values below, rising."""
    seconds: _Numbers
    """Training time (s) until each of `iterations`."""
    curves: dict[str, ReferenceCurve]
    """By metric."""


def read_reference(path: Path) -> PresetReference:
    """Return the reference in a file. Raises `ReferenceFileError`."""
    try:
        reference = msgspec.json.decode(path.read_bytes(), type=PresetReference)
    except (OSError, msgspec.MsgspecError) as error:
        raise ReferenceFileError(f"reference {path} can't be read: {message_of(error)}") from error
    if problem := next(_problems(reference), ""):
        raise ReferenceFileError(f"reference {path}: {problem}")
    return reference


def reference_of(preset: str) -> PresetReference | None:
    """Return the reference of the preset called `preset`; None without one. Raises `ReferenceFileError`."""
    path = preset_path(preset)
    file = None if path is None else path.parent / FOLDER / f"{path.stem}.json"
    return read_reference(file) if file is not None and file.is_file() else None


def _problems(reference: PresetReference) -> Iterator[str]:
    count = len(reference.iterations)
    columns = {"seconds": reference.seconds}
    for metric, curve in reference.curves.items():
        columns |= {f"{metric}: {name}": getattr(curve, name) for name in ("low", "median", "high")}
    for name, values in columns.items():
        if len(values) != count:
            yield f"{name}: expected {count} numbers, as many as iterations, got {len(values)}"
    for name, rising in (("iterations", reference.iterations), ("seconds", reference.seconds)):
        if any(later <= earlier for earlier, later in pairwise(rising)):
            yield f"{name}: expected rising numbers"
    for metric, curve in reference.curves.items():
        rows = zip(curve.low, curve.median, curve.high, strict=False)
        if any(not low <= median <= high for low, median, high in rows):
            yield f"{metric}: expected low ≤ median ≤ high"
