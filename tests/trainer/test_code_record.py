"""The code that a training starts with: what is recorded of its repository, and what is not."""

from __future__ import annotations

import subprocess
import threading

import pytest

from tests.waiting import wait_for
from trainer_proc.contract.code_state import (
    LARGEST_DIFF,
    CodeError,
    code_diff,
    code_file,
    read_code,
    read_diff,
    write_code,
)
from trainer_proc.contract.git import GitError, ask_git
from trainer_proc.training.code_record import code_of, record_code_soon

IDENTITY = ("-c", "user.name=n", "-c", "user.email=e@e", "-c", "init.defaultBranch=main")


def git(folder, *arguments):
    subprocess.run(["git", *IDENTITY, *arguments], cwd=folder, check=True)


@pytest.fixture
def project(tmp_path):
    """A repository with one commit."""
    folder = tmp_path / "project"
    (folder / "tasks").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "tasks" / "walk.py").write_text("weight = 1\n")
    (folder / "mesh.bin").write_bytes(b"\0\1\2")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_a_clean_repository_is_its_commit(project):
    state, diff = code_of(project / "tasks")
    assert (state.repository, state.branch, state.changed, diff) == (str(project), "main", 0, b"")
    assert state.commit == ask_git("rev-parse", "HEAD", folder=project).decode().strip()
    assert state.short_commit == state.commit[:12]
    assert state.versions["python"]


def test_changes_of_tracked_files_are_recorded_and_untracked_ones_counted(project, folder):
    (project / "tasks" / "walk.py").write_text("weight = 2\n")
    (project / "mesh.bin").write_bytes(b"\0\1\3")
    (project / ".env").write_text("TOKEN=secret")
    (project / "staged.py").write_text("new = 1\n")
    git(project, "add", "staged.py")
    git(project, "checkout", "-q", "--detach")
    record_code_soon(folder, project / "tasks")
    wait_for(code_file(folder).exists, "the record")
    state, diff = read_code(folder), read_diff(folder)
    assert (state.branch, state.changed, state.untracked, state.is_cut, state.problem) == ("", 3, 1, False, "")
    assert state.short_commit.endswith("-dirty")
    assert "-weight = 1\n+weight = 2\n" in diff
    assert "Binary files a/mesh.bin and b/mesh.bin differ" in diff
    assert "+new = 1" in diff
    assert "secret" not in diff
    assert ".env" not in diff


def test_a_second_start_keeps_the_first_record(project, folder):
    write_code(folder, *code_of(project))
    before = read_code(folder)
    (project / "tasks" / "walk.py").write_text("weight = 2\n")
    threads = threading.enumerate()
    record_code_soon(folder, project)
    assert set(threading.enumerate()) <= set(threads)  # one of another test may have ended
    assert read_code(folder) == before


def test_a_huge_difference_is_cut_at_a_line(project, folder):
    (project / "tasks" / "walk.py").write_text("line\n" * LARGEST_DIFF)
    state, diff = code_of(project)
    assert state.is_cut
    assert LARGEST_DIFF - 10 < len(diff) <= LARGEST_DIFF
    assert diff.endswith(b"+line\n")
    write_code(folder, state, diff)
    assert read_diff(folder) == diff.decode()


def test_without_a_repository_or_a_commit_the_versions_are_recorded(tmp_path):
    outside, empty = tmp_path / "outside", tmp_path / "empty"
    for one in (outside, empty):
        one.mkdir()
    git(empty, "init", "-q")
    for one, problem in ((outside, "not a git repository"), (empty, "HEAD")):
        state, diff = code_of(one)
        assert (state.commit, state.short_commit, diff) == ("", "", b"")
        assert problem in state.problem
        assert len(state.problem.splitlines()) == 1
        assert state.versions["python"]


def test_no_program_of_a_repository_is_started(project, tmp_path):
    hurt = tmp_path / "hurt"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {hurt}\n")
    program.chmod(0o755)
    (project / ".gitattributes").write_text("*.py diff=own\n")
    for name in ("core.fsmonitor", "diff.external", "diff.own.command", "diff.own.textconv", "core.pager"):
        git(project, "config", name, str(program))
    (project / "tasks" / "walk.py").write_text("weight = 2\n")
    _, diff = code_of(project)
    assert b"+weight = 2" in diff
    assert not hurt.exists()


def test_without_git_that_is_the_problem(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git can't be started: No such file or directory"):
        ask_git("version")
    assert "git can't be started" in code_of(tmp_path)[0].problem


@pytest.mark.parametrize("content", [b"commit = ", b"\xff", b'commit = "--output=/tmp/x"\n', b"changed = true\n"])
def test_a_record_that_cannot_be_read_is_told_in_one_line(folder, content):
    code_file(folder).write_bytes(content)
    with pytest.raises(CodeError, match=r"code.toml can't be read") as problem:
        read_code(folder)
    assert len(str(problem.value).splitlines()) == 1


def test_a_difference_that_is_no_file_or_too_large_is_told(folder):
    assert read_diff(folder) == ""
    code_diff(folder).write_bytes(b"x" * (LARGEST_DIFF + 1))
    with pytest.raises(CodeError, match="expected at most"):
        read_diff(folder)
    code_diff(folder).unlink()
    code_diff(folder).mkdir()
    with pytest.raises(CodeError, match="expected a file"):
        read_diff(folder)
