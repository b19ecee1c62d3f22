"""The command line as a test calls it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.notifications import Notification
from textual.pilot import Pilot

from tests.hosts import sshd_of
from tests.tui.idle_loop import IdleLoop, wait_for_idle
from tests.tui.parsed_styles import parse_once, remember_once
from tests.tui.queued import FolderLauncher
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Frame, PhaseChanged, RunStarted
from trainer_proc.contract.run_folder import RunFolder
from tui.cli import run
from tui.session.experiments.queue_folder import QueueFolder
from tui.session.experiments.queue_runner import QueueRunner

RUN, NEW = "2026-03-01_12-00-00_walk", "2026-03-02_12-00-00"
STARTED = RunStarted(
    run=RUN, preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)


RUN_TEST = App.run_test


def pytest_asyncio_loop_factories():
    return {"idle": IdleLoop}


@asynccontextmanager
async def run_test(app, **options):
    """`App.run_test`, which ends no app while it mounts a screen: what such a screen looks for isn't there."""
    async with RUN_TEST(app, **options) as pilot:
        yield pilot
        await wait_for_idle()


@pytest.fixture(autouse=True)
def however_slow_the_machine_is(monkeypatch):
    """A key is done when the program has nothing left to do, and toasts stay."""
    for module in ("app", "pilot"):
        monkeypatch.setattr(f"textual.{module}.wait_for_idle", wait_for_idle)
    monkeypatch.setattr("textual.css.stylesheet.parse", parse_once)
    monkeypatch.setattr("tui.terminal.stylesheet.StyleMemory", remember_once)
    monkeypatch.setattr(Pilot, "_wait_for_screen", wait_for_idle)
    monkeypatch.setattr(App, "run_test", run_test)
    monkeypatch.setattr(Notification, "time_left", 3600.0)


@pytest.fixture
def fails(capsys):
    """Run a command that must fail with this code; return its one line, which JSON has too."""

    def fails(code, *arguments):
        assert run([*arguments]) == code
        out, err = capsys.readouterr()
        assert err.startswith("humanoid-tui: ")
        assert err.endswith("\n")
        assert len(err.splitlines()) == 1
        line = err.removeprefix("humanoid-tui: ").strip()
        assert (json.loads(out) == {"error": line}) if "--json" in arguments else (out == "")
        return line

    return fails


@pytest.fixture
def prints(capsys):
    """Run a command that must succeed; return what it prints, decoded with `--json`."""

    def prints(*arguments):
        assert run([*arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out) if "--json" in arguments else out

    return prints


class Exited:
    """The process of a trainer that has ended."""

    def poll(self):
        return 0


@pytest.fixture
def empty_working_directory(tmp_path, monkeypatch):
    """Work in a folder of its own, where runs will lie in `logs`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUMANOID_TUI_LOGS", str(tmp_path / "logs"))


@pytest.fixture
def started(monkeypatch):
    """What was started: specs; each such training, called `NEW`, begins to train and says no more."""
    started = []

    def start_trainer(spec, log_root):
        folder = RunFolder(log_root / spec.experiment / NEW)
        folder.path.mkdir(parents=True)
        folder.write_spec(spec)
        journal = JournalWriter(folder.journal)
        begun = replace(STARTED, run=NEW, parent=spec.parent)
        for number, body in enumerate((begun, PhaseChanged("training"))):
            journal.append(encode(Frame(number, 0.0, body)))
        journal.close()
        started.append(spec)
        return folder, Exited()

    monkeypatch.setattr("tui.commands.shared.start.start_trainer", start_trainer)
    return started


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The OpenSSH server of another host."""
    with sshd_of(tmp_path_factory.mktemp("host") / "sshd") as server:
        yield server


@pytest.fixture
def queue(tmp_path):
    folder = QueueFolder(tmp_path / "queue")
    folder.path.mkdir()
    return folder


@pytest.fixture
def launcher():
    return FolderLauncher()


@pytest.fixture
def runner(queue, launcher):
    return QueueRunner(queue, launcher)
