"""Starting the export process (`python -m trainer_proc.export.write`) and reading its one-line answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.child_process import child_environment
from trainer_proc.contract.messages import ExportFinished
from trainer_proc.contract.run_folder import RunFolder


class ExportError(UserError):
    """No policy was exported; the message is one line that says why and what to do."""


def export_refusal(library: str) -> str:
    """Return why no policy is exported that `library` has trained; empty for rsl-rl's, "" or "rsl_rl"."""
    return "" if library in ("", "rsl_rl") else f"policies of {library} can't be exported yet, those of rsl_rl can"


class _Answer(msgspec.Struct):
    error: str = ""


def run_export(
    folder: RunFolder,
    checkpoint: Path,
    log: Path | None,
    python: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> ExportFinished:
    """Export `checkpoint` and return what the check found; takes some seconds. Raises `ExportError`.

    The exporter's chatter is appended to `log`; None throws it away. `python` is the command of the interpreter that
    exports, this one's unless given, `variables` the environment that it needs in addition.
    """
    exporter = [*(python or [sys.executable]), "-m", "trainer_proc.export.write"]
    command = [*exporter, str(folder.path), "--checkpoint", str(checkpoint)]
    with open(log or "/dev/null", "ab") as chatter:
        process = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=chatter, text=True, check=False, env=child_environment(variables)
        )
    answer = process.stdout.splitlines()[-1:] or [""]
    try:
        problem = msgspec.json.decode(answer[0], type=_Answer).error
        if not problem:
            return msgspec.json.decode(answer[0], type=ExportFinished)
    except msgspec.DecodeError:
        problem = f"the exporter ended with code {process.returncode} and no answer" + (f"; see {log}" if log else "")
    raise ExportError(problem)
