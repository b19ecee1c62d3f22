"""A disk that is nearly full is reported before it is."""

from __future__ import annotations

import pytest

from trainer_proc.contract.messages import PhaseChanged
from tui.session.machine import disk_warning as watched
from tui.session.machine.disk_warning import DiskWatch, disk_warning
from tui.session.machine.host import DiskReading
from tui.session.runs.run_index import summarize

MIB = 2**20


@pytest.mark.parametrize(
    ("free", "checkpoint", "warning"),
    [
        (300 * MIB, None, ""),
        (200 * MIB, None, "⚠ disk nearly full: 200 MiB left"),
        (60 * MIB, 10 * MIB, ""),
        (49 * MIB, 10 * MIB, "⚠ disk nearly full: 49 MiB left, 4 more checkpoints fit"),
        (0, 10 * MIB, "⚠ disk full: training continues, its records wait"),
    ],
)
def test_few_checkpoints_that_fit_are_a_warning(folder, monkeypatch, free, checkpoint, warning):
    monkeypatch.setattr(watched, "read_disk", lambda folder: DiskReading(free, 1000 * MIB, checkpoint))
    assert disk_warning(folder) == warning


def test_it_is_reported_once_until_there_is_room_again(folder, monkeypatch):
    free = [100 * MIB, 90 * MIB, 900 * MIB, 80 * MIB]
    monkeypatch.setattr(watched, "_SECONDS", 0.0)
    monkeypatch.setattr(watched, "read_disk", lambda folder: DiskReading(free.pop(0), 1000 * MIB))
    watch = DiskWatch(folder)
    assert [bool(watch.news()) for _ in range(4)] == [True, False, False, True]


def test_the_list_warns_of_the_disk_of_a_live_run(folder, link, monkeypatch):
    monkeypatch.setattr(watched, "read_disk", lambda folder: DiskReading(100 * MIB, 1000 * MIB))
    link.emit(PhaseChanged("training"))
    assert summarize(folder).warning == "⚠ disk nearly full: 100 MiB left"


def test_a_folder_that_is_gone_is_no_warning(folder):
    folder.spec_file.unlink()
    folder.path.rmdir()
    assert disk_warning(folder) == ""
