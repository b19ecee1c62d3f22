"""Hosts: the user's `[hosts]`, and any other destination of OpenSSH."""

from __future__ import annotations

import re
from dataclasses import dataclass

from curricula.errors import UsageError, UserError
from tui.session.settings.config import HostConfig, UserConfig, config_file, read_settings

_DESTINATION = re.compile(r"[^\s\x00-\x1f\x7f-]\S*")
"""Options begin with a dash."""


class HostError(UserError):
    """The host can't be reached, or the program there can't be used; one line that says what to do."""


@dataclass(frozen=True)
class Host:
    """Another machine."""

    name: str
    """As the user and the screens name it."""
    destination: str
    """As `ssh` takes it."""
    command: str = "humanoid-tui"
    """Runs the program there; words of a POSIX shell, as the user wrote them."""
    folder: str = ""
    """Working folder there; empty for the home folder."""


def find_host(name: str) -> Host:
    """Return the host of the settings with this name, else the destination itself. Raises `UsageError`."""
    hosts = _configured()
    return hosts[name] if name in hosts else _host(name, HostConfig())


def all_hosts() -> list[Host]:
    """Return the hosts of the settings, in their order. Raises `UsageError`."""
    return list(_configured().values())


def hosts_of(config: UserConfig) -> dict[str, Host]:
    """Return the hosts of these settings by name. Raises `UsageError`."""
    return {name: _host(name, host) for name, host in config.hosts.items()}


def _configured() -> dict[str, Host]:
    config, problems = read_settings()
    for problem in problems:
        if problem.path.startswith("hosts") or not problem.path:  # a host elsewhere than meant would be worse than none
            raise UsageError(f"{config_file()}: {problem}")
    return hosts_of(config)


def _host(name: str, config: HostConfig) -> Host:
    destination = config.destination or name
    if not _DESTINATION.fullmatch(destination):
        raise UsageError(f"expected a destination of ssh such as user@host, got {destination!r}")
    return Host(name, destination, config.command, config.folder)
