"""Code of one run, or of two, as lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal, TypeAlias

from trainer_proc.contract.code_state import LARGEST_DIFF, CodeState
from tui.session.runs.code_changes import CommitDifference, RunCode, commit_difference
from tui.session.runs.names import distinct_names
from tui.session.text import plain, shortened

LineKind: TypeAlias = Literal["title", "file", "hunk", "added", "removed", "note", "text"]
_MOST_LINES, _LONGEST_LINE = 20_000, 1000
_SHORT = 12
_IN_HEADER = ("index ", "--- ", "+++ ")
"""Lines of a file's header that repeat its name."""


@dataclass(frozen=True)
class CodeLine:
    """One line, drawable. Lines of kind `file` begin the differences of a file."""

    kind: LineKind
    text: str


def code_lines(runs: Sequence[RunCode]) -> list[CodeLine]:
    """Return the code of one run, or what two runs differ in. Asks git for the latter, which may take seconds."""
    found = list(islice(_one(runs[0]) if len(runs) == 1 else _two(runs[0], runs[1]), _MOST_LINES + 1))
    if len(found) > _MOST_LINES:
        found[-1] = CodeLine("note", f"only the first {_MOST_LINES:,} lines are shown")
    return [CodeLine(line.kind, plain(shortened(line.text.expandtabs(4), _LONGEST_LINE))) for line in found]


def commit_text(state: CodeState) -> str:
    """Return commit, branch and the numbers of changed and untracked files."""
    parts = [f"commit {state.commit[:_SHORT]}" + (f" on {state.branch}" if state.branch else "")]
    parts.append(f"{_files(state.changed)} changed" if state.changed else "no tracked file changed")
    parts += [f"{state.untracked} untracked not recorded"] * bool(state.untracked)
    return ", ".join(parts)


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"


def _one(run: RunCode) -> Iterator[CodeLine]:
    yield from _state(run)
    if run.state is not None and run.state.versions:
        yield CodeLine("text", "  ".join(f"{name} {version}" for name, version in run.state.versions.items()))
    yield from _uncommitted(run)
    for name, commit, diff in run.by_library:
        yield CodeLine("title", f"repository {name}, recorded by the training library: commit {commit[:_SHORT]}")
        yield from diff_lines(diff)


def _two(first: RunCode, second: RunCode) -> Iterator[CodeLine]:
    names = distinct_names([first.name, second.name])
    for run, name in zip((first, second), names, strict=True):
        yield CodeLine("title", name)
        yield from _state(run)
    if first.commit and second.commit:
        yield from _between(first.commit, second.commit)
    if first.diff == second.diff:
        if first.diff:
            yield CodeLine("title", "uncommitted changes, the same in both")
            yield from _uncommitted(first)
        return
    for run, name in zip((first, second), names, strict=True):
        yield CodeLine("title", f"uncommitted changes of {name}" if run.diff else f"no uncommitted changes in {name}")
        yield from _uncommitted(run)


def _state(run: RunCode) -> Iterator[CodeLine]:
    if run.problem:
        yield CodeLine("note", run.problem)
    elif run.state is None:
        yield CodeLine("note", "the code was not recorded: the run is from an older version, or has not begun yet")
    else:
        if run.state.commit:
            yield CodeLine("text", f"{commit_text(run.state)}, in {run.state.repository}")
        if run.state.problem:
            yield CodeLine("note", f"not recorded: {run.state.problem}")


def _between(first: str, second: str) -> Iterator[CodeLine]:
    pair = f"{first[:_SHORT]} → {second[:_SHORT]}"
    if first == second:
        yield CodeLine("title", f"same commit {first[:_SHORT]}")
        return
    found = commit_difference(first, second)
    yield CodeLine("title", f"commits {pair}{_counts(found)}")
    if found.problem:
        yield CodeLine("note", f"not compared: {found.problem}; start the program in the folder of the project")
    yield from diff_lines(found.diff, is_cut=found.is_cut)


def _counts(found: CommitDifference) -> str:
    """Return `, 2 commits added, 1 left out`."""
    added, left_out = found.only_second, found.only_first
    text = f", {added} commit{'' if added == 1 else 's'} added" if not found.problem else ""
    return text + f", {left_out} left out" * bool(left_out)


def _uncommitted(run: RunCode) -> Iterator[CodeLine]:
    return diff_lines(run.diff, is_cut=run.state is not None and run.state.is_cut)


def diff_lines(diff: str, *, is_cut: bool = False) -> Iterator[CodeLine]:
    """Yield the lines of a diff of git, each file with the numbers of its lines added and removed."""
    lines = diff.rstrip("\n").split("\n") if diff.strip() else []
    starts = [at for at, line in enumerate(lines) if line.startswith("diff --git ")]
    for line in lines[: starts[0] if starts else len(lines)]:  # no diff of git
        yield CodeLine("text", line)
    for start, end in pairwise([*starts, len(lines)]):
        yield from _file_lines(lines[start:end])
    if is_cut:
        yield CodeLine("note", f"the differences end here: they are longer than {LARGEST_DIFF // 2**20} MiB")


def _file_lines(lines: Sequence[str]) -> Iterator[CodeLine]:
    first = next((at for at, line in enumerate(lines) if line.startswith("@@")), len(lines))
    header, body = lines[1:first], lines[first:]
    added, removed = (sum(line.startswith(sign) for line in body) for sign in "+-")
    counts = f"  +{added} −{removed}" if body else ""
    yield CodeLine("file", f"{_path(lines[0])}{counts}")
    for line in header:
        if line and not line.startswith(_IN_HEADER):
            yield CodeLine("note", line)  # binary, renamed, another mode
    for line in body:
        yield CodeLine(_kind(line), line)


def _path(line: str) -> str:
    """Return the path in `diff --git a/PATH b/PATH`, both paths of a renamed file."""
    both = line.removeprefix("diff --git ")
    middle = len(both) // 2
    first, second = both[:middle].removeprefix("a/"), both[middle + 1 :].removeprefix("b/")
    return first if first == second else both


def _kind(line: str) -> LineKind:
    match line[:1]:
        case "+":
            return "added"
        case "-":
            return "removed"
        case "@":
            return "hunk"
        case "\\":
            return "note"
        case _:
            return "text"
