"""Start the process that sends an alert. It outlives the training, and no training waits for it."""

from __future__ import annotations

import subprocess
from contextlib import suppress

import msgspec

from trainer_proc.contract.alerts import SENDER, Alert
from trainer_proc.contract.child_process import start_python


class AlertSenders:
    """The processes of one training that send alerts; used by one thread."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def send(self, alert: Alert) -> str:
        """Start a process for an alert; return in one line why it can't be started, empty if it was."""
        self._running = [process for process in self._running if process.poll() is None]
        try:
            process = start_python(
                "-m",
                SENDER,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # a signal to the training is not for it
            )
        except OSError as error:
            return f"no alert can be sent: {error}"
        self._running.append(process)
        assert process.stdin is not None
        with suppress(OSError), process.stdin as pipe:  # far smaller than a pipe's buffer
            pipe.write(msgspec.json.encode(alert))
        return ""
