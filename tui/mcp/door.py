"""What the tools of a session share: the runs, the settings, and the agent that is connected."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context

from tui.session.agents.changes import AgentChanges
from tui.session.agents.observed import ObservedRun, ObservedRuns
from tui.session.agents.work import AgentWork
from tui.session.settings.config import Agents


class Door:
    """One session of an agent. Its name is that of the client, unless the user has given one."""

    def __init__(self, log_root: Path, settings: Agents, name: str = "") -> None:
        self.runs = ObservedRuns(log_root)
        self.settings = settings
        self._name = name
        self._lock = threading.Lock()
        self._changes: AgentChanges | None = None
        self._work: AgentWork | None = None

    def changes(self, context: Context[Any, Any]) -> AgentChanges:
        """Return what carries out the agent's changes: one object a session, so that its limits hold."""
        with self._lock:
            if self._changes is None:
                self._changes = AgentChanges(self.runs, self.settings, self._name or _client_name(context))
            return self._changes

    def work(self, context: Context[Any, Any]) -> AgentWork:
        """Return what does the agent's work."""
        changes = self.changes(context)
        with self._lock:
            if self._work is None:
                self._work = AgentWork(self.runs, changes)
            return self._work

    def read(self, run: str) -> ObservedRun:
        """Return a run, up to date. Raises `UserError`. Hold its `lock` to read it."""
        observed = self.runs.get(run)
        with observed.lock:
            observed.update()
        return observed


def _client_name(context: Context[Any, Any]) -> str:
    params = context.session.client_params
    return "" if params is None else f"{params.client_info.name} {params.client_info.version}"
