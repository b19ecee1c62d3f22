"""A run in a folder of logs, and all that is read of it by now."""

from __future__ import annotations

from tui.session.watch.log_folder import look_into
from tui.session.watch.run_reader import RunReader
from tui.session.watch.watched_run import WatchedRun


def only(folder):
    (run,) = look_into(folder).runs
    return run


class Watched:
    """A run, and all that is read of it by now."""

    def __init__(self, folder):
        self._folder = folder
        self._reader = None
        self.run = WatchedRun("run")

    def read(self, most_bytes=1 << 20):
        self._reader = self._reader or RunReader(only(self._folder))
        self._reader.take_files(only(self._folder))
        while portion := self._reader.read_next(most_bytes):
            self.run.take(portion)
        return self.run

    def points(self, metric="reward"):
        return values_of(self.read().metrics[metric].newest)

    def replaced(self, metric="reward"):
        return values_of(self.read().metrics[metric].replaced)

    def seconds(self, metric="reward"):
        """The values by the seconds at which they are drawn."""
        series, timeline = self.read().source.curve(metric, "").over("time")
        return dict(zip(timeline.place(series.xs, "time").tolist(), series.ys.tolist(), strict=True))


def values_of(series):
    return dict(zip(series.xs.tolist(), series.ys.tolist(), strict=True))
