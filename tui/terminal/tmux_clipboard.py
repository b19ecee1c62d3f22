"""Copying inside tmux, which takes no copies from programs unless it is told to (`set-clipboard on`)."""

from __future__ import annotations

import os
import shutil
import subprocess

MAX_BYTES = 74_994
"""What many terminals take of a copy, as base64 (xterm's limit, 100,000 bytes, less what goes around it)."""

_PATIENCE_SECONDS = 2.0


def is_in_tmux() -> bool:
    """Tell whether the program runs inside tmux."""
    return bool(os.environ.get("TMUX"))


def copy_in_tmux(text: str) -> bool:
    """Give tmux a text, for its paste key and for the terminal around it; tell whether it took it (tmux 3.2 does).

    Starts a process: not to be called on an event loop.
    """
    command = shutil.which("tmux")
    if command is None:
        return False
    try:
        done = subprocess.run(
            [command, "load-buffer", "-w", "-"],
            input=text.encode(errors="replace"),
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
