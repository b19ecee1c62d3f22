"""Special files in run and log folders: one line or nothing, never a program that hangs."""

from __future__ import annotations

import os
import resource
import threading

import pytest

from tests.chaos.special_files import KINDS, make_special
from tests.waiting import wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.evaluation import EvaluationError, read_result
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import PhaseChanged, RunStarted
from trainer_proc.contract.rollout import RolloutError, read_rollout
from trainer_proc.contract.run_folder import RunFolderError
from tui.session.log.pages import ConsoleLog
from tui.session.runs import run_list
from tui.session.runs.run_list import RunList
from tui.session.watch import log_folder
from tui.session.watch.log_folder import look_into

STARTED = RunStarted("run", "cartpole", "mjlab", "task", "cpu", 4, 100, 42, 1)
UNREADABLE = tuple(kind for kind in KINDS if kind not in ("sparse record", "zeros"))


@pytest.fixture
def little_memory():
    """The process may allocate 1 GiB more than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", encoding="ascii") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("name", ["run.toml", "journal.msgpack"])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_the_list_shows_a_special_file_as_a_problem(make_run, kind, name):
    special, good = (make_run(f"2026-03-0{day}_10-00-00", STARTED, PhaseChanged("training")) for day in (1, 2))
    make_special(kind, special.path / name)
    rows = {row.folder.path: row for batch in RunList(good.path.parents[1]).look() for row in batch}
    assert rows[good.path].status == "killed"
    if special.path in rows:  # a link that leads nowhere is no run
        assert name in rows[special.path].problem


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("kind", ["sparse record", "zeros"])
def test_sparse_files_of_2_gib_fill_no_memory(make_run, kind):
    special = make_run("2026-03-01_10-00-00", STARTED, PhaseChanged("training"))
    make_special(kind, special.connection)
    assert read_connection(special) is None
    make_special(kind, special.path / "result.json")
    with pytest.raises(EvaluationError):
        read_result(special.path / "result.json")
    make_special(kind, special.spec_file)
    with pytest.raises(RunFolderError, match="at most"):
        special.read_spec()


@pytest.mark.parametrize("kind", UNREADABLE)
def test_special_files_of_a_run_are_not_waited_for(folder, kind):
    for path in (folder.connection, folder.console, folder.path / "result.json", folder.journal):
        make_special(kind, path)
    assert read_connection(folder) is None
    with pytest.raises(EvaluationError):
        read_result(folder.path / "result.json")
    with pytest.raises(RolloutError):
        read_rollout(folder.path / "result.json")
    with pytest.raises(OSError, match="journal"):
        JournalWriter(folder.journal)
    with pytest.raises(OSError, match=r"console\.log"):
        ConsoleLog(folder.console).work()


def test_event_files_are_regular_files_and_a_walk_has_an_end(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "events.out.tfevents.1")
    (tmp_path / "events.out.tfevents.2").write_bytes(b"")
    (found,) = look_into(tmp_path).runs
    assert [file.path.name for file in found.files] == ["events.out.tfevents.2"]
    monkeypatch.setattr(log_folder, "_MOST_FOLDERS", 10)
    (tmp_path / "all").symlink_to("/")
    looked = look_into(tmp_path)
    assert looked.problems[-1] == f"only 10 folders below {tmp_path} were looked into: choose one below"
    assert len(looked.runs) == 1


def test_the_list_does_not_wait_for_a_run_that_is_slow_to_read(make_run, monkeypatch):
    slow, good = (make_run(f"2026-03-0{day}_10-00-00", STARTED, PhaseChanged("training")) for day in (1, 2))
    may_go_on, read = threading.Event(), run_list.read_run

    def read_slowly(folder):
        if folder.path == slow.path:
            may_go_on.wait()
        return read(folder)

    monkeypatch.setattr(run_list, "_SOON_SECONDS", 0.0)
    monkeypatch.setattr(run_list, "_LATE_SECONDS", 0.0)
    monkeypatch.setattr(run_list, "read_run", read_slowly)
    runs = RunList(good.path.parents[1])

    def look():
        return {row.folder.path: row for batch in runs.look() for row in batch}

    assert "still being read" in look()[slow.path].problem
    wait_for(lambda: look()[good.path].status == "killed", "the other run")
    may_go_on.set()
    wait_for(lambda: look()[slow.path].status == "killed", "the slow run")
