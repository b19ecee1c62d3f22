"""The real wire process: sockets, files and signals. The test process is the trainer."""

from __future__ import annotations

import signal
import stat
from pathlib import Path

import pytest
import zmq

from tests.program import bodies_of
from tests.waiting import PATIENCE_SECONDS, wait_for
from trainer_proc.contract.codec import decode_reply, encode
from trainer_proc.contract.connection import Connection, read_connection
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import InterventionQueued, IterationFinished, KnobsAvailable, PhaseChanged
from trainer_proc.contract.requests import Accepted, Export, Pause, Ping, Refused, Request, Save, Stop, Tune
from trainer_proc.wire.link import TrainerLink
from tui.session.trainer_request import TrainerUnreachable, ask

KNOBS = KnobsAvailable(0, (Knob("reward/upright/weight", "reward", 1.0, 1.0, "next iteration"),))
TRAINING = PhaseChanged("training")


def journaled(folder, body):
    wait_for(lambda: body in bodies_of(folder), f"{body} in the journal")


def orders(link):
    """Wait for orders and return all that have arrived."""
    return wait_for(lambda: link.receive(0.1), "an order")


def connection_of(folder) -> Connection:
    connection = read_connection(folder)
    assert connection is not None
    return connection


def sockets_folder(folder):
    return Path(connection_of(folder).control.removeprefix("ipc://")).parent


def test_a_tune_is_numbered_journaled_and_passed_on(folder, link):
    link.emit(KNOBS)
    link.emit(TRAINING)
    journaled(folder, TRAINING)
    assert ask(folder, Tune({"reward/upright/weight": 2.5}, note="higher")).intervention == 1
    (queued,) = orders(link)
    assert isinstance(queued, InterventionQueued)
    assert queued.changes[0].new == 2.5
    assert bodies_of(folder)[-1] == queued
    reply = ask(folder, Tune({"reward/uprigt/weight": 2.5}))
    assert isinstance(reply, Refused)
    assert "nearest: reward/upright/weight" in reply.reason
    assert isinstance(ask(folder, Ping()), Accepted)
    assert link.receive() == []


def test_commands_arrive_in_the_order_in_which_they_were_given(folder, link):
    commands = [Pause(), Save(), Export()]
    for command in commands:
        assert isinstance(ask(folder, command), Accepted)
    received = []
    wait_for(lambda: received.extend(link.receive()) or len(received) == len(commands), "three orders")
    assert received == commands


def test_no_order_is_lost_however_long_the_trainer_does_not_look(folder, link):
    count = 20_000
    with zmq.Context.instance().socket(zmq.DEALER) as client:
        client.linger = 0
        client.connect(connection_of(folder).control)
        for number in range(count):
            client.send(encode(Request(number, Save())))
            if number % 100 == 99:
                for _ in range(100):
                    assert client.poll(1000 * PATIENCE_SECONDS)
                    assert isinstance(decode_reply(client.recv()), Accepted)
    received = []
    wait_for(lambda: received.extend(link.receive()) or len(received) == count, "all orders")


def test_a_stop_before_the_first_iteration_interrupts_the_trainer(folder, link):
    interrupts = []
    before = signal.signal(signal.SIGTERM, lambda *_: interrupts.append(1))
    try:
        assert isinstance(ask(folder, Stop()), Accepted)
        wait_for(lambda: interrupts, "the signal")
        link.emit(IterationFinished(0, 0, b"", 96, 1.0))
        journaled(folder, IterationFinished(0, 0, b"", 96, 1.0))
        assert isinstance(ask(folder, Stop()), Accepted)
        assert isinstance(ask(folder, Ping()), Accepted)
        assert len(interrupts) == 1
    finally:
        signal.signal(signal.SIGTERM, before)


GARBAGE = {
    "nothing": b"",
    "zeros": b"\x00" * 1000,
    "another protocol": b"GET / HTTP/1.1\r\n\r\n",
    "damaged text": encode(Request(7, Tune({"knob": 1.0}, note="what"))).replace(b"what", b"wh\xfft"),
    "an unknown command": encode(Request(7, Ping())).replace(b"Ping", b"Pi\ng"),
    "half a request": encode(Request(7, Ping()))[:-1],
    "endless arrays": b"\x92\x01\x82\xa4type\xa4Ping\xa4more" + b"\x91" * 100_000 + b"\x00",
    "a knob of two lines": encode(Request(7, Tune({"a\nb": 1.0}))),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_in_one_line_and_hurts_nothing(folder, link, garbage):
    link.emit(KNOBS)
    journaled(folder, KNOBS)
    with zmq.Context.instance().socket(zmq.DEALER) as client:
        client.linger = 0
        client.connect(connection_of(folder).control)
        client.send(garbage)
        assert client.poll(1000 * PATIENCE_SECONDS)
        reply = decode_reply(client.recv())
    assert isinstance(reply, Refused)
    assert len(reply.reason.splitlines()) == 1
    link.emit(TRAINING)
    journaled(folder, TRAINING)
    assert isinstance(ask(folder, Ping()), Accepted)


def test_only_the_owner_can_reach_the_sockets_and_nothing_is_left_of_them(folder):
    link = TrainerLink(folder)
    sockets = sockets_folder(folder)
    assert stat.S_IMODE(folder.connection.stat().st_mode) == 0o600
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    link.close()
    assert not folder.connection.exists()
    assert not sockets.exists()
    with pytest.raises(TrainerUnreachable):
        ask(folder, Ping())


def test_the_connection_of_a_later_training_in_the_folder_is_left_alone(folder):
    link = TrainerLink(folder)
    later = folder.connection.read_text().replace("identity = ", 'identity = "later" # ')
    folder.connection.write_text(later)
    link.close()
    assert folder.connection.read_text() == later


def test_all_that_was_emitted_is_written_before_the_wire_closes(folder):
    link = TrainerLink(folder)
    emitted = [PhaseChanged("compiling", "module", count) for count in range(5000)]
    for body in emitted:
        link.emit(body)
    link.close()
    assert bodies_of(folder) == emitted


def test_a_frame_that_the_journal_cannot_hold_is_left_out_without_a_gap(folder, link):
    link.emit(PhaseChanged("compiling", "x" * 17 * 2**20))
    link.emit(TRAINING)
    journaled(folder, TRAINING)
    assert bodies_of(folder) == [TRAINING]


def test_requests_beyond_the_limit_hurt_no_other(folder, link):
    link.emit(KNOBS)
    journaled(folder, KNOBS)
    with zmq.Context.instance().socket(zmq.DEALER) as client:
        client.linger = 0
        client.connect(connection_of(folder).control)
        client.send(encode(Request(7, Tune({"reward/upright/weight": 1.0}, note="x" * 300_000))))
        assert client.poll(1000 * PATIENCE_SECONDS)
        reply = decode_reply(client.recv())
        assert isinstance(reply, Refused)
        assert reply.reason.startswith("expected a request of at most 262144 bytes, got 300")
        client.send(b"\x92" * 5_000_000)  # its connection is cut
        assert isinstance(ask(folder, Ping(), PATIENCE_SECONDS), Accepted)
    assert bodies_of(folder) == [KNOBS]


def test_a_far_too_large_request_is_refused_before_it_is_sent(folder, link):
    reply = ask(folder, Tune({"reward/upright/weight": 1.0}, note="x" * 5_000_000))
    assert isinstance(reply, Refused)
    assert "at most 1000 characters" in reply.reason
