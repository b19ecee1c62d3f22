"""Who may reach the program in a browser: whoever does can steer and stop trainings.

Three things are asked of a request: the address's secret part, so that other users of the machine stay out; a `Host`
that is this machine, so that a page elsewhere can't point its own name here (DNS rebinding); and, for the connection
that carries keys, an `Origin` that is the page itself, so that no other page in the same browser opens one.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`, a name or an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # some other name
        return False


def host_problem(host_header: str, is_remote_allowed: bool) -> str:
    """Return why a request with this `Host` is refused, empty if it is not; any port may come through a tunnel."""
    name = _name(host_header)
    if name is None:
        return "the request's Host can't be read"
    if is_remote_allowed or is_loopback(name):
        return ""
    return "the request's Host is not this machine: open the address that humanoid-tui web has printed"


def origin_problem(origin: str | None, host_header: str) -> str:
    """Return why a connection from a page of this `Origin` is refused, empty if it is the page that is served here."""
    if origin is not None and urlsplit(origin).netloc == host_header:
        return ""
    return "the connection comes from another page"


def _name(host_header: str) -> str | None:
    try:
        return urlsplit(f"//{host_header}").hostname
    except ValueError:
        return None
