"""A trainer's console.log does not grow without limit; what is written meanwhile is kept, and in order."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.standard_error import standard_error
from tests.trainer.full_disk import largest_file
from tests.waiting import wait_for
from trainer_proc.wire.console import LIMIT_BYTES, ConsoleLimit
from trainer_proc.wire.link import TrainerLink

LIMIT = 10_000
NOTE = b"earlier lines: console.1.log\n"


@pytest.fixture
def console(tmp_path):
    return tmp_path / "console.log"


def lines(numbers):
    return b"".join(b"line %06d of a trainer that has much to print\n" % number for number in numbers)


def worked(limit, times=10):
    return [limit.work() for _ in range(times)]


def test_a_long_file_is_moved_and_its_writers_go_on_at_its_new_end(console, tmp_path):
    with standard_error(console):
        limit = ConsoleLimit(console, LIMIT)
        with open(console, "ab", buffering=0) as trainer:
            trainer.write(lines(range(100)))
            assert not any(worked(limit))
            assert console.read_bytes() == lines(range(100))  # not yet too long
            trainer.write(lines(range(100, 1000)))
            assert not any(worked(limit))
            trainer.write(lines(range(1000, 1010)))
        older = tmp_path / "console.1.log"
        assert older.read_bytes() == lines(range(1000))
        assert console.read_bytes() == NOTE + lines(range(1000, 1010))
        os.write(2, lines(range(1010, 2000)))
        assert not any(worked(limit))
        assert older.read_bytes() == NOTE + lines(range(1000, 2000))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["console.1.log", "console.log"]


def test_what_is_written_while_the_file_is_copied_is_copied_too(console, tmp_path, monkeypatch):
    with standard_error(console):
        monkeypatch.setattr("trainer_proc.wire.console._CHUNK", 1000)
        limit = ConsoleLimit(console, LIMIT)
        os.write(2, lines(range(300)))
        assert not any(worked(limit, 3))
        assert limit.is_copying
        os.write(2, lines(range(300, 400)))
        assert not any(worked(limit, 100))
        assert (tmp_path / "console.1.log").read_bytes() == lines(range(400))


def test_a_full_disk_is_reported_and_the_file_is_left_alone(console, tmp_path):
    with standard_error(console):
        limit = ConsoleLimit(console, LIMIT)
        os.write(2, lines(range(300)))
        with largest_file(5_000):
            (problem,) = filter(None, worked(limit))
        assert "can't be moved to console.1.log" in problem
        assert console.read_bytes() == lines(range(300))
        assert [path.name for path in tmp_path.iterdir()] == ["console.log"]
        os.write(2, lines(range(300, 900)))
        assert not any(worked(limit))  # there is room again
        assert (tmp_path / "console.1.log").read_bytes() == lines(range(900))


def test_a_script_s_own_output_is_not_limited(tmp_path):
    other = tmp_path / "console.log"
    other.write_bytes(lines(range(1000)))
    assert not any(worked(ConsoleLimit(other, LIMIT)))
    assert [path.name for path in tmp_path.iterdir()] == ["console.log"]


WRITES = "import os\nfor n in range({count}): os.write(1, (b'%d ' % n) + {size} * b'x' + b'\\n')"


def test_the_wire_limits_the_output_of_a_running_trainer(folder):
    with standard_error(folder.console):
        link = TrainerLink(folder)
    size = 100_000
    count = LIMIT_BYTES // size + 50
    try:
        with open(folder.console, "ab") as console:
            subprocess.run([sys.executable, "-c", WRITES.format(count=count, size=size)], stdout=console, check=True)
        older = folder.path / "console.1.log"
        wait_for(older.exists, "the moved lines")
        with open(folder.console, "ab") as console:
            console.write(b"the end\n")
    finally:
        link.close()
    assert folder.console.read_bytes() == NOTE + b"the end\n"
    with open(older, "rb") as moved:
        assert [int(line.split(b" ")[0]) for line in moved] == list(range(count))
