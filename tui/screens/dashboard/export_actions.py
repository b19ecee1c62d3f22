"""Export the policy of the run, here or on its host."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from textual import on
from textual.message import Message

from curricula.errors import UserError
from trainer_proc.contract.requests import Export
from tui.app_settings import log_root_of
from tui.screens.dashboard.run_screen import RunScreen
from tui.session.background import BackgroundThread
from tui.session.exporting import export_checkpoint
from tui.session.hosts.export import export_there, place_here
from tui.session.hosts.mirror import Mirror
from tui.session.notifications.news import News
from tui.session.runs.checkpoints import find_checkpoint
from tui.session.status_text import export_result, exporting_text
from tui.terminal.frame_clock import draw_soon


@dataclass
class ExportEnded(Message):
    """An export by this program has ended, with this line for the user."""

    news: News


class ExportActions(RunScreen):
    """Handler of a key in `actions.KEYS`."""

    exporting_since: float | None = None
    """Unix time of the begin of an export by this program, in seconds; None without one, or if the trainer exports."""

    def action_export(self) -> None:
        """Export the current policy, or the newest checkpoint of an ended run; copy a host's policy here."""
        if self.exporting_since is not None:
            self.report(News(exporting_text(time.time() - self.exporting_since)))
        elif self.mirror is not None and self.mirror.problem:
            self.report(News(f"not sent: {self.mirror.problem}", "error"))
        elif self.mirror is not None:
            self._begin("exporting, then copying to this machine…", partial(self._export_on_host, self.mirror))
        elif self.is_live:
            self.send(Export())
        else:
            self._begin("exporting the newest checkpoint…", self._export_checkpoint)

    def _begin(self, text: str, export: Callable[[], str]) -> None:
        """Run `export`, which returns its result in one line, in a thread that does not outlive the program."""
        self.exporting_since = time.time()
        self.report(News(text))
        draw_soon(self, self._draw)

        def fail(problem: str) -> None:
            self.post_message(ExportEnded(News(problem, "error", True)))

        def work() -> None:
            try:
                self.post_message(ExportEnded(News(export(), "information", True)))
            except (UserError, OSError) as error:
                fail(str(error))

        BackgroundThread("exporting", work, fail).start()

    @on(ExportEnded)
    def _take_end(self, message: ExportEnded) -> None:
        self.exporting_since = None
        self.report(message.news)
        draw_soon(self, self._draw)

    def _export_checkpoint(self) -> str:
        return export_result(export_checkpoint(self.folder, find_checkpoint(self.folder, None)))

    def _export_on_host(self, mirror: Mirror) -> str:
        target = place_here(mirror.host, mirror.path, log_root_of(self.app))
        result = export_there(mirror.host, mirror.path, target)
        copied = f"copied to {target} of this machine"
        return copied if self.is_live else f"{result}; {copied}"  # a live run has reported its result
