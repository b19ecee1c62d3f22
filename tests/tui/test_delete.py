"""Deleting runs: which, with what, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest
from msgspec.structs import replace

from tests.sockets import private_address
from tests.waiting import wait_for
from trainer_proc.contract.best_checkpoint import BestCheckpoint, keep_best
from trainer_proc.contract.connection import write_connection
from trainer_proc.contract.messages import IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.delete import DeleteError, check_deletable, contents_of, delete_run, deletion_question

STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)
FIRST = (MetricSet(0, ()), IterationFinished(0, 0, b"", 96, 1.0))


@pytest.fixture
def log_root(tmp_path):
    return tmp_path / "logs"


@pytest.fixture
def ended(make_run):
    """A run of two checkpoints that has ended."""
    folder = make_run("2026-01-01_00-00-00", STARTED, PhaseChanged("finished"))
    for iteration in (0, 50):
        folder.checkpoint(iteration).write_bytes(b"w" * 40_000)
    folder.params.mkdir()
    (folder.params / "agent.yaml").write_text("seed: 1")
    return folder


def refusal(folder, log_root):
    with pytest.raises(DeleteError) as problem:
        delete_run(folder, log_root)
    assert len(str(problem.value).splitlines()) == 1
    return str(problem.value)


def test_a_run_goes_with_all_it_has_and_nothing_else(ended, make_run, log_root):
    other = make_run("2026-01-02_00-00-00", STARTED)
    held = contents_of(ended, log_root)
    assert (held.checkpoints, held.offspring) == (2, ())
    assert 80_000 <= held.size < 200_000
    delete_run(ended, log_root)
    assert not ended.path.exists()
    assert other.spec_file.exists()


def test_what_links_point_to_stays(ended, tmp_path, log_root):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "data").write_bytes(b"x" * 100_000)
    before = contents_of(ended, log_root).size
    (ended.path / "folder").symlink_to(kept)
    (ended.path / "file").symlink_to(kept / "data")
    (ended.params / "file").symlink_to(kept / "data")
    (ended.path / "same").hardlink_to(kept / "data")
    assert contents_of(ended, log_root).size < before + 20_000
    delete_run(ended, log_root)
    assert (kept / "data").read_bytes() == b"x" * 100_000
    assert not ended.path.exists()


def test_a_best_checkpoint_takes_no_space_beside_the_one_that_it_is(ended, log_root):
    before = contents_of(ended, log_root)
    keep_best(ended, BestCheckpoint(iteration=50, suite="quick", measure="score", value=0.5))
    after = contents_of(ended, log_root)
    assert before.size <= after.size < before.size + 20_000
    assert after.checkpoints == 2


def test_a_run_is_deleted_in_its_log_folder_only(ended, tmp_path, log_root):
    assert "expected a run in" in refusal(ended, tmp_path / "elsewhere")
    assert "expected a run in" in refusal(ended, log_root.parent)
    assert "is not a run" in refusal(RunFolder(ended.path.parent), log_root)
    outside = tmp_path / "outside" / "a" / "b"
    outside.mkdir(parents=True)
    RunFolder(outside).write_spec(ended.read_spec())
    (log_root / "cartpole" / "link").symlink_to(outside)
    assert "expected a run in" in refusal(RunFolder(log_root / "cartpole" / "link"), log_root)
    (log_root / "linked").symlink_to(outside.parent)
    assert "expected a run in" in refusal(RunFolder(log_root / "linked" / "b"), log_root)
    assert outside.exists()
    assert ended.spec_file.exists()


def test_a_run_is_deletable_from_its_experiment_s_folder(ended, log_root):
    check_deletable(ended, log_root / "cartpole")


def test_what_is_no_run_stays(log_root):
    folder = log_root / "cartpole" / "notes"
    folder.mkdir(parents=True)
    (folder / "notes.txt").touch()
    assert "is not a run" in refusal(RunFolder(folder), log_root)
    assert (folder / "notes.txt").exists()


def test_a_run_that_trains_stays(ended, log_root):
    write_connection(ended, private_address(), private_address())
    assert "is training; stop it first" in refusal(ended, log_root)
    assert ended.checkpoint(50).exists()


@pytest.fixture
def works_on():
    """Start a process that looks as one of the trainer's; it is gone after the test."""
    started = []

    def start(*words):
        command = [sys.executable, "-c", "input()", "-m", "trainer_proc", *map(str, words)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE))

    yield start
    for process in started:
        process.communicate()


