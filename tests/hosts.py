"""A host: an OpenSSH server on the loopback address, started as the current user, with keys of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pytest
import tomli_w

from tests.program import PROGRAM
from tests.waiting import wait_for
from tests.warm_python.warm_client import SERVER
from tui.session.settings.config import config_file

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
NEEDS_SSHD = pytest.mark.skipif(SSHD is None or not shutil.which("ssh"), reason="needs OpenSSH's client and server")


class Sshd:
    """A server; `ssh` in `tools` is the real one, with a configuration that knows the server as `loop`."""

    def __init__(self, folder: Path, count: int = 1) -> None:
        """Listen at `count` addresses: for ssh the hosts `loop`, `loop2`, `loop3`… with connections of their own."""
        folder.mkdir(parents=True)
        self.folder, self.tools, self.home = folder, folder / "bin", folder / "home"
        self.runtime = Path(mkdtemp(prefix="hosts-"))
        """Of connections: its path is short enough for sockets."""
        self.tools.mkdir()
        self.home.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        key = (folder / "host_key.pub").read_text()
        addresses = [f"127.0.0.{number}" for number in range(1, count + 1)]
        (folder / "known_hosts").write_text("".join(f"[{address}]:{self.port} {key}" for address in addresses))
        listen = "0.0.0.0\nAllowUsers *@127.0.0.0/8" if count > 1 else "127.0.0.1"  # it takes at most 16 addresses
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress {listen}\nHostKey {folder}/host_key\nPidFile none\nStrictModes no\n"
            f"UsePAM no\nAuthorizedKeysFile {folder}/authorized_keys\nMaxStartups 100\nMaxSessions 100\n"
        )
        names = "".join(
            f"Host loop{number if number > 1 else ''}\n  HostName {address}\n"
            for number, address in enumerate(addresses, 1)
        )
        (folder / "ssh_config").write_text(
            f"{names}Host *\n  Port {self.port}\n  IdentityFile {folder}/user_key\n"
            f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known_hosts\n"
        )
        ssh = self.tools / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
        ssh.chmod(0o755)
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def table(self) -> dict[str, str]:
        """The host in the settings: its program has settings and logs of its own."""
        own = {"XDG_STATE_HOME": self.home / "state", "XDG_CONFIG_HOME": self.home / "config"}
        warm = {name: os.environ[name] for name in ("PYTHONPATH", SERVER) if name in os.environ}  # of `warm_python`
        command = " ".join(["env", *(f"{name}={path}" for name, path in (own | warm).items()), PROGRAM])
        return {"destination": "loop", "command": command, "folder": str(self.home)}

    def use(self, monkeypatch: pytest.MonkeyPatch, **hosts: dict[str, str]) -> None:
        """Make it the host `loop` of the settings, beside other `hosts`, for this process and its children."""
        monkeypatch.setenv("PATH", f"{self.tools}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(self.runtime))
        monkeypatch.setenv("XDG_CACHE_HOME", str(config_file().parents[2] / "cache"))
        config_file().parent.mkdir(parents=True, exist_ok=True)
        config_file().write_text(tomli_w.dumps({"hosts": {"loop": self.table, **hosts}}))

    def start(self) -> None:
        """Start the server, and wait until it listens."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        command = [str(SSHD), "-D", "-e", "-f", self.folder / "sshd_config"]
        with open(self.folder / "sshd.log", "ab") as log:
            self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(self._listens, "the server")

    def cut(self) -> None:
        """End all connections, as a network that breaks; the server still listens."""
        assert self._server is not None
        for process in psutil.Process(self._server.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if process.name().startswith("sshd"):  # trainings go on
                    process.kill()

    def stop(self) -> None:
        """End the server and all connections."""
        assert self._server is not None
        self.cut()
        self._server.kill()
        self._server.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def sshd_of(folder: Path) -> Iterator[Sshd]:
    server = Sshd(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.runtime)
