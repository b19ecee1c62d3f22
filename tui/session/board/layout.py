"""How a person has arranged the dashboard of a task: kept in a file for each task in their state folder."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
import platformdirs
import tomli_w

from curricula.errors import UsageError
from trainer_proc.contract.run_folder import write_atomically
from tui.session.metrics.timeline import XUnit

MAX_COLUMNS = 12
MAX_SMOOTHING = 0.999


class LayoutError(UsageError):
    """A kept layout can't be read or written; the message is one line."""


class BoardLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is kept of a board and of the knobs beside it; the fields are those of the file.

    `columns` is how many charts stand side by side, 0 as many as suit the room. `pins` are the charts of the page of
    pinned ones, each of one or more metrics. The others name charts by their first metric: `order` is that of the
    charts of a page whose charts were moved, by the page's title, `added` are the metrics that were put on a chart
    beside its own, and `log` the charts with a logarithmic value axis. `smoothing` is the weight of the past, 0 (none)
    to 0.999, as TensorBoard's slider. `folded` are the kinds of knobs of which the table shows the heading only,
    `folded_changed` those of the view of changed knobs.
    """

    columns: Annotated[int, msgspec.Meta(ge=0, le=MAX_COLUMNS)] = 0
    pins: tuple[tuple[str, ...], ...] = ()
    order: dict[str, tuple[str, ...]] = {}
    added: dict[str, tuple[str, ...]] = {}
    log: tuple[str, ...] = ()
    smoothing: Annotated[float, msgspec.Meta(ge=0.0, le=MAX_SMOOTHING)] = 0.0
    x: XUnit = "iteration"
    folded: tuple[str, ...] = ()
    folded_changed: tuple[str, ...] = ()

    def with_pin(self, metrics: Sequence[str]) -> BoardLayout:
        """Return the layout with a pinned chart of these metrics (at least one), or without it if there was one.

        It takes the place of another one with the same first metric.
        """
        chart = tuple(metrics)
        pins = [pin for pin in self.pins if pin != chart]
        if len(pins) == len(self.pins):
            same = next((place for place, pin in enumerate(pins) if pin[:1] == chart[:1]), len(pins))
            pins[same : same + 1] = [chart]
        return msgspec.structs.replace(self, pins=tuple(pins))

    def with_added(self, key: str, metrics: Sequence[str]) -> BoardLayout:
        """Return the layout with metrics put on the chart `key`; those that were, if all were, are taken off it."""
        had = self.added.get(key, ())
        new = tuple(metric for metric in metrics if metric not in had)
        now = (*had, *new) if new else tuple(metric for metric in had if metric not in metrics)
        added = {name: on_it for name, on_it in {**self.added, key: now}.items() if on_it}
        return msgspec.structs.replace(self, added=added)

    def with_moved(self, page: str, keys: Sequence[str], key: str, by: int) -> BoardLayout:
        """Return the layout with the chart `key` moved by so many places among `keys`, the charts of a page now."""
        order = [one for one in keys if one != key]
        order.insert(min(max(list(keys).index(key) + by, 0), len(order)), key)
        return msgspec.structs.replace(self, order={**self.order, page: tuple(order)})

    def with_log(self, key: str) -> BoardLayout:
        """Return the layout with a logarithmic value axis on the chart `key`, or without it if it had one."""
        others = tuple(one for one in self.log if one != key)
        return msgspec.structs.replace(self, log=others if key in self.log else (*others, key))

    def with_columns(self, columns: int) -> BoardLayout:
        """Return the layout with so many charts side by side, within 0 to 12."""
        return msgspec.structs.replace(self, columns=min(max(columns, 0), MAX_COLUMNS))

    def ordered(self, page: str, keys: Sequence[str]) -> list[str]:
        """Return the charts of a page in the person's order; those that were never moved keep their places behind."""
        moved = [key for key in self.order.get(page, ()) if key in keys]
        return [*moved, *(key for key in keys if key not in moved)]


def layout_file(task: str) -> Path:
    """Return where the layout of a task's boards lies; the file need not exist."""
    return platformdirs.user_state_path("humanoid-tui") / "boards" / f"{quote(task, safe='')}.toml"


def read_layout(task: str) -> BoardLayout | None:
    """Return the layout kept for a task, None if there is none. Raises `LayoutError`."""
    path = layout_file(task)
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), BoardLayout)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise LayoutError(f"the layout in {path} is ignored: {' '.join(str(error).split())}") from error


def write_layout(task: str, layout: BoardLayout) -> None:
    """Keep the layout of a task; the file is whole at any time. Raises `LayoutError`."""
    path = layout_file(task)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, tomli_w.dumps(msgspec.to_builtins(layout)).encode())
    except OSError as error:
        raise LayoutError(f"the layout can't be kept in {path}: {error.strerror or error}") from error
