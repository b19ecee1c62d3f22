"""Code of runs as lines to read: one run, two runs, what is cut, and what can't be read."""

from __future__ import annotations

import os
import subprocess

import pytest

from trainer_proc.contract.code_state import LARGEST_DIFF, CodeState, code_diff, code_file, write_code
from tui.session.runs.code_changes import RunCode, read_run_code
from tui.session.runs.code_text import code_lines, diff_lines
from tui.session.runs.compare import ComparedRun, differences, recorded_code
from tui.session.state import RunState

DIFF = """\
diff --git a/tasks/walk.py b/tasks/walk.py
index 1..2 100644
--- a/tasks/walk.py
+++ b/tasks/walk.py
@@ -1,2 +1,2 @@ def reward():
 same
--- a comment of SQL
+\tweight = 2\r
\\ No newline at end of file
diff --git a/mesh.bin b/mesh.bin
index 1..2 100644
Binary files a/mesh.bin and b/mesh.bin differ
diff --git a/old.py b/new.py
similarity index 100%
rename from old.py
rename to new.py
"""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(*arguments):
    identity = ("-c", "user.name=n", "-c", "user.email=e@e", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], check=True)


def commit(text):
    """Commit a text as `walk.py` of the working folder; return the hash."""
    with open("walk.py", "w") as file:
        file.write(text)
    git("add", "walk.py")
    git("commit", "-qm", text)
    return subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def texts(*runs):
    return [line.text for line in code_lines(runs)]


def test_lines_of_a_diff_have_kinds():
    assert [(line.kind, line.text) for line in code_lines([RunCode("a", CodeState(commit=COMMIT, changed=3), DIFF)])][
        1:
    ] == [
        ("file", "tasks/walk.py  +1 −1"),
        ("hunk", "@@ -1,2 +1,2 @@ def reward():"),
        ("text", " same"),
        ("removed", "--- a comment of SQL"),
        ("added", "+   weight = 2"),
        ("note", "\\ No newline at end of file"),
        ("file", "mesh.bin"),
        ("note", "Binary files a/mesh.bin and b/mesh.bin differ"),
        ("file", "a/old.py b/new.py"),
        ("note", "similarity index 100%"),
        ("note", "rename from old.py"),
        ("note", "rename to new.py"),
    ]


def test_what_is_cut_says_so():
    assert [line.text for line in diff_lines("", is_cut=True)] == [
        "the differences end here: they are longer than 1 MiB"
    ]
    long = "diff --git a/x b/x\n@@ -0,0 +1 @@\n" + "+line\n" * 30_000
    shown = texts(RunCode("a", CodeState(commit=COMMIT), long))
    assert (len(shown), shown[-1]) == (20_001, "only the first 20,000 lines are shown")
    wide = texts(RunCode("a", CodeState(commit=COMMIT), f"diff --git a/x b/x\n@@ -0,0 +1 @@\n+{'x' * 500_000}"))
    assert (len(wide[-1]), wide[-1][-1]) == (1000, "…")


def test_a_record_of_a_stranger_can_do_nothing_to_the_terminal(folder):
    wild = "\x1b[31m\x9b\u202e\x07"
    write_code(
        folder, CodeState(repository=wild, commit=COMMIT, branch=wild, problem=wild), f"no diff{wild}\n".encode()
    )
    assert all(line.isprintable() for line in texts(read_run_code(folder)))
    assert texts(read_run_code(folder))[-1] == "no diff"


@pytest.mark.parametrize("spoil", ["toml", "fifo", "huge"])
def test_a_record_that_cannot_be_read_is_one_line(folder, spoil):
    write_code(folder, CodeState(commit=COMMIT), b"x")
    if spoil == "toml":
        code_file(folder).write_text("commit = ")
    elif spoil == "huge":
        code_diff(folder).write_bytes(b"x" * (LARGEST_DIFF + 1))
    else:
        code_diff(folder).unlink()
        os.mkfifo(code_diff(folder))
    (line,) = texts(read_run_code(folder))
    assert "can't be read" in line


