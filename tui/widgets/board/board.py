"""The board of charts: what a person does to it with keys and the mouse."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual import on
from textual.binding import BindingType

from tui.session.board.lines import has_logarithms
from tui.session.board.pages import FOUND, PINNED
from tui.session.board.plans import ChartPlan
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.board.board_view import BoardView
from tui.widgets.board.find_dialog import FindDialog, FindResult
from tui.widgets.board.keys import BOARD_KEYS
from tui.widgets.chart import Chart


class ChartBoard(BoardView):
    """The board with all that keys and the mouse do to it; screens with charts have the keys that call it."""

    BINDINGS: ClassVar[list[BindingType]] = BOARD_KEYS

    # --- finding metrics ---

    def find(self) -> None:
        """Let the person find a metric, and put it where they want it."""
        area = self._area
        chosen = area.chosen[0] if area.chosen is not None else None

        def take(found: FindResult | None) -> None:
            if found is not None:
                self._take_found(found, chosen)

        # at once: letters that are already on their way must find the dialog open
        self.app.push_screen(FindDialog(self._sources, self._content.names, self._layout, chosen), take)

    def pin(self, *metrics: str) -> None:
        """Pin a chart of these metrics and show the page of pinned ones; take it away if there was one."""
        self._take_found(FindResult("pin", metrics, ""), None)

    def look_for(self, metric: str) -> None:
        """Show the charts of what matches a metric's name, the best match first."""
        self._take_found(FindResult("show", (), metric), None)

    def _take_found(self, found: FindResult, chosen: ChartPlan | None) -> None:
        match found.wish:
            case "pin":
                was_pinned = found.metrics in self._layout.pins
                self._change_layout(self._layout.with_pin(found.metrics))
                if not was_pinned:
                    self.go_to_page_of(PINNED)
            case "add" if chosen is not None:
                self._change_layout(self._layout.with_added(chosen.key, found.metrics))
            case "show":
                self._take_content(found=found.pattern)
                self.go_to_page_of(FOUND)

    # --- the view ---

    def zoom(self, direction: int) -> None:
        """Show half as much of the x axis (1), or twice as much (-1)."""
        self._view.zoom(direction)
        self._draw()

    def action_pan(self, direction: int) -> None:
        """Move by a quarter of what is seen."""
        self._view.pan(direction)
        self._draw()

    def action_whole(self) -> None:
        """Show all the data, with the crosshair where it is."""
        self._view.show_all()
        self._draw()

    def action_follow(self) -> None:
        """Follow the newest data."""
        self._view.follow()
        self._draw()

    def reset(self) -> None:
        """Show all the data, without a crosshair."""
        self._view.reset()
        self._draw()

    def action_crosshair(self, direction: int) -> None:
        """Move the crosshair by a cell, or by an iteration where that is more; it begins at the newest data."""
        self._view.step_crosshair(direction, self._plot_cells)
        self._draw()

    def smooth(self, steps: int) -> None:
        """Smooth more, or less if negative."""
        self._view.smooth(steps)
        self._change_layout(msgspec.structs.replace(self._layout, smoothing=self._view.kept.smoothing))

    def next_unit(self) -> None:
        """Let the x axis count something else that the runs have told."""
        unit = self._view.next_unit()
        if unit == self._view.kept.unit:
            self.post_message(self.Problem("steps and times of the iterations aren't known"))
        else:
            self._change_layout(msgspec.structs.replace(self._layout, x=unit))

    def toggle_log(self) -> None:
        """Draw the chosen chart over a logarithmic value axis or not.

        While none is chosen, all charts of the page whose values are all positive.
        """
        meant = [plan.key for plan, chart in self._area.shown if self._is_meant(plan, chart)]
        if not meant:
            self.post_message(self.Problem("no chart of this page has only positive values"))
        is_on = all(key in self._layout.log for key in meant)
        layout = self._layout
        for key in meant:
            if (key in layout.log) == is_on:
                layout = layout.with_log(key)
        self._change_layout(layout)

    def _is_meant(self, plan: ChartPlan, chart: Chart) -> bool:
        if self.chosen_chart is not None:
            return chart is self.chosen_chart
        return plan.key in self._layout.log or has_logarithms(plan, self._sources)

    # --- choosing and arranging charts ---

    def action_step(self, by: int) -> None:
        """Choose a neighbour of the chosen chart."""
        self._area.step(by)
        self._draw()

    def action_maximise(self) -> None:
        """Give the chosen chart all the room, or take it back."""
        self.maximise(not self._area.is_maximised)
        self._draw()

    def action_back(self) -> None:
        """Show all charts again, or take the crosshair away."""
        if self._area.is_maximised:
            self.action_maximise()
        else:
            self._view.drop_crosshair()
            self._draw()

    def action_move_chart(self, by: int) -> None:
        """Move the chosen chart on its page."""
        if chosen := self._area.chosen:
            keys = [plan.key for plan in self.page.plans]
            self._change_layout(self._layout.with_moved(self.page.title, keys, chosen[0].key, by))

    def action_columns(self, by: int) -> None:
        """Put more or fewer charts side by side; beyond the most that have room, as many as suit them."""
        self._change_layout(self._layout.with_columns(self._area.other_columns(by)))

    def action_scroll(self, direction: int) -> None:
        """Scroll by a screenful."""
        self._area.scroll_relative(y=direction * self._area.size.height, animate=False)

    # --- the mouse ---

    @on(Chart.Zoomed)
    def _zoom_at(self, message: Chart.Zoomed) -> None:
        message.stop()
        self._view.zoom_at(message.factor, message.around)
        self._draw()

    @on(Chart.Panned)
    def _pan_by(self, message: Chart.Panned) -> None:
        message.stop()
        self._view.pan_by(message.share)
        self._draw()

    @on(Chart.Hovered)
    def _hover(self, message: Chart.Hovered) -> None:
        message.stop()
        self._view.hovered = message.place
        self._draw()

    @on(Chart.Chosen)
    def _choose(self, message: Chart.Chosen) -> None:
        message.stop()
        self._area.focus()
        self._area.choose_chart(message.chart)
        self._view.keep_crosshair()
        self._draw()

    @on(Chart.Maximised)
    def _maximise(self, message: Chart.Maximised) -> None:
        message.stop()
        self.action_maximise()

    @on(BoardHeader.PageChosen)
    def _open_page(self, message: BoardHeader.PageChosen) -> None:
        message.stop()
        self.go_to(message.page)
