"""The board of charts with its actions: keys and the mouse."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual import on
from textual.binding import BindingType

from tui.session.board.lines import has_logarithms, is_log_by_default
from tui.session.board.pages import PINNED, SEARCH
from tui.session.board.plans import ChartPlan
from tui.widgets.board.board_header import BoardHeader
from tui.widgets.board.board_view import BoardView
from tui.widgets.board.find_dialog import FindDialog, FindResult
from tui.widgets.board.keys import BOARD_KEYS
from tui.widgets.chart import Chart


class ChartBoard(BoardView):
    """The board with its actions; screens with charts bind further keys to them."""

    BINDINGS: ClassVar[list[BindingType]] = BOARD_KEYS

    # --- finding metrics ---

    def find(self) -> None:
        """Open the dialog that finds a metric, and apply its result."""
        chosen = self._grid.chosen[0] if self._grid.chosen is not None else None

        def take(found: FindResult | None) -> None:
            if found is not None:
                self._take_found(found, chosen)

        # pushed at once, so that keys already queued reach the dialog
        self.app.push_screen(FindDialog(self._sources, self._content.names, self._layout, chosen), take)

    def pin(self, *metrics: str) -> None:
        """Pin a chart of these metrics and show the page of pinned charts; unpin it if it was pinned."""
        self._take_found(FindResult("pin", metrics, ""), None)

    def look_for(self, metric: str) -> None:
        """Show the page of metrics whose names match, the best match first."""
        self._take_found(FindResult("show", (), metric), None)

    def _take_found(self, found: FindResult, chosen: ChartPlan | None) -> None:
        match found.action:
            case "pin":
                was_pinned = found.metrics in self._layout.pins
                self._change_layout(self._layout.with_pin(found.metrics))
                if not was_pinned:
                    self.go_to_page_of(PINNED)
            case "add" if chosen is not None and chosen.stack:
                self.post_message(self.Problem("a stacked chart takes no other metrics: choose another chart first"))
            case "add" if chosen is not None:
                self._change_layout(self._layout.with_added(chosen.key, found.metrics))
            case "show":
                self._set_content(search=found.pattern)
                self.go_to_page_of(SEARCH)

    # --- the view ---

    def zoom(self, direction: int) -> None:
        """Show half the range of the x axis (1), or twice the range (-1)."""
        self._view.zoom(direction)
        self._draw()

    def action_pan(self, direction: int) -> None:
        """Move the view by a quarter of its width."""
        self._view.pan(direction)
        self._draw()

    def action_whole(self) -> None:
        """Show all data and keep the crosshair."""
        self._view.show_all()
        self._draw()

    def action_follow(self) -> None:
        self._view.follow()
        self._draw()

    def reset(self) -> None:
        """Show all data without a crosshair."""
        self._view.reset()
        self._draw()

    def action_crosshair(self, direction: int) -> None:
        """Move the crosshair by a cell, at least by one iteration; it starts at the newest data."""
        self._view.step_crosshair(direction, self._grid.plot_cells)
        self._draw()

    def crosshair_iteration(self) -> float | None:
        """Return the iteration at the crosshair, None without one."""
        return self._view.crosshair_iteration()

    def smooth(self, steps: int) -> None:
        """Smooth more, or less if negative."""
        self._view.smooth(steps)
        self._change_layout(msgspec.structs.replace(self._layout, smoothing=self._view.base.smoothing))

    def next_unit(self) -> None:
        """Switch the x axis to the next unit that all runs have published."""
        unit = self._view.next_unit()
        if unit == self._view.base.unit:
            self.post_message(self.Problem("no environment steps or times published for these iterations"))
        else:
            self._change_layout(msgspec.structs.replace(self._layout, x=unit))

    def toggle_log(self) -> None:
        """Toggle the logarithmic value axis of the chosen chart.

        Without a chosen one, toggle it for all charts of the page whose values are positive.
        """
        plans = [plan for plan, chart in self._grid.shown if self._takes_log(plan, chart)]
        if not plans:
            self.post_message(self.Problem("log y needs positive values: no chart of this page has only such values"))
        is_on = all(self._is_log(plan) for plan in plans)
        layout = self._layout
        for plan in plans:
            if self._is_log(plan) == is_on:
                layout = layout.with_log(plan.key, is_log_by_default(plan, self._sources))
        self._change_layout(layout)

    def _takes_log(self, plan: ChartPlan, chart: Chart) -> bool:
        if plan.stack:
            return False
        if self.chosen_chart is not None:
            return chart is self.chosen_chart
        return self._is_log(plan) or has_logarithms(plan, self._sources)

    # --- choosing and arranging charts ---

    def action_step(self, by: int) -> None:
        self._grid.step(by)
        self._draw()

    def action_maximise(self) -> None:
        """Let the chosen chart fill the board, or show all charts again."""
        self.maximise(not self._grid.is_maximised)
        self._draw()

    def action_back(self) -> None:
        """Show all charts again, or remove the crosshair."""
        if self._grid.is_maximised:
            self.action_maximise()
        else:
            self._view.drop_crosshair()
            self._draw()

    def action_move_chart(self, by: int) -> None:
        if chosen := self._grid.chosen:
            keys = [plan.key for plan in self.page.plans]
            self._change_layout(self._layout.with_moved(self.page.title, keys, chosen[0].key, by))

    def action_columns(self, by: int) -> None:
        """Show more or fewer columns; beyond the most that fit, choose the number automatically."""
        self._change_layout(self._layout.with_columns(self._grid.other_columns(by)))

    def action_scroll(self, direction: int) -> None:
        """Scroll by a screenful."""
        self._grid.scroll_relative(y=direction * self._grid.size.height, animate=False)

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
        self._grid.focus()
        self._grid.choose_chart(message.chart)
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
