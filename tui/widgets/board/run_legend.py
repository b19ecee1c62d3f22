"""The legend of runs: which sign on the charts belongs to which run."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from tui.charts.legend import CURVE_GLYPHS
from tui.session.text import plain

_GLUE = "\u2800"
"""A blank (braille without dots) that does not wrap: Textual wraps at every Unicode space."""


class RunLegend(Static):
    """Names the runs of a board with the signs of their curves; hidden for a single run."""

    DEFAULT_CSS = """
    RunLegend { height: auto; max-height: 3; padding: 0 1; display: none; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def show(self, names: Sequence[str]) -> None:
        self.display = len(names) > 1
        parts: list[tuple[str, str]] = []
        for place, name in enumerate(names):
            series = place % len(CURVE_GLYPHS)
            parts += [(CURVE_GLYPHS[series], f"$series-{series + 1}"), (f"{_GLUE}{plain(name)}   ", "")]
        self.update(Content.assemble(*parts).rstrip())
