"""A board of charts in pages, over one run or several."""

from tui.widgets.board.board import ChartBoard

__all__ = ["ChartBoard"]
