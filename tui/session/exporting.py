"""Exporting a run's policy: by its living trainer, or from a checkpoint in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec

from trainer_proc.wire.messages import Export, ExportFailed, ExportFinished, Refused
from trainer_proc.wire.run_folder import RunFolder
from tui.session.control import TrainerUnreachable, ask
from tui.session.follow import Follower


class ExportProblem(Exception):
    """No policy was exported; the message is one line."""


def export_live(folder: RunFolder) -> ExportFinished:
    """Have the run's trainer export its current policy and wait for it.

    Raises `ExportProblem` or `TrainerUnreachable`. Takes some seconds; not to be called on an event loop.
    """
    with Follower(folder) as follower:
        seen = [frame.number for frame in follower.poll(0.0)]
        newest = seen[-1] if seen else -1
        reply = ask(folder, Export())
        if isinstance(reply, Refused):
            raise ExportProblem(reply.reason)
        while True:
            frames = follower.poll(1.0)
            for frame in frames:
                if frame.number > newest and isinstance(frame.body, ExportFailed):
                    raise ExportProblem(frame.body.reason)
                if frame.number > newest and isinstance(frame.body, ExportFinished):
                    return frame.body
            if not frames and not follower.is_live:
                raise TrainerUnreachable(f"the trainer of {folder.name} ended before the export; name a --checkpoint")


def export_checkpoint(folder: RunFolder, checkpoint: Path) -> ExportFinished:
    """Export from `checkpoint` without a trainer. Raises `ExportProblem`."""
    command = [sys.executable, "-m", "trainer_proc.export", str(folder.path), "--checkpoint", str(checkpoint)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        result = msgspec.json.decode(process.stdout.splitlines()[-1])
    except (IndexError, msgspec.DecodeError):
        raise ExportProblem(_last_line(process.stderr) or f"the exporter ended with {process.returncode}") from None
    if "error" in result:
        raise ExportProblem(result["error"])
    return msgspec.convert(result, ExportFinished, strict=False)


def find_checkpoint(folder: RunFolder, text: str | None) -> Path:
    """Return the checkpoint that `text` names, an iteration or a path; None is the newest. Raises `ExportProblem`."""
    checkpoints = folder.checkpoints()
    if text is None:
        if not checkpoints:
            raise ExportProblem(f"{folder.name} has no checkpoint yet")
        return checkpoints[-1]
    path = folder.checkpoint(int(text)) if re.fullmatch(r"\d+", text) else Path(text)
    if path.is_file():
        return path
    names = ", ".join(checkpoint.name for checkpoint in checkpoints[-3:]) or "none"
    raise ExportProblem(f"there is no checkpoint {text}; the newest of {folder.name}: {names}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
