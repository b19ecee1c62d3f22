"""Records the code that a training starts with: commit and uncommitted changes of the repository, versions."""

from __future__ import annotations

import hashlib
import logging
import threading
from pathlib import Path

import msgspec

from trainer_proc.contract.code_state import LARGEST_DIFF, CodeState, code_file, write_code
from trainer_proc.contract.git import DIFF, GitError, ask_git
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.export.provenance import versions


def record_code_soon(folder: RunFolder, project: Path) -> None:
    """Record the repository of the folder `project` in a thread, unless the run has a record.

    A large repository takes git seconds. Nothing waits for it, and its failure is no failure of the training.
    """
    if not code_file(folder).exists():
        threading.Thread(target=_record, args=(folder, project), name="recording the code", daemon=True).start()


def _record(folder: RunFolder, project: Path) -> None:
    try:
        write_code(folder, *code_of(project))
    except Exception:  # a full disk, or a folder that is gone
        logging.getLogger(__name__).warning("the code was not recorded", exc_info=True)


def code_of(project: Path) -> tuple[CodeState, bytes]:
    """Return the state of the repository that `project` lies in, and the differences of tracked files to its commit."""
    state = CodeState(versions=versions())
    try:
        top, commit = _text(ask_git("rev-parse", "--show-toplevel", "HEAD", folder=project)).splitlines()
        state = msgspec.structs.replace(state, repository=top, commit=commit, branch=_branch(project))
        repository = Path(top)
        changed = ask_git(*DIFF, "--name-only", "-z", "HEAD", folder=repository).count(b"\0")
        others = ask_git("ls-files", "--others", "--exclude-standard", "--directory", "-z", folder=repository)
        diff = ask_git(*DIFF, "HEAD", folder=repository, most=LARGEST_DIFF + 1)
    except (GitError, ValueError) as error:
        return msgspec.structs.replace(state, problem=str(error)), b""
    is_cut = len(diff) > LARGEST_DIFF
    if is_cut:
        diff = diff[: diff.rfind(b"\n", 0, LARGEST_DIFF) + 1]
    sha256 = hashlib.sha256(diff).hexdigest() if diff else ""
    untracked = others.count(b"\0")
    return msgspec.structs.replace(state, changed=changed, untracked=untracked, diff_sha256=sha256, is_cut=is_cut), diff


def _branch(project: Path) -> str:
    """Return the branch; empty for a commit without one."""
    branch = _text(ask_git("rev-parse", "--abbrev-ref", "HEAD", folder=project)).strip()
    return "" if branch == "HEAD" else branch


def _text(answer: bytes) -> str:
    return answer.decode(errors="replace")
