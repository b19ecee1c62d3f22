"""Output on links of different speed and latency of keys, in simulated time."""

import math

import pytest

from tests.tui.slow_terminal import Painter, SlowTerminal
from tui.terminal.throughput import TARGET_SECONDS, Throughput

FIRST_PICTURE = 40_000


def painter_on(terminal):
    """A program that has drawn its first picture and is asked for ten frames of 3.6 kB a second from then on."""
    painter = Painter(terminal)
    terminal.write(FIRST_PICTURE)
    painter.run(5 + 2 * FIRST_PICTURE / terminal.speed)
    return painter


@pytest.mark.parametrize("replies", [True, False], ids=["replies", "no replies"])
def test_a_slow_terminal_is_kept_busy_and_keys_hardly_wait(replies):
    painter = painter_on(SlowTerminal(30_000, replies=replies))
    painter.run(15)
    assert painter.wait_percentile(0.95) < 2 * TARGET_SECONDS + 0.03
    assert 6 < painter.frames / 15 < 9


def test_to_try_whether_a_terminal_without_answers_is_faster_now_costs_moments():
    painter = painter_on(SlowTerminal(30_000, replies=False))
    painter.run(600)
    assert painter.wait_percentile(0.95) < 2 * TARGET_SECONDS + 0.03


def test_nothing_is_tried_while_somebody_types():
    terminal = SlowTerminal(30_000, replies=False)
    painter = painter_on(terminal)
    painter.run(5)
    longest = 0.0
    for _ in range(600):
        terminal.throughput.key_pressed(terminal.now)
        painter.run(0.5)
        longest = max(longest, painter.waits[-1])
    assert longest < 0.2


@pytest.mark.parametrize("replies", [True, False], ids=["replies", "no replies"])
def test_a_fast_terminal_gets_every_frame(replies):
    painter = painter_on(SlowTerminal(10e6, replies=replies))
    painter.run(20)
    assert painter.frames == pytest.approx(200, abs=2)


def test_answers_see_through_the_queues_of_a_long_way():
    terminal = SlowTerminal(30_000, queue=10**6, way=0.1)
    painter = painter_on(terminal)
    painter.run(30)
    assert painter.wait_percentile(0.95) < 0.3
    assert painter.frames / 30 > 4


def test_without_answers_such_queues_fill():
    """That the test before shows something."""
    painter = painter_on(SlowTerminal(30_000, queue=10**6, way=0.1, replies=False))
    painter.run(30)
    assert painter.wait_percentile(0.95) > 1.0


def test_a_long_way_alone_costs_no_frames():
    painter = painter_on(SlowTerminal(10e6, way=0.15))
    painter.run(20)
    assert painter.frames / 20 > 9.5


@pytest.mark.parametrize("replies", [True, False], ids=["replies", "no replies"])
def test_a_terminal_that_becomes_fast_again_is_believed(replies):
    terminal = SlowTerminal(10_000, replies=replies)
    painter = painter_on(terminal)
    painter.run(10)
    assert painter.frames / 10 < 4
    terminal.speed = 10e6
    painter.run(120 if not replies else 10)
    painter.run(10)
    assert painter.frames / 10 > 9


@pytest.mark.parametrize("replies", [True, False], ids=["replies", "no replies"])
def test_a_terminal_that_becomes_slow_is_noticed(replies):
    terminal = SlowTerminal(10e6, replies=replies)
    painter = painter_on(terminal)
    terminal.speed = 20_000
    painter.run(10)
    painter.run(10)
    assert painter.wait_percentile(0.95) < 0.3


def test_a_terminal_that_takes_nothing_is_sent_nothing_more():
    terminal = SlowTerminal(30_000)
    painter = painter_on(terminal)
    terminal.speed = 1e-9
    painter.run(10)
    before = terminal.asked_to_write
    painter.run(10)
    assert terminal.asked_to_write < before + 100  # queries


@pytest.mark.parametrize("replies", [True, False], ids=["replies", "no replies"])
def test_after_a_stall_all_is_as_before(replies):
    terminal = SlowTerminal(10e6, replies=replies)
    painter = painter_on(terminal)
    terminal.speed = 1e-9
    terminal.write(30_000)  # what a key draws
    painter.run(20)
    terminal.speed = 10e6
    painter.run(3 if replies else 30)
    painter.run(10)
    assert painter.frames / 10 > 9.5


def test_a_lost_answer_holds_up_for_a_moment_only():
    throughput = Throughput()
    throughput.queued(5_000)
    throughput.wrote(5_000, 0.0, now=0.0)
    throughput.query_sent(4, now=0.0)
    throughput.wrote(4, 0.0, now=0.0)
    throughput.reply_received(now=0.1)
    throughput.queued(100_000)
    throughput.wrote(100_000, 0.0, now=1.0)
    throughput.query_sent(4, now=1.0)
    throughput.wrote(4, 0.0, now=1.0)
    assert throughput.room(now=2.0) < 0
    assert throughput.room(now=5.0) > 0
    assert not throughput.should_query(now=2.0)
    assert throughput.should_query(now=5.0)


def test_nothing_is_asked_about_nothing():
    throughput = Throughput()
    assert not throughput.should_query(now=0.0)
    throughput.queued(10)
    throughput.wrote(10, 0.0, now=0.0)
    assert throughput.should_query(now=0.0)
    throughput.query_sent(4, now=0.0)
    throughput.wrote(4, 0.0, now=0.0)
    assert throughput.awaits_reply
    throughput.reply_received(now=0.1)
    assert not throughput.awaits_reply
    assert not throughput.should_query(now=0.2)
    assert throughput.room(now=0.2) > 1_000
    assert math.isfinite(throughput.room(now=0.2))
