"""Starts the export process (`python -m trainer_proc.export.write`) and reads its one-line answer."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.checkpoint_use import in_use
from trainer_proc.contract.child_process import child_environment, start_python
from trainer_proc.contract.products import ExportFinished
from trainer_proc.contract.run_folder import RunFolder


class ExportError(UserError):
    """No policy was exported; the message is one line that says why and what to do."""


class _Answer(msgspec.Struct):
    error: str = ""


def run_export(
    folder: RunFolder,
    checkpoint: Path,
    log: Path | None,
    python: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> ExportFinished:
    """Export `checkpoint` and return the result of the check; takes some seconds. Raises `ExportError`.

    The exporter's other output is appended to `log`, or dropped if None. `python` is the command of the exporting
    interpreter, by default this one; `variables` are added to its environment.
    """
    exporter = ("-m", "trainer_proc.export.write", str(folder.path), "--checkpoint", str(checkpoint))
    environment = child_environment(variables)
    with in_use(checkpoint), open(log or "/dev/null", "ab") as other_output:
        process = start_python(
            *exporter, python=python, environment=environment, stdout=subprocess.PIPE, stderr=other_output
        )
        output, _ = process.communicate()
    answer = output.splitlines()[-1:] or [b""]
    try:
        problem = msgspec.json.decode(answer[0], type=_Answer).error
        if not problem:
            return msgspec.json.decode(answer[0], type=ExportFinished)
    except msgspec.DecodeError:
        problem = f"the exporter ended with code {process.returncode} and no answer" + (f"; see {log}" if log else "")
    raise ExportError(problem)
