"""Code that runs were started with, and the difference between the commits of two of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from curricula.errors import UserError
from curricula.regular_files import read_file
from trainer_proc.contract.code_state import LARGEST_DIFF, CodeState, read_code, read_diff
from trainer_proc.contract.git import DIFF, GitError, ask_git
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.labels import labels_or_problem

_MOST_FILES = 8
_GIT_DIFF = "--- git diff ---\n"
_GIT_COMMIT = "--- git commit ---\n"


@dataclass(frozen=True)
class RunCode:
    """Code of a run. Without `state`, `by_library` is what its training library has recorded: name, commit, diff."""

    name: str
    state: CodeState | None = None
    diff: str = ""
    problem: str = ""
    """Why the record can't be read."""
    by_library: tuple[tuple[str, str, str], ...] = ()

    @property
    def commit(self) -> str:
        """Full hash of the commit; empty if it is not known."""
        return "" if self.state is None else self.state.commit


def read_run_code(folder: RunFolder) -> RunCode:
    """Return the code of a run, as far as it is recorded."""
    name = labels_or_problem(folder)[0].title or folder.name
    try:
        state = read_code(folder)
        if state is None:
            return RunCode(name, by_library=tuple(_by_library(folder)))
        return RunCode(name, state, read_diff(folder))
    except UserError as error:
        return RunCode(name, problem=str(error))


def _by_library(folder: RunFolder) -> Iterator[tuple[str, str, str]]:
    """Yield what rsl-rl records (`git/NAME.diff`): commit, status and diff of the repositories that it knows."""
    for file in sorted((folder.path / "git").glob("*.diff"))[:_MOST_FILES]:
        with suppress(OSError):
            text = read_file(file, LARGEST_DIFF).decode(errors="replace")
            head, _, diff = text.partition(_GIT_DIFF)
            commit = head.removeprefix(_GIT_COMMIT).split("\n", 1)[0] if head.startswith(_GIT_COMMIT) else ""
            yield file.stem, commit, diff


@dataclass(frozen=True)
class CommitDifference:
    """What leads from one commit to another."""

    diff: str = ""
    is_cut: bool = False
    """Whether it is longer than `LARGEST_DIFF`."""
    only_first: int = 0
    """Commits that only the first one has in its history."""
    only_second: int = 0
    problem: str = ""
    """Why there is no diff."""


def commit_difference(first: str, second: str) -> CommitDifference:
    """Return the difference of two full hashes, in the repository of the working folder.

    That of the run's record may be a stranger's, whose settings git would follow.
    """
    try:
        counts = ask_git("rev-list", "--left-right", "--count", f"{first}...{second}", "--").split()
        diff = ask_git(*DIFF, first, second, "--", most=LARGEST_DIFF + 1)
    except GitError as error:
        return CommitDifference(problem=str(error))
    return CommitDifference(
        diff[:LARGEST_DIFF].decode(errors="replace"), len(diff) > LARGEST_DIFF, int(counts[0]), int(counts[1])
    )
