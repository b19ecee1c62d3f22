"""Resources: the same readings as the tools', for clients that attach them to a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from curricula.errors import UserError, message_of
from tui.mcp.door import Door
from tui.mcp.threads import json_text
from tui.session.agents.observed import ObservedRun
from tui.session.agents.readings import change_records, knob_records, state_record
from tui.session.runs.run_index import RunNotFound, run_folders, summarize
from tui.session.runs.run_record import run_record
from tui.session.text import plain

SCHEME = "humanoid-tui"
_JSON = "application/json"
_MOST_CHANGES = 200


def add_resources(server: MCPServer[Any], door: Door) -> None:
    """Add the resources to a server."""

    @server.resource(f"{SCHEME}://runs", mime_type=_JSON)
    def runs() -> str:
        """List all runs, newest first."""
        return json_text([run_record(summarize(folder)) for folder in run_folders(door.runs.log_root)])

    @server.resource(f"{SCHEME}://runs/{{run}}", mime_type=_JSON)
    def run_state(run: str) -> str:
        """Read the state of a run."""
        return _reading(door, run, state_record)

    @server.resource(f"{SCHEME}://runs/{{run}}/metrics", mime_type=_JSON)
    def run_metrics(run: str) -> str:
        """Read the newest value of every metric of a run."""
        return _reading(door, run, lambda observed: observed.state.latest)

    @server.resource(f"{SCHEME}://runs/{{run}}/knobs", mime_type=_JSON)
    def run_knobs(run: str) -> str:
        """List all knobs of a run with bounds and effect."""
        return _reading(door, run, knob_records)

    @server.resource(f"{SCHEME}://runs/{{run}}/changes", mime_type=_JSON)
    def run_changes(run: str) -> str:
        """Read the newest changes of a run."""
        return _reading(door, run, lambda observed: change_records(observed, _MOST_CHANGES))


def _reading(door: Door, run: str, reading: Callable[[ObservedRun], Any]) -> str:
    try:
        observed = door.read(run)
    except RunNotFound as error:
        raise ResourceNotFoundError(plain(message_of(error))) from error
    except (UserError, OSError) as error:
        raise ResourceError(plain(message_of(error))) from error
    with observed.lock:
        return json_text(reading(observed))
