"""The user's layout of the dashboard, stored in one file per task in the user's state folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
import platformdirs
import tomli_w

from curricula.errors import UsageError
from curricula.toml_file import TomlFileError, read_toml_as
from trainer_proc.contract.run_folder import write_atomically
from tui.session.metrics.smoothing import MAX_SMOOTHING
from tui.session.metrics.timeline import XUnit

MAX_COLUMNS = 12
_LARGEST = 1024 * 1024
"""Bytes of the file."""
_FORMER_TITLES = {"others": "other", "found": "search"}
"""Titles of pages in files of version 0.1.0."""


class LayoutError(UsageError):
    """A stored layout cannot be read or written; the message is one line."""


class BoardLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Layout of a board and of the knob table beside it; the fields are those of the file.

    A chart is identified by its key, which is its first metric.
    """

    columns: Annotated[int, msgspec.Meta(ge=0, le=MAX_COLUMNS)] = 0
    """Charts side by side; 0 chooses automatically."""
    pins: tuple[tuple[str, ...], ...] = ()
    """Charts of the page `pinned`, each of one or more metrics."""
    order: dict[str, tuple[str, ...]] = {}
    """Keys of the moved charts of a page, by the page's title."""
    added: dict[str, tuple[str, ...]] = {}
    """Metrics added to a chart, by its key."""
    log: tuple[str, ...] = ()
    """Keys of the charts with a logarithmic value axis."""
    linear: tuple[str, ...] = ()
    """Keys of the charts with a linear value axis that have a logarithmic one by default."""
    smoothing: Annotated[float, msgspec.Meta(ge=0.0, le=MAX_SMOOTHING)] = 0.0
    """Weight of the moving average, as TensorBoard's slider; 0 is none."""
    x: XUnit = "iteration"
    """Unit of the x axis."""
    folded: tuple[str, ...] = ()
    """Folded kinds of knobs in the table of all knobs."""
    folded_changed: tuple[str, ...] = ()
    """Folded kinds of knobs in the table of changed knobs."""

    def with_pin(self, metrics: Sequence[str]) -> BoardLayout:
        """Return the layout with the pin of these metrics (at least one) toggled.

        A new pin replaces another one with the same first metric.
        """
        chart = tuple(metrics)
        pins = [pin for pin in self.pins if pin != chart]
        if len(pins) == len(self.pins):
            same = next((place for place, pin in enumerate(pins) if pin[:1] == chart[:1]), len(pins))
            pins[same : same + 1] = [chart]
        return msgspec.structs.replace(self, pins=tuple(pins))

    def with_added(self, key: str, metrics: Sequence[str]) -> BoardLayout:
        """Return the layout with metrics added to the chart `key`; if all were there already, they are removed."""
        had = self.added.get(key, ())
        new = tuple(metric for metric in metrics if metric not in had)
        now = (*had, *new) if new else tuple(metric for metric in had if metric not in metrics)
        added = {name: on_it for name, on_it in {**self.added, key: now}.items() if on_it}
        return msgspec.structs.replace(self, added=added)

    def with_moved(self, page: str, keys: Sequence[str], key: str, by: int) -> BoardLayout:
        """Return the layout with the chart `key` moved `by` places among `keys`, the current order of the page."""
        order = [one for one in keys if one != key]
        order.insert(min(max(list(keys).index(key) + by, 0), len(order)), key)
        return msgspec.structs.replace(self, order={**self.order, page: tuple(order)})

    def is_log(self, key: str, by_default: bool = False) -> bool:
        """Return whether the chart `key` has a logarithmic value axis; `by_default` if the user never toggled it."""
        return key in self.log or (by_default and key not in self.linear)

    def with_log(self, key: str, by_default: bool = False) -> BoardLayout:
        """Return the layout with the logarithmic value axis of the chart `key` toggled."""
        log, linear = (tuple(one for one in keys if one != key) for keys in (self.log, self.linear))
        if self.is_log(key, by_default):
            return msgspec.structs.replace(self, log=log, linear=(*linear, key) if by_default else linear)
        return msgspec.structs.replace(self, log=log if by_default else (*log, key), linear=linear)

    def with_columns(self, columns: int) -> BoardLayout:
        """Return the layout with this number of columns, clipped to 0..12."""
        return msgspec.structs.replace(self, columns=min(max(columns, 0), MAX_COLUMNS))

    def ordered(self, page: str, keys: Sequence[str]) -> list[str]:
        """Return the charts of a page in the user's order; charts that were never moved follow in their own order."""
        moved = [key for key in self.order.get(page, ()) if key in keys]
        return [*moved, *(key for key in keys if key not in moved)]


def layout_file(task: str) -> Path:
    """Return the path of a task's layout; the file need not exist."""
    return platformdirs.user_state_path("humanoid-tui") / "boards" / f"{quote(task, safe='')}.toml"


def read_layout(task: str) -> BoardLayout | None:
    """Return the layout stored for a task; None if there is none. Raises `LayoutError`."""
    path = layout_file(task)
    try:
        return _with_present_titles(read_toml_as(path, BoardLayout, _LARGEST))
    except FileNotFoundError:
        return None
    except TomlFileError as error:
        raise LayoutError(f"the stored layout is ignored: {error}") from error


def write_layout(task: str, layout: BoardLayout) -> None:
    """Store the layout of a task atomically. Raises `LayoutError`."""
    path = layout_file(task)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, tomli_w.dumps(msgspec.to_builtins(layout)).encode())
    except OSError as error:
        raise LayoutError(f"the layout cannot be written to {path}: {error.strerror or error}") from error


def _with_present_titles(layout: BoardLayout) -> BoardLayout:
    """Return the layout with the order of renamed pages under their present titles."""
    renamed = {_FORMER_TITLES[title]: keys for title, keys in layout.order.items() if title in _FORMER_TITLES}
    others = {title: keys for title, keys in layout.order.items() if title not in _FORMER_TITLES}
    return msgspec.structs.replace(layout, order=renamed | others)
