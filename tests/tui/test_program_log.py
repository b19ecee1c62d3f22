"""The program's own log, and threads that fail."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading

import pytest

from tests.waiting import wait_for
from tui.session import program_log
from tui.session.background import BackgroundThread
from tui.session.client import RunClient
from tui.session.follow import Follower


@pytest.fixture
def log(monkeypatch):
    """Logging as the program starts it, taken down at the end; returns the file."""
    root, hook = logging.getLogger(), threading.excepthook
    before, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    yield program_log.log_file()
    for handler in root.handlers[:]:
        if handler not in before:
            handler.close()
            root.removeHandler(handler)
    root.setLevel(level)
    threading.excepthook, logging.raiseExceptions = hook, raises


def fail():
    raise RuntimeError("two\nlines")


def test_a_thread_that_fails_is_reported_in_one_line_and_logged_with_its_traceback(log):
    program_log.start_logging()
    told = []
    thread = BackgroundThread("reading the log", fail, told.append)
    thread.start()
    thread.join()
    assert told == ["reading the log stopped: RuntimeError: two lines; see humanoid-tui doctor for the log"]
    text = log.read_text()
    assert "thread 'reading the log' failed" in text
    assert 'raise RuntimeError("two\\nlines")' in text


def test_any_other_thread_that_dies_is_logged(log):
    program_log.start_logging()
    thread = threading.Thread(target=fail, name="somebody else's")
    thread.start()
    thread.join()
    assert 'thread "somebody else\'s" died' in log.read_text()


@pytest.mark.parametrize(("level", "is_written"), [("debug", True), ("info", False)])
def test_the_level_decides_what_is_written(log, level, is_written):
    program_log.start_logging(level)
    logging.getLogger("tui.test").debug("a detail")
    assert ("a detail" in log.read_text()) is is_written


def test_the_file_rotates_and_three_older_ones_are_kept(log, monkeypatch):
    monkeypatch.setattr(program_log, "_LARGEST_BYTES", 200)
    program_log.start_logging()
    for number in range(50):
        logging.getLogger("tui.test").info("line %d, long enough to fill a file soon", number)
    assert {path.name for path in log.parent.iterdir()} == {log.name, *(f"{log.name}.{age}" for age in (1, 2, 3))}
    assert "line 49" in log.read_text()


def test_without_a_place_to_write_the_program_goes_on(log, capsys):
    log.parent.parent.mkdir(parents=True)
    log.parent.write_text("a file where the folder should be")
    program_log.start_logging()
    logging.getLogger("tui.test").error("lost")
    said = capsys.readouterr().err
    assert said.startswith("humanoid-tui: no log is kept: ")
    assert len(said.splitlines()) == 1


def test_the_command_line_takes_a_level_and_doctor_shows_the_file(tmp_path):
    command = [sys.executable, "-m", "tui", "--log-level", "debug", "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert json.loads(done.stdout)["log"] == str(program_log.log_file())
    assert program_log.log_file().exists()
    refused = subprocess.run([*command[:4], "loud", "doctor"], capture_output=True, text=True, cwd=tmp_path)
    assert (refused.returncode, "debug" in refused.stderr) == (2, True)


def test_a_follower_that_dies_is_reported(folder, monkeypatch):
    def poll(self, timeout_seconds):
        raise ValueError("nobody expected this")

    monkeypatch.setattr(Follower, "poll", poll)
    told = []
    client = RunClient(folder, lambda *_: None, told.append)
    wait_for(lambda: told, "the report")
    client.close()
    assert told[0].startswith("following the run stopped: ValueError: nobody expected this")
