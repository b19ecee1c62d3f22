"""All readers of TOML files name the file, the line and what is expected, in the same words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from curricula.errors import UserError
from presets.preset import read_preset
from trainer_proc.contract.code_state import code_file, read_code
from tui.session.board.layout import layout_file, read_layout
from tui.session.experiments.experiment import ExperimentFolder
from tui.session.experiments.queue_folder import QueueFolder
from tui.session.runs.chosen_runs import choice_file, read_choice
from tui.session.runs.labels import read_labels
from tui.session.settings.config import config_file, read_settings
from tui.session.settings.settings_file import remember


def _settings(folder):
    _, (problem,) = read_settings()
    raise UserError(str(problem))


READERS = {
    "run": (lambda folder: folder.spec_file, lambda folder: folder.read_spec()),
    "labels": (lambda folder: folder.labels, read_labels),
    "code": (code_file, read_code),
    "queue": (lambda folder: QueueFolder(folder.path).file, lambda folder: QueueFolder(folder.path).read()),
    "experiment": (
        lambda folder: ExperimentFolder(folder.path).file,
        lambda folder: ExperimentFolder(folder.path).read(),
    ),
    "layout": (lambda folder: layout_file("task"), lambda folder: read_layout("task")),
    "choice": (lambda folder: choice_file(folder.path), lambda folder: read_choice(folder.path)),
    "settings": (lambda folder: config_file(), _settings),
    "changed settings": (lambda folder: config_file(), lambda folder: remember("board", "columns", 2)),
    "preset": (lambda folder: folder.path / "mine.toml", lambda folder: read_preset(folder.path / "mine.toml")),
}


def _write(content):
    return lambda path: path.write_bytes(content)


def _write_large(path):
    with open(path, "wb") as file:
        file.truncate(17 * 1024 * 1024)


NO_FILE = "expected a file, got a folder, a device, a pipe or a socket"
WRONG = {
    "syntax": (_write(b"a = 1\nb c\n"), "line 2, column 3: expected '=' after a key in a key/value pair"),
    "no UTF-8": (_write(b"a = 1\nb = '\xff'\n"), "line 2: expected text in UTF-8, got the byte 0xff"),
    "U+0000": (_write(b'a = 1\nb = "\\u0000"\n'), "line 2: expected text without the character U+0000"),
    "large": (_write_large, "expected at most "),
    "folder": (Path.mkdir, NO_FILE),
    "pipe": (os.mkfifo, NO_FILE),
}


@pytest.mark.parametrize(("place", "read"), READERS.values(), ids=READERS)
@pytest.mark.parametrize(("write", "expected"), WRONG.values(), ids=WRONG)
def test_a_file_that_cannot_be_read_is_one_line(folder, place, read, write, expected):
    path = place(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    write(path)
    with pytest.raises(UserError) as refused:
        read(folder)
    line = str(refused.value)
    assert len(line.splitlines()) == 1
    assert str(path) in line
    assert expected in line


@pytest.mark.parametrize("name", ["run", "labels", "queue", "experiment", "layout", "choice", "preset"])
def test_a_wrong_key_is_named_with_its_file(folder, name):
    place, read = READERS[name]
    path = place(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("such = 1\n")
    with pytest.raises(UserError) as refused:
        read(folder)
    assert str(path) in str(refused.value)
    assert "such: no such key" in str(refused.value)
