"""Starting the export process (`python -m trainer_proc.export`) and reading its one-line answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from trainer_proc.wire.messages import ExportFinished
from trainer_proc.wire.run_folder import RunFolder


class ExportProblem(Exception):
    """No policy was exported; the message is one line."""


class _Answer(msgspec.Struct):
    error: str = ""


def run_export(folder: RunFolder, checkpoint: Path, log: Path | None) -> ExportFinished:
    """Export `checkpoint` and return what the check found; takes some seconds. Raises `ExportProblem`.

    The exporter's chatter is appended to `log`; None throws it away.
    """
    command = [sys.executable, "-m", "trainer_proc.export", str(folder.path), "--checkpoint", str(checkpoint)]
    with open(log or "/dev/null", "ab") as chatter:
        process = subprocess.run(command, stdout=subprocess.PIPE, stderr=chatter, text=True, check=False)
    answer = process.stdout.splitlines()[-1:] or [""]
    try:
        problem = msgspec.json.decode(answer[0], type=_Answer).error
        if not problem:
            return msgspec.json.decode(answer[0], type=ExportFinished)
    except msgspec.DecodeError:
        problem = f"the exporter ended with code {process.returncode} and no answer" + (f"; see {log}" if log else "")
    raise ExportProblem(problem)
