"""Figures of an evaluation on the screen, as high as they need."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Size

from tui.charts.figures.paint import figures_height, paint_figures
from tui.session.evaluations.figures import Figure
from tui.widgets.cell_picture import CellPicture


class FigureView(CellPicture):
    """Shows figures one below the other; put it into a container that scrolls."""

    DEFAULT_CSS = "FigureView { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._figures: tuple[Figure, ...] = ()

    def show(self, figures: Sequence[Figure]) -> None:
        """Show these figures."""
        if tuple(figures) != self._figures:
            self._figures = tuple(figures)
            self._paint()
            self.refresh(layout=True)

    def on_resize(self, event: events.Resize) -> None:
        """Paint for the new width."""
        self._paint()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return figures_height(self._figures, width)

    def _paint(self) -> None:
        self.show_picture(paint_figures(self._figures, self.size.width, with_glyphs=self.app.no_color))
