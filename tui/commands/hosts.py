"""`hosts`: list the hosts of the settings with their load and runs."""

from __future__ import annotations

import click

from tui.commands.shared.output import json_option, show_result
from tui.session.hosts.host import all_hosts, find_host
from tui.session.hosts.host_runs import ANSWER_SECONDS
from tui.session.hosts.host_text import host_record, host_text
from tui.session.hosts.watch import HostWatches
from tui.session.settings.config import config_file


@click.command("hosts")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def hosts_command(names: tuple[str, ...], as_json: bool) -> None:
    """List hosts with their GPUs, load and runs: those of the settings, or NAMEs.

    A NAME is one of the settings, or any destination of ssh.
    """
    hosts = [find_host(name) for name in names] if names else all_hosts()
    with HostWatches(hosts) as watches:
        states = watches.wait(ANSWER_SECONDS)
    width = max((len(host.name) for host in hosts), default=0)
    nothing = f"no hosts: name them in [hosts] of {config_file()}"
    text = "\n".join(host_text(state, width) for state in states) or nothing
    show_result(text, [host_record(state) for state in states], as_json)
