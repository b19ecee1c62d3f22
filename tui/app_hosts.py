"""The hosts of the app: followed from screen to screen, until the program ends."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import App

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder
from tui.app_settings import settings_of
from tui.navigation import OpenHostRun, OpenRun
from tui.session.text import plain

if TYPE_CHECKING:  # not for the first paint
    from tui.session.hosts.host_runs import HostRuns
    from tui.session.hosts.mirror import Mirror
    from tui.session.hosts.watch import HostWatches
    from tui.session.runs.run_index import RunOrigin


class HostApp(App[None]):
    """An app that lists and opens runs on hosts. The base of the program."""

    @cached_property
    def hosts(self) -> HostRuns:
        """What this program follows on hosts."""
        from tui.session.hosts.host_runs import HostRuns

        return HostRuns()

    def watched_hosts(self) -> HostWatches | None:
        """Return the lists of runs on the hosts of the settings; None without hosts."""
        if not settings_of(self).hosts:
            return None
        try:
            return self.hosts.watches
        except UserError as problem:
            self.notify(plain(str(problem)), severity="warning", markup=False)
            return None

    def mirror_of(self, folder: RunFolder) -> Mirror | None:
        """Return the mirror that this program keeps in `folder`; None for a run of this machine."""
        return self.hosts.mirror_of(folder) if "hosts" in vars(self) else None

    def leave_hosts(self) -> None:
        """End all connections; no training notices."""
        if "hosts" in vars(self):
            self.hosts.close()

    @on(OpenHostRun)
    def _connect(self, message: OpenHostRun) -> None:
        self.notify(plain(f"connecting to {message.origin.host}…"), markup=False)
        self._open_on_host(message.origin)

    @work(thread=True, exclusive=True, group="hosts")
    def _open_on_host(self, origin: RunOrigin) -> None:
        try:
            folder = self.hosts.open(origin)
        except UserError as problem:
            self.call_from_thread(self.notify, plain(str(problem)), severity="error", markup=False)
        else:
            self.post_message(OpenRun(folder))
