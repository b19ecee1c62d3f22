"""A live line chart for a terminal, made of braille dots."""

from tui.widgets.chart.widget import Chart

__all__ = ["Chart"]
