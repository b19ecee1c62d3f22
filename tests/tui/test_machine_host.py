"""CPU, memory and disk of the machine that runs the tests."""

from __future__ import annotations

import os

import psutil
import pytest

from tests.tui.machines import GIB
from trainer_proc.contract.run_folder import RunFolder
from tui.session.machine.host import CpuReader, DiskReading, read_disk, read_memory


def test_shares_of_the_cores_are_known_from_the_second_reading_on():
    reader = CpuReader()
    first = reader.read()
    assert (first.count, first.utilisation, first.cores) == (psutil.cpu_count(), None, ())
    sum(range(200_000))
    second = reader.read()
    assert len(second.cores) == second.count
    assert all(0 <= share <= 1 for share in second.cores)
    assert second.utilisation == pytest.approx(sum(second.cores) / second.count)


def test_the_memory_is_the_machines(tmp_path):
    memory = read_memory(tmp_path)
    assert memory.total_bytes == psutil.virtual_memory().total
    assert 0 < memory.used_bytes < memory.total_bytes
    assert not memory.is_container


def test_in_a_container_the_memory_is_what_it_may_use(tmp_path):
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    (tmp_path / "memory.current").write_text(f"{GIB // 2}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {GIB // 4}\nactive_file 3\n")
    memory = read_memory(tmp_path)
    assert (memory.used_bytes, memory.total_bytes, memory.is_container) == (GIB // 4, GIB, True)


@pytest.mark.parametrize("limit", ["max\n", f"{2**62}\n", "", "nonsense"])
def test_a_limit_that_is_none_changes_nothing(tmp_path, limit):
    (tmp_path / "memory.max").write_text(limit)
    assert read_memory(tmp_path).total_bytes == psutil.virtual_memory().total


def test_the_disk_is_that_of_the_runs_folder_and_takes_so_many_checkpoints(tmp_path):
    folder = RunFolder(tmp_path)
    disk = read_disk(folder)
    assert disk.checkpoint_bytes is None
    assert disk.checkpoints_that_fit is None
    status = os.statvfs(tmp_path)
    assert disk.total_bytes == status.f_blocks * status.f_frsize
    folder.checkpoint(9).write_bytes(b"x" * 3_000_000)
    folder.checkpoint(100).write_bytes(b"x" * 1_000_000)  # the newest, whatever sorting by name says
    disk = read_disk(folder)
    assert disk.checkpoint_bytes == 1_000_000
    assert disk.checkpoints_that_fit == disk.free_bytes // 1_000_000


def test_an_empty_checkpoint_tells_nothing_of_how_many_fit():
    assert DiskReading(GIB, GIB, 0).checkpoints_that_fit is None


def test_a_folder_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        read_disk(RunFolder(tmp_path / "gone"))
