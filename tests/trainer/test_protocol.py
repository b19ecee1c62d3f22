"""Journals and sockets of other versions: unknown kinds are skipped and reported, a newer major version is refused."""

from __future__ import annotations

import msgspec
import pytest
import zmq

from tests.sockets import private_address
from tests.waiting import wait_for
from trainer_proc.contract.codec import decode_frame, encode, pack_values
from trainer_proc.contract.connection import write_connection
from trainer_proc.contract.errors import ProtocolTooNew
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.messages import (
    PROTOCOL,
    WELCOME,
    Change,
    Frame,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    MetricSet,
    PhaseChanged,
    RampAdvanced,
    RunStarted,
)
from trainer_proc.contract.stand_ins import Damaged, UnknownBody
from tui.command_group import run_command
from tui.session.follow import Follower
from tui.session.metrics.history import MetricHistory
from tui.session.runs.journal_summary import summarize_journal
from tui.session.runs.run_index import read_state
from tui.session.state import RunState
from tui.session.status_text import progress

STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)


class Evaluated(msgspec.Struct, tag=True):
    """A kind of frame that a later version might have."""

    success: float


def raw(number, body, *more):
    """The bytes of a frame of any body; `more` are fields that a later version has added to frames."""
    return msgspec.msgpack.encode([number, 1e9 + number, body, *more])


def with_fields(body, **fields):
    """A body with fields that a later version has added."""
    return msgspec.to_builtins(body) | fields


def write(folder, *records):
    journal = JournalWriter(folder.journal)
    for data in records:
        journal.append(data)
    journal.close()


@pytest.fixture
def newer(folder):
    """A run whose journal has unknown kinds of frames, unknown fields, and references to what was in unknown frames."""
    change = (Change("reward/new/weight", 1.0, 2.0),)
    bodies = [
        with_fields(STARTED, cluster="alpha"),
        Evaluated(0.5),
        MetricSet(0, ("Train/mean_reward",)),
        with_fields(PhaseChanged("training"), since=3.0),
        IterationFinished(0, 0, pack_values([1.5]), 96, 10.0),
        IterationFinished(1, 7, pack_values([9.0, 9.0]), 192, 9.0),  # set 7 came in a frame that is skipped
        InterventionQueued(1, "person", change),
        InterventionApplied(1, "person", 2, 1, change, pinned=("reward/new/weight",)),
        RampAdvanced(3, 2, change, {"reward/new/weight": 0}),
        Evaluated(0.75),
        IterationFinished(2, 0, pack_values([2.5]), 288, 8.0),
    ]
    write(folder, *(raw(number, body, "later") for number, body in enumerate(bodies)))
    return folder


def test_the_journal_is_read_without_them_and_they_are_counted(newer):
    frames = JournalReader(newer.journal).read_new()
    assert [frame.number for frame in frames] == list(range(11))
    assert [frame.body for frame in frames if isinstance(frame.body, UnknownBody)] == [UnknownBody("Evaluated")] * 2
    state, history = RunState(), MetricHistory()
    state.apply_all(frames)
    history.apply(frames)
    assert state.unknown_kinds == {"Evaluated": 2}
    assert (state.iteration, state.latest) == (2, {"Train/mean_reward": 2.5})
    assert history.series["Train/mean_reward"].ys.tolist() == [1.5, 2.5]
    assert state.interventions[1].iteration == 2
    assert progress(state, True, 8).endswith("2 frames of unknown kinds skipped (Evaluated): update humanoid-tui")


def test_a_journal_without_them_reports_nothing(make_run):
    folder = make_run("2026-03-01_10-00-01", STARTED, PhaseChanged("training"))
    assert "unknown" not in progress(read_state(folder), True, 8)


def test_a_writer_continues_behind_them(folder):
    write(folder, raw(0, STARTED), raw(1, Evaluated(0.5)))
    assert JournalWriter(folder.journal).next_number == 2


def test_the_socket_skips_them_without_a_gap(folder, tmp_path):
    with zmq.Context() as context, context.socket(zmq.XPUB) as publisher:
        publisher.setsockopt(zmq.XPUB_WELCOME_MSG, WELCOME)
        publisher.setsockopt(zmq.LINGER, 0)
        address = private_address()
        publisher.bind(address)
        write_connection(folder, address, address)
        write(folder, raw(0, STARTED))
        frames = []
        with Follower(folder) as follower:
            wait_for(lambda: frames.extend(follower.poll(0.05)) or len(frames) == 1, "the journal")
            assert publisher.recv() == b"\x01"
            wait_for(lambda: follower.poll(0.01) == [] and follower.is_live, "the welcome")
            for number, body in ((1, Evaluated(0.5)), (2, PhaseChanged("training"))):
                publisher.send(raw(number, body))
            wait_for(lambda: frames.extend(follower.poll(0.05)) or len(frames) == 3, "the frames of the socket")
    assert [frame.body for frame in frames] == [STARTED, UnknownBody("Evaluated"), PhaseChanged("training")]


@pytest.mark.parametrize("body", [{"type": "RunStarted", "protocol": PROTOCOL + 1}, {"protocol": "2.0"}])
def test_a_newer_major_version_is_refused_in_one_line(folder, body, capsys, monkeypatch, tmp_path):
    whole = with_fields(STARTED, protocol=PROTOCOL + 1)
    for start in (body | {"type": "RunStarted"}, whole):
        with pytest.raises(ProtocolTooNew, match=r"protocol 1 or older, got 2.*; update humanoid-tui"):
            decode_frame(raw(0, start))
    write(folder, encode(Frame(0, 1e9, PhaseChanged("building"))))
    with open(folder.journal, "ab") as journal:
        data = raw(1, whole)
        journal.write(b"\xc6" + len(data).to_bytes(4, "big") + data)
    for read in (read_state, lambda folder: summarize_journal(folder.journal)):
        with pytest.raises(ProtocolTooNew):
            read(folder)
    monkeypatch.chdir(tmp_path)
    assert run_command(["attach", folder.name, "--logs", str(tmp_path / "logs"), "--json"]) == 1
    line = capsys.readouterr().err.strip()
    assert "\n" not in line
    assert f"{folder.journal}: expected protocol 1 or older, got 2" in line


def test_a_known_kind_that_does_not_fit_is_damage(folder):
    write(folder, raw(0, STARTED))
    with open(folder.journal, "ab") as journal:
        data = raw(1, {"type": "PhaseChanged", "phase": 7})
        journal.write(b"\xc6" + len(data).to_bytes(4, "big") + data)
    assert [type(frame.body) for frame in JournalReader(folder.journal).read_new()] == [RunStarted, Damaged]
