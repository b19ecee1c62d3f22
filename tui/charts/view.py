"""The view of charts, changed by keys and the mouse: range, unit, smoothing, scale and crosshair. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from tui.session.metrics.smoothing import MAX_SMOOTHING
from tui.session.metrics.timeline import XUnit

Range = tuple[float, float]
"""First and last place on an x axis, the last not before the first."""

SMOOTHING_STEPS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, MAX_SMOOTHING)
"""Smoothing weights that a key steps through; each halves the rate of forgetting, roughly."""

_SMALLEST_SPAN: dict[XUnit, float] = {"iteration": 4.0, "steps": 4.0, "time": 1.0}
"""Narrowest range of an x axis."""


@dataclass(frozen=True)
class ChartView:
    """View that all charts of a page share.

    At most one of `range` and `follow` is set; with neither, all data is shown. Methods that move the range take
    `extent`, the range of all data.
    """

    unit: XUnit = "iteration"
    """Unit of the x axis."""
    range: Range | None = None
    """Range of the x axis, in `unit`."""
    follow: float | None = None
    """Width of a window that ends at the newest data, in `unit`."""
    smoothing: float = 0.0
    """Weight of the moving average, as TensorBoard's slider, from 0 (none) to `MAX_SMOOTHING`."""
    log_y: bool = False
    """Whether the value axis is logarithmic."""
    crosshair: float | None = None
    """Place of the crosshair on the x axis."""

    @property
    def shows_all(self) -> bool:
        """Whether the x axis spans all data."""
        return self.range is None and self.follow is None

    def visible(self, extent: Range) -> Range:
        """Return the range of the x axis. A window that follows the data moves by a tenth of its width at a time.

        In between, a curve grows without moving, and only the cells that it grows into are repainted.
        """
        if self.range is not None:
            return self.range
        first, last = extent
        if self.follow is None:
            return first, rounded_end(first, last)
        rounding = _rounding(self.follow)
        end = math.ceil(last / rounding) * rounding
        return end - self.follow, end

    def zoomed(self, factor: float, around: float | None, extent: Range) -> ChartView:
        """Show `factor` times the range (below 1: zoom in) around a place, by default the crosshair or the middle.

        The place keeps its position on the screen. A range that reaches the newest data follows it from then on.
        """
        low, high = self.visible(extent)
        if around is None:
            around = self.crosshair
        if around is None or not low <= around <= high:
            around = extent[1] if self._at_the_tail((low, high), extent) else (low + high) / 2
        smallest = _SMALLEST_SPAN[self.unit]
        span = max(factor * (high - low), smallest)
        share = (around - low) / (high - low) if high > low else 0.5
        start = around - share * span
        return self._showing((start, start + span), extent)

    def panned(self, share: float, extent: Range) -> ChartView:
        """Move by a share of the visible range, to the right if positive, within the data."""
        if self.shows_all:
            return self
        low, high = self.visible(extent)
        whole_low, whole_high = ChartView(self.unit).visible(extent)
        beyond = max(0.0, high - whole_high)  # of a window that follows, whose end is rounded otherwise
        low, high = low - beyond, high - beyond
        moved = share * (high - low)
        moved = min(moved, max(0.0, whole_high - high)) if moved > 0 else max(moved, min(0.0, whole_low - low))
        if moved < 0:
            return replace(self, range=(low + moved, high + moved), follow=None)
        return self._showing((low + moved, high + moved), extent)

    def following(self, extent: Range) -> ChartView:
        """Keep the width and follow the newest data."""
        low, high = self.visible(extent)
        return self if self.shows_all else replace(self, range=None, follow=high - low)

    def reset(self) -> ChartView:
        """Show all data without a crosshair."""
        return replace(self, range=None, follow=None, crosshair=None)

    def smoother(self, steps: int) -> ChartView:
        """Increase smoothing by `steps`, or decrease it if negative."""
        nearest = min(range(len(SMOOTHING_STEPS)), key=lambda step: abs(SMOOTHING_STEPS[step] - self.smoothing))
        return replace(self, smoothing=SMOOTHING_STEPS[max(0, min(len(SMOOTHING_STEPS) - 1, nearest + steps))])

    def in_unit(self, unit: XUnit, convert: Callable[[float], float | None]) -> ChartView:
        """Change the unit of the x axis; `convert` maps a place in the old unit to one in the new unit, if it can.

        A window that follows the data is dropped, as its width has no meaning in another unit.
        """
        ends = [] if self.range is None else [place for end in self.range if (place := convert(end)) is not None]
        range_ = (ends[0], ends[1]) if len(ends) == 2 and ends[1] - ends[0] >= _SMALLEST_SPAN[unit] else None
        crosshair = None if self.crosshair is None else convert(self.crosshair)
        return replace(self, unit=unit, range=range_, follow=None, crosshair=crosshair)

    def with_crosshair(self, place: float | None) -> ChartView:
        """Set the crosshair; None removes it."""
        return replace(self, crosshair=place)

    def _showing(self, range_: Range, extent: Range) -> ChartView:
        whole_low, whole_high = ChartView(self.unit).visible(extent)
        low, high = range_
        if high - low >= whole_high - whole_low:
            return replace(self, range=None, follow=None)
        if low < whole_low:
            low, high = whole_low, whole_low + (high - low)
        if high > whole_high:
            low, high = whole_high - (high - low), whole_high
        if self._at_the_tail((low, high), extent):
            return replace(self, range=None, follow=high - low)
        return replace(self, range=(low, high), follow=None)

    def _at_the_tail(self, range_: Range, extent: Range) -> bool:
        return range_[1] >= extent[1]


def rounded_end(first: float, last: float) -> float:
    """Return the end of an x axis from `first` that includes `last`, at most a tenth further than needed.

    The end moves in steps, not with every iteration; in between, a curve grows without moving.
    """
    span = max(1.0, last - first)
    rounding = _rounding(span)
    return first + math.ceil((last - first) / rounding) * rounding if last > first else first + rounding


def _rounding(span: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is at most a tenth of `span`, at least 1."""
    tenth = max(1.0, span / 10)
    power = 10.0 ** math.floor(math.log10(tenth) + 1e-12)
    return next(mantissa * power for mantissa in (5, 2, 1) if mantissa * power <= tenth * (1 + 1e-12))
