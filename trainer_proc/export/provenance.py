"""Where an exported policy comes from: the commit of the working directory, and versions of packages."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import subprocess

RECORDED_VERSIONS = (
    *("humanoid-tui", "torch", "rsl-rl-lib", "rl-games", "skrl", "mjlab", "isaaclab"),
    *("onnx", "onnxruntime", "onnxscript"),
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages in `RECORDED_VERSIONS`."""
    found = {"python": platform.python_version()}
    for name in RECORDED_VERSIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def git_commit() -> str | None:
    """Return the working directory's commit, with `-dirty` if tracked files differ; None without one."""
    # a repository's own settings may name a program that git starts to look for changes
    command = ["git", "-c", "core.fsmonitor=false", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
