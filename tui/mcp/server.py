"""The server of a session over standard input and output, by the protocol's own SDK."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer

from tui.mcp.changing_tools import ChangingTools
from tui.mcp.door import Door
from tui.mcp.reading_tools import ReadingTools
from tui.mcp.resources import add_resources
from tui.mcp.working_tools import WorkingTools
from tui.session.settings.config import Agents

_INSTRUCTIONS = """\
Steers reinforcement learning trainings of humanoid robots while they run.
Read before you change: get_run, get_metrics, list_knobs (bounds, unit, when a knob takes effect, metric to watch).
Every change needs a reason, which is kept in the run's record with your name, and usually the user's confirmation:
the tool waits for it. A refusal is final; ask the user before you try again. Change one thing at a time, wait for
about 50 iterations, then read get_impact; for a fair comparison start a control with fork_run without=N. Undo what
did not help."""


def make_server(log_root: Path, settings: Agents, name: str = "") -> MCPServer[Any]:
    """Return the server of the runs in `log_root`; `name` replaces the name that the client gives itself."""
    server: MCPServer[Any] = MCPServer(
        "humanoid-tui", instructions=_INSTRUCTIONS, version=version("humanoid-tui"), log_level="ERROR"
    )
    door = Door(log_root, settings, name)
    ReadingTools(door).add_to(server)
    ChangingTools(door).add_to(server)
    WorkingTools(door).add_to(server)
    add_resources(server, door)
    return server
