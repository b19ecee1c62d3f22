"""Copy text inside tmux.

Replaces `App.copy_to_clipboard` of Textual 8.2.8 there. It writes one OSC 52 sequence, which tmux discards unless its
option `set-clipboard` is `on`. Textual documents only that some terminals ignore the sequence
(https://github.com/Textualize/textual/issues/5839).
"""

from __future__ import annotations

import os
import shutil
import subprocess

MAX_BYTES = 74_994
"""Longest text that many terminals accept through OSC 52: xterm's limit is 100,000 bytes of base64 and framing."""

_TMUX_TIMEOUT_SECONDS = 2.0


def is_in_tmux() -> bool:
    return bool(os.environ.get("TMUX"))


def copy_in_tmux(text: str) -> bool:
    """Load `text` into tmux's buffer and the outer terminal's clipboard; return whether tmux accepted it.

    Needs tmux 3.2 or later. Starts a process and blocks: do not call it on an event loop.
    """
    command = shutil.which("tmux")
    if command is None:
        return False
    try:
        done = subprocess.run(
            [command, "load-buffer", "-w", "-"],
            input=text.encode(errors="replace"),
            capture_output=True,
            timeout=_TMUX_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
