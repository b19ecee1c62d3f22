"""OpenSSH: its command lines, quoting, and its failures as one line.

One connection to a host serves everything: the first `ssh` shares it, and it stays for a minute after the last.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from curricula.errors import UsageError
from tui.session.hosts.host import Host, HostError
from tui.session.text import plain

_CONNECT_SECONDS = 10
_OPTIONS = (
    "BatchMode=yes",  # never asks: a question would wait behind the screen
    f"ConnectTimeout={_CONNECT_SECONDS}",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ControlMaster=auto",
    "ControlPersist=60",
    "ForwardAgent=no",
    "ForwardX11=no",
    "LogLevel=ERROR",
)
_FAILED = 255
"""Exit code of `ssh` itself."""
_NOT_FOUND = (126, 127)
"""Exit codes of a shell that can't run a command."""
_LONGEST_FOLDER = 50
"""Bytes: a socket's path may have 107, of which `ssh` takes 41 for a name and 17 for a time."""
_REASONS = (
    (
        "host key verification failed",
        "its key is unknown, or has changed",
        "run ssh {} once in a terminal, and compare the key",
    ),
    ("permission denied", "it refused your key", "make ssh {} work without a password: ssh-copy-id, ssh-add"),
    ("could not resolve", "there is no such host", "check destination of [hosts] and ssh's config file"),
    ("connection refused", "nothing listens there", "start its ssh server, or check the port in ssh's config file"),
    ("timed out", "it does not answer", "check the network, and that it runs"),
)


def ssh_command(host: Host, *options: str, remote: str = "") -> list[str]:
    """Return the arguments of a process that runs `remote`, a line for the shell of `host`."""
    path = control_folder() / "%C"
    settings = [word for option in (*_OPTIONS, f"ControlPath={path}") for word in ("-o", option)]
    return ["ssh", "-T", *settings, *options, "--", host.destination, *([remote] if remote else [])]


def program_line(host: Host, arguments: Sequence[str]) -> str:
    """Return the line for the shell of `host` that runs the program there. All quoting is here.

    Raises `UsageError`.
    """
    if any("\0" in argument for argument in arguments):
        raise UsageError("expected arguments without NUL characters")
    script = f"exec {host.command} {shlex.join(arguments)}"
    if host.folder:
        script = f"cd -- {_quoted_folder(host.folder)} && {script}"
    return f"exec sh -c {shlex.quote(script)}"


def connect(host: Host) -> None:
    """Make sure that a connection to `host` can be used. Blocks; raises `HostError`."""
    try:
        done = subprocess.run(
            ssh_command(host, "-o", "ClearAllForwardings=yes", remote="true"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=3 * _CONNECT_SECONDS,
        )
    except FileNotFoundError:
        raise HostError("there is no ssh on this machine", hint="install OpenSSH's client") from None
    except subprocess.TimeoutExpired:
        raise failure(host, "timed out") from None
    if done.returncode == _FAILED:
        raise failure(host, done.stderr.decode(errors="replace"))


def run_there(host: Host, arguments: Sequence[str], *, keeps_input: bool = False) -> subprocess.Popen[bytes]:
    """Start the program on `host`, with pipes for its output and, with `keeps_input`, its input; see `connect`."""
    return subprocess.Popen(
        ssh_command(host, "-o", "ClearAllForwardings=yes", remote=program_line(host, arguments)),
        stdin=subprocess.PIPE if keeps_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def forward(host: Host, sockets: Mapping[str, str]) -> None:
    """Let each Unix socket here, whose folder is private, lead to one on `host`. Raises `HostError`.

    It lasts as long as the shared connection, and its file.
    """
    options = [word for here, there in sockets.items() for word in ("-L", f"{here}:{there}")]
    try:
        done = subprocess.run(
            ssh_command(host, "-O", "forward", *options),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CONNECT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise failure(host, "timed out") from None
    if done.returncode:
        raise HostError(
            f"{host.name}: its sockets can't be forwarded ({_last_line(done.stderr.decode(errors='replace'))})",
            hint="AllowStreamLocalForwarding there must be yes",
        )


def check_exit(host: Host, code: int, said: str = "") -> None:
    """Raise `HostError` if this exit code of `run_there` means that the program there did not run to its end."""
    if code == _FAILED:
        raise failure(host, said or "the connection was lost")
    if code in _NOT_FOUND:
        raise HostError(
            f"{host.name}: expected the program as {host.command!r}, got {_last_line(said) or 'no such command'}",
            hint=f"set command in [hosts.{host.name}], such as the path of humanoid-tui",
        )


def failure(host: Host, said: str) -> HostError:
    """Return what `ssh` reported as an error with one line."""
    for words, reason, advice in _REASONS:
        if words in said.lower():
            return HostError(f"{host.name}: {reason}", hint=advice.format(host.destination))
    return HostError(f"{host.name}: {_last_line(said) or 'the connection failed'}")


def control_folder() -> Path:
    """Return the private folder of shared connections. Raises `HostError`."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    path = Path(runtime, "humanoid-tui") if runtime else Path(tempfile.gettempdir(), f"humanoid-tui-ssh-{os.geteuid()}")
    if len(os.fsencode(path)) > _LONGEST_FOLDER:
        path = Path("/tmp", f"humanoid-tui-ssh-{os.geteuid()}")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise HostError(f"expected {path} to be a folder of yours with mode 0700", hint="remove it")
    return path


def _quoted_folder(folder: str) -> str:
    """Quote a folder; `~` stays the home folder."""
    if folder == "~" or folder.startswith("~/"):
        return '"$HOME"' + shlex.quote(folder[1:]) if folder[1:] else '"$HOME"'
    return shlex.quote(folder)


def _last_line(text: str) -> str:
    return plain(next((line.strip() for line in reversed(text.splitlines()) if line.strip()), ""))[:200]
