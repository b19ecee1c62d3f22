"""`python -m trainer_proc`: its errors when the training can't start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import PhaseChanged, RunStarted


def trainer(*arguments):
    done = subprocess.run([sys.executable, "-m", "trainer_proc", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", [(), ("one", "two")])
def test_it_takes_the_folder_of_one_run(arguments):
    assert trainer(*arguments) == (2, "usage: python -m trainer_proc RUN_DIR\n")


def test_a_folder_that_is_no_run_is_reported_in_one_line(tmp_path):
    code, said = trainer(tmp_path)
    assert (code, said) == (2, f"{tmp_path} is no run: it has no run.toml\n")


def test_a_run_whose_journal_can_not_be_written_is_reported_in_two_lines(folder):
    folder.journal.mkdir()
    code, said = trainer(folder.path)
    assert code == 2
    assert str(folder.journal) in said
    assert len(said.splitlines()) == 2


def test_a_backend_that_is_not_there_is_a_refused_launch(folder):
    spec = folder.read_spec()
    folder.spec_file.write_text(folder.spec_file.read_text().replace('"mjlab"', '"gazebo"'))
    code, _ = trainer(folder.path)
    assert code == 1
    bodies = [frame.body for frame in JournalReader(folder.journal).read_new()]
    assert isinstance(bodies[0], RunStarted)
    assert bodies[0].task == spec.task
    assert bodies[-1] == PhaseChanged("failed", "no such backend: gazebo; there are mjlab, isaaclab", refused=True)
    assert not folder.connection.exists()