def test_a_run_that_a_process_works_on_stays(ended, log_root, works_on):
    works_on(ended.path)
    wait_for(lambda: "is in use by a process" in refusal_or_nothing(ended, log_root), "the process")


def test_a_run_that_another_is_about_to_begin_from_stays_until_it_has(ended, make_run, log_root, works_on):
    fork = make_run("2026-01-02_00-00-00_fork", STARTED)
    fork.write_spec(replace(fork.read_spec(), checkpoint=str(ended.checkpoint(50))))
    works_on(fork.path)
    wait_for(lambda: "is starting from" in refusal_or_nothing(ended, log_root), "the process")
    begun = make_run("2026-01-03_00-00-00_begun", STARTED, *FIRST)
    fork.journal.write_bytes(begun.journal.read_bytes())
    check_deletable(ended, log_root)
    assert contents_of(ended, log_root).offspring == (fork.name,)
    assert fork.name in deletion_question(ended, contents_of(ended, log_root))


def refusal_or_nothing(folder, log_root):
    try:
        check_deletable(folder, log_root)
    except DeleteError as problem:
        return str(problem)
    return ""


def test_what_an_interruption_leaves_can_be_deleted_again(ended, log_root, monkeypatch):
    def fail(path):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", fail)
        with pytest.raises(PermissionError):
            delete_run(ended, log_root)
    assert ended.spec_file.exists()
    delete_run(ended, log_root)
    assert not ended.path.exists()


# --- the command ---


def test_the_command_deletes_what_it_is_told(prints, ended, make_run, log_root, monkeypatch):
    monkeypatch.setenv("HUMANOID_TUI_LOGS", str(log_root))
    other = make_run("2026-01-02_00-00-00", STARTED)
    deleted = prints("delete", ended.name, str(ended.path), "--yes", "--json")
    assert [(one["run"], one["checkpoints"]) for one in deleted] == [(str(ended.path), 2)]
    assert not ended.path.exists()
    assert prints("delete", "latest", "--yes").startswith(f"{other.name} deleted: ")
    assert prints("runs", "--json") == []


def test_the_command_asks_first(ended, log_root):
    program = "from tui.cli import main; main()"
    command = [sys.executable, "-c", program, "delete", ended.name, "--logs", str(log_root)]
    for answer, code in (("n\n", 1), ("", 130)):
        done = subprocess.run(command, input=answer, capture_output=True, text=True)
        assert (done.returncode, ended.path.exists()) == (code, True)
        assert f"Delete {ended.name}" in done.stdout
    assert subprocess.run(command, input="y\n", capture_output=True, text=True).returncode == 0
    assert not ended.path.exists()


def test_the_command_deletes_all_or_none(fails, ended, make_run, log_root):
    training = make_run("2026-01-02_00-00-00", STARTED)
    write_connection(training, private_address(), private_address())
    told = fails(1, "delete", ended.name, training.name, "--yes", "--logs", str(log_root))
    assert "is training" in told
    assert ended.spec_file.exists()
    assert "add --yes" in fails(2, "delete", ended.name, "--json", "--logs", str(log_root))
    assert ended.spec_file.exists()


def test_the_list_as_a_command_has_order_status_and_filter(prints, ended, make_run, log_root, monkeypatch):
    monkeypatch.setenv("HUMANOID_TUI_LOGS", str(log_root))
    make_run("2026-01-02_00-00-00_b", STARTED, *FIRST)

    def names(*more):
        return [row["name"] for row in prints("runs", "--json", *more)]

    assert names() == ["2026-01-02_00-00-00_b", ended.name]
    assert names("--sort", "newest", "--reverse") == [ended.name, "2026-01-02_00-00-00_b"]
    assert names("--status", "finished") == [ended.name]
    assert names("--status", "live") == []
    assert names("--match", "killed") == ["2026-01-02_00-00-00_b"]
    assert "none of the 2 runs" in prints("runs", "--match", "nothing")