def test_a_run_without_a_record_says_so_and_shows_that_of_its_library(folder):
    assert "not recorded" in texts(read_run_code(folder))[0]
    (folder.path / "git").mkdir()
    stored = f"--- git commit ---\n{COMMIT}\n\n\n--- git status ---\nOn branch x\n\n\n--- git diff ---\n{DIFF}"
    (folder.path / "git" / "mine.diff").write_text(stored)
    shown = texts(read_run_code(folder))
    assert shown[1:3] == [
        "repository mine, recorded by the training library: commit 0123456789ab",
        "tasks/walk.py  +1 −1",
    ]


# --- two runs ---


def test_two_runs_differ_by_commits_and_by_uncommitted_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    first, second = commit("one"), commit("two")
    left = RunCode("left", CodeState(repository="/r", commit=first, branch="main"))
    right = RunCode("right", CodeState(repository="/r", commit=second, changed=2, untracked=1), DIFF)
    shown = texts(left, right)
    assert shown[:6] == [
        "left",
        f"commit {first[:12]} on main, no tracked file changed, in /r",
        "right",
        f"commit {second[:12]}, 2 files changed, 1 untracked not recorded, in /r",
        f"commits {first[:12]} → {second[:12]}, 1 commit added",
        "walk.py  +1 −1",
    ]
    at = shown.index("no uncommitted changes in left")
    assert shown[at + 1 : at + 3] == ["uncommitted changes of right", "tasks/walk.py  +1 −1"]
    assert f"commits {second[:12]} → {first[:12]}, 0 commits added, 1 left out" in texts(right, left)
    same = texts(right, right)
    assert f"same commit {second[:12]}" in same
    assert same.count("tasks/walk.py  +1 −1") == 1


def test_commits_of_another_repository_are_not_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [RunCode(name, CodeState(commit=digit * 40)) for name, digit in (("a", "1"), ("b", "2"))]
    assert any("not compared: not a git repository" in line for line in texts(*runs))
    git("init", "-q")
    commit("one")
    (line,) = [line for line in texts(*runs) if line.startswith("not compared")]
    assert line.endswith("; start the program in the folder of the project")


def test_code_and_versions_are_differences_of_runs(make_run):
    folders = [make_run(f"2026-01-0{day}_00-00-00") for day in (1, 2, 3)]
    write_code(folders[0], CodeState(commit=COMMIT, branch="main", versions={"torch": "1", "python": "3"}), b"")
    other = CodeState(
        commit=COMMIT, branch="main", changed=2, diff_sha256="ab" * 32, versions={"torch": "2", "python": "3"}
    )
    write_code(folders[1], other, b"x")
    code_file(folders[2]).write_text("commit = ")
    runs = [ComparedRun(one.name, one.read_spec(), RunState(), recorded_code(one)) for one in folders]
    assert [(one.kind, one.name, one.values) for one in differences(runs[:2])] == [
        ("code", "uncommitted changes", ("none", "2 files (abababab)")),
        ("version", "version of torch", ("1", "2")),
    ]
    assert ("code", "commit", (COMMIT[:12], None)) in [
        (one.kind, one.name, one.values) for one in differences([runs[0], runs[2]])
    ]


def test_the_code_of_runs_is_printed(prints, fails, make_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for day in (1, 2):
        write_code(make_run(f"2026-01-0{day}_00-00-00"), CodeState(commit=COMMIT, changed=3), DIFF.encode())
    logs = ("--logs", "logs")
    assert "tasks/walk.py  +1 −1\n" in prints("code", "latest", *logs)
    assert "uncommitted changes, the same in both\n" in prints("code", "latest", "2026-01-01_00-00-00", *logs)
    record = prints("code", "latest", *logs, "--json")
    assert (record["code"]["commit"], record["diff"]) == (COMMIT, DIFF)
    both = prints("code", "latest", "2026-01-01_00-00-00", *logs, "--json")
    assert "not a git repository" in both["commits"]["problem"]
    assert len(both["runs"]) == 2
    assert "no such run" in fails(2, "code", "nobody", *logs, "--json")
