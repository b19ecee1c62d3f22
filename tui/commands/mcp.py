"""`mcp`: let an agent read and steer trainings."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import click

from curricula.errors import UserError
from trainer_proc.contract.install import package_command
from tui.commands.shared.output import logs_option, say
from tui.session.settings.config import read_settings


@click.command("mcp")
@click.option("--name", default="", help="Name of the agent in the record; default: what it calls itself.")
@logs_option
def mcp_command(name: str, log_root: Path) -> None:
    """Serve tools for agents by the Model Context Protocol (MCP).

    An agent starts this command and speaks to it over standard input and output:
    claude mcp add humanoid -- humanoid-tui mcp --logs FOLDER. Its changes need your confirmation, in the dashboard or
    by humanoid-tui agents. [agents] in the settings holds the limits.
    """
    if importlib.util.find_spec("mcp") is None:
        raise UserError("the package mcp is missing", hint=package_command("mcp"))
    from tui.mcp.server import make_server

    settings, problems = read_settings()
    if wrong := [problem for problem in problems if not problem.path or problem.path.startswith("agents")]:
        raise UserError(f"the settings can't be read: {wrong[0]}")
    if sys.stdin.isatty():
        say("waiting for an agent on standard input; an agent starts this command itself (Ctrl+C ends it)", err=True)
    make_server(log_root.resolve(), settings.agents, name).run("stdio")
