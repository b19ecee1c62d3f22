"""Where an exported policy comes from: the commit of the working directory, and versions of packages."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform

from trainer_proc.contract.git import GitError, ask_git

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
    try:
        return ask_git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*").decode().strip()
    except GitError:
        return None
