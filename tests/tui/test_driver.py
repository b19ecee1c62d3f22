"""The terminal driver: non-blocking output, dropped frames, cursor queries."""

import os
import pty
import select
import tty

import pytest
from textual.drivers.web_driver import WebDriver

from tests.waiting import wait_for
from tui.app import HumanoidTui
from tui.terminal.driver import TerminalDriver, _Output
from tui.terminal.throughput import Throughput


def test_a_terminal_is_drawn_on_without_waiting_for_it(tmp_path):
    assert HumanoidTui(tmp_path).driver_class is TerminalDriver


@pytest.mark.parametrize("driver", [WebDriver, TerminalDriver])
def test_who_asks_for_another_driver_gets_it(tmp_path, monkeypatch, driver):
    """As textual-serve does with TEXTUAL_DRIVER."""
    monkeypatch.setattr("textual.constants.DRIVER", f"{driver.__module__}:{driver.__name__}")
    assert HumanoidTui(tmp_path).driver_class is driver


PICTURE = "\x1b[1;1H" + "x" * 5_000


class Output:
    """What writes to a real pseudo-terminal that is read only when a test says so."""

    def __init__(self, queries=False):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self._file = os.fdopen(slave, "w")
        self.throughput = Throughput()
        self.repaints = []
        self.output = _Output(self._file, self.throughput, lambda: self.repaints.append(1), queries=queries)
        self.output.start()
        self.seen = b""

    def read_until(self, end):
        def ended():
            while select.select([self.master], [], [], 0.0)[0]:
                self.seen += os.read(self.master, 65536)
            return self.seen.endswith(end)

        wait_for(ended, f"{end!r}")

    def close(self):
        self.output.finish(0.0)
        self._file.close()
        os.close(self.master)


@pytest.fixture
def output(request):
    output = Output(queries=getattr(request, "param", False))
    yield output
    output.close()


def test_everything_is_written_in_order(output):
    pieces = [f"{number:05}," for number in range(20_000)]
    for piece in pieces:
        output.output.put(piece)
    output.read_until(b"19999,")
    assert output.seen == "".join(pieces).encode()
    assert output.throughput.written == len(output.seen)
    assert output.repaints == []


def test_a_terminal_that_reads_nothing_is_waited_for_by_nobody(output):
    for number in range(1_000):
        output.output.put(PICTURE)
        output.output.put(f"\x1b]52;c;{number}\a")
    output.output.put("the end")
    output.read_until(b"the end")
    assert output.seen.count(b"\x1b]52;c;") == 1_000  # what isn't a picture is never left out
    assert output.seen.count(b"\x1b[1;1H") < 100
    assert len(output.seen) < 500_000
    wait_for(lambda: output.repaints, "a picture of all")


def test_pictures_that_wait_can_be_left_out(output):
    for _ in range(100):
        output.output.put(PICTURE)
    output.output.drop_frames()
    output.output.put("the end")
    output.read_until(b"the end")
    assert len(output.seen) < 50_000


@pytest.mark.parametrize("output", [True], indirect=True)
def test_the_terminal_is_asked_once_it_has_been_sent_something_and_again_once_it_has_answered(output):
    output.output.put("one")
    output.read_until(b"one\x1b[6n")
    output.output.put("two")
    output.read_until(b"two")
    output.output.reply_received()
    output.read_until(b"two\x1b[6n")
    assert output.seen.count(b"\x1b[6n") == 2


def test_what_is_to_be_written_at_the_end_is_waited_for(output):
    output.output.put(PICTURE * 2)
    output.output.finish(60.0)
    output.read_until(b"x")
    assert output.seen.decode().endswith(PICTURE[-100:])
    assert not output.output.is_alive()
