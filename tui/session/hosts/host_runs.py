"""All that a program follows on hosts: their lists of runs, and the runs that are opened there."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from trainer_proc.contract.run_folder import RunFolder
from tui.session.hosts.host import HostError, all_hosts, find_host
from tui.session.hosts.mirror import Mirror
from tui.session.hosts.mirror_folder import mirror_folder
from tui.session.hosts.watch import HostWatches
from tui.session.runs.run_index import RunOrigin

ANSWER_SECONDS = 30.0
"""Time for a host to answer."""


class HostRuns:
    """Mirrors go on from screen to screen, until `close`."""

    def __init__(self) -> None:
        self._mirrors: dict[Path, Mirror] = {}

    @cached_property
    def watches(self) -> HostWatches:
        """Lists of runs on the hosts of the settings, watched from the first use on. Raises `UsageError`."""
        return HostWatches(all_hosts())

    def mirror_of(self, folder: RunFolder) -> Mirror | None:
        """Return the mirror in this folder; None for a run of this machine."""
        return self._mirrors.get(folder.path)

    def open(self, origin: RunOrigin) -> RunFolder:
        """Follow a run, and return its mirror when it is up to date. Blocks; raises `UserError`."""
        path = mirror_folder(origin.host, origin.path).path
        if path not in self._mirrors:
            self._mirrors[path] = Mirror(find_host(origin.host), origin.path)
        mirror = self._mirrors[path]
        try:
            mirror.wait(ANSWER_SECONDS)
        except HostError:
            del self._mirrors[path]
            mirror.close()
            raise
        return mirror.folder

    def close(self) -> None:
        """End everything; no training notices."""
        if "watches" in vars(self):
            self.watches.close()
        for mirror in self._mirrors.values():
            mirror.close()
