"""A board: pages of charts of one run, or of several runs on shared charts."""

from tui.widgets.board.board import ChartBoard

__all__ = ["ChartBoard"]
