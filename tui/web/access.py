"""Access checks of the program in a browser, which can steer and stop trainings.

A request needs three things:

- the secret part of the address, which keeps out other users of the machine;
- a `Host` of this machine, so that no other site can point its own name here (DNS rebinding);
- for the WebSocket that carries keys, the `Origin` of the served page, so that no other page in the browser opens one.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:(?P<name>[A-Za-z0-9._-]{1,253})|\[(?P<address>[0-9A-Fa-f:.]{2,45})\])(?::\d{1,5})?")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`, a name or an IP address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # some other name
        return False


def host_problem(host_header: str, is_remote_allowed: bool) -> str:
    """Return why a request with this `Host` is refused; empty if it is allowed. Any port may come through a tunnel."""
    name = _name(host_header)
    if name is None:
        return "invalid Host header"
    if is_remote_allowed or is_loopback(name):
        return ""
    return "expected a Host of this machine: open the address that humanoid-tui web prints"


def origin_problem(origin: str | None, host_header: str) -> str:
    """Return why a connection from this `Origin` is refused; empty if it is the page that is served here."""
    with suppress(ValueError):  # of an origin that is no address
        if origin is not None and urlsplit(origin).netloc == host_header:
            return ""
    return "expected a connection from the page that is served here"


def _name(host_header: str) -> str | None:
    """Return the name in a `Host`; None if it holds anything else than a name and a port.

    The header is repeated in the page and in its policy, where a space or a semicolon would begin something else.
    """
    found = _HOST.fullmatch(host_header)
    return (found["address"] or found["name"]).lower() if found else None
