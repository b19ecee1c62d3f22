"""The lock on a run's folder, as other users of its log folder see it."""

from __future__ import annotations

import os
import stat

import pytest

from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import RunIsTraining, TrainerLock, is_training, read_trainer


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


def test_other_users_may_look_whether_a_run_trains_and_may_not_write(folder):
    before = os.umask(0o022)
    try:
        lock = TrainerLock(folder)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.lock.stat().st_mode) == 0o644
    folder.lock.chmod(0o444)  # as another user may open it
    assert is_training(folder)
    lock.release()
    assert not is_training(folder)


def test_a_second_training_is_refused_with_the_process_of_the_first(folder):
    lock = TrainerLock(folder)
    with pytest.raises(RunIsTraining, match=f"is training already \\(process {os.getpid()} on "):
        TrainerLock(folder)
    lock.release()
    TrainerLock(folder).release()
    assert read_trainer(folder).pid == os.getpid()
