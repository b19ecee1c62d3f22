"""`humanoid-tui serve` in a process of its own, and a client of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.program import PROGRAM
from tests.waiting import PATIENCE_SECONDS

CURL = shutil.which("curl")
with_curl = pytest.mark.skipif(CURL is None, reason="no curl is installed")


class ServedDoor:
    """The server, with its address, token and log folder; `client` knows the token."""

    def __init__(self, cwd: Path, *arguments: str) -> None:
        folders = {"XDG_CONFIG_HOME": str(cwd / "config"), "XDG_STATE_HOME": str(cwd / "state")}
        self.logs = cwd / "logs"
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0", "--logs", str(self.logs), *arguments],
            cwd=cwd,
            env=os.environ | folders,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip().removesuffix("/docs")
        self.token_file = Path(self.process.stdout.readline().strip().removeprefix("The token is in ").rstrip("."))
        self.process.stdout.readline()
        self.token = self.token_file.read_text().strip()
        self.authorization = {"Authorization": f"Bearer {self.token}"}
        self.client = httpx.Client(base_url=self.address, headers=self.authorization, timeout=PATIENCE_SECONDS)

    def job(self, job_id: str) -> dict[str, object]:
        return self.client.get(f"/reinforcement-learning/{job_id}").raise_for_status().json()

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal; return the exit code."""
        self.client.close()
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.interrupt()
