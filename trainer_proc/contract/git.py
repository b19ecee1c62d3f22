"""Asks git, without anything that a repository could make it run, download or wait for."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from pathlib import Path

from curricula.errors import UserError

_SECONDS = 20.0
_LARGEST_ANSWER = 1024 * 1024
_LONGEST_MESSAGE = 200
# a repository's own settings may name programs that git starts to look for changes, or to show them
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color")
"""First arguments of a diff."""


class GitError(UserError):
    """There is no git, no repository, or git has refused."""


def ask_git(*arguments: str, folder: Path | None = None, most: int = _LARGEST_ANSWER) -> bytes:
    """Return at most `most` bytes of what git prints in `folder`, by default the working folder. Raises `GitError`.

    git is ended when it prints more, or after 20 s.
    """
    environment = {name: value for name, value in os.environ.items() if name != "GIT_EXTERNAL_DIFF"} | _ENVIRONMENT
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                ["git", *_SAFE, *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        except OSError as error:
            raise GitError(f"git can't be started: {error.strerror or error}") from error
        timer = threading.Timer(_SECONDS, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            with process.stdout as output:
                answer = output.read(most)
                is_cut = len(answer) == most and bool(output.read(1))
            if is_cut:
                process.kill()
            code = process.wait()
        finally:
            timer.cancel()
        errors.seek(0)
        problem = " ".join(errors.read(_LARGEST_ANSWER).decode(errors="replace").split())[:_LONGEST_MESSAGE]
    if code and not is_cut:
        took_long = f"git took longer than {_SECONDS:g} s" if code < 0 else "git failed"
        raise GitError(problem.removeprefix("fatal: ") or took_long)
    return answer
