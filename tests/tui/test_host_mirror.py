"""Runs on a host, followed and steered from here through a real OpenSSH server on this machine."""

from __future__ import annotations

import psutil
import pytest

from tests.hosts import NEEDS_SSHD
from tests.waiting import wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.requests import Accepted, Pause
from trainer_proc.contract.trainer_lock import is_training
from tui.session.follow import Follower
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.host_runs import HostRuns
from tui.session.hosts.mirror_folder import mirror_folder, mirrors_folder
from tui.session.hosts.mirror_writer import MirrorWriter
from tui.session.hosts.protocol import Piece, Pulse
from tui.session.hosts.tail import SentFile, tail_of
from tui.session.runs.run_index import RunOrigin, read_state, summarize
from tui.session.stopping import signal_trainer
from tui.session.trainer_request import ask


@pytest.fixture
def hosts(server, monkeypatch):
    server.use(monkeypatch)
    hosts = HostRuns()
    yield hosts
    hosts.close()


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def senders_of(folder):
    """Processes on the host that send this run."""
    words = {"host-stream", str(folder.path)}
    return [one for one in psutil.process_iter(["cmdline"]) if words <= set(one.info["cmdline"] or ())]


def trained(link, iteration):
    link.emit(IterationFinished(iteration, 1, b"\0\0\0\0", 100 * iteration, 1.0))


@NEEDS_SSHD
def test_a_live_run_is_followed_and_steered_through_broken_connections(hosts, server, folder, link):
    link.emit(MetricSet(1, ("reward",)))
    link.emit(PhaseChanged("training"))
    trained(link, 0)
    wait_for(lambda: read_state(folder).iteration == 0, "the journal there")
    here = hosts.open(RunOrigin("loop", str(folder.path)))
    mirror = hosts.mirror_of(here)
    assert here.path.is_relative_to(mirrors_folder())
    assert (here.name, here.read_spec()) == (folder.name, folder.read_spec())
    wait_for(lambda: read_connection(here), "the sockets")
    assert read_connection(here).robot
    seen = []
    with Follower(here) as follower:

        def sees(iteration):
            new = [frame.body for frame in follower.poll(0.1)]
            seen.extend(body.iteration for body in new if isinstance(body, IterationFinished))
            return iteration in seen

        wait_for(lambda: sees(0), "the journal")
        trained(link, 1)
        wait_for(lambda: sees(1), "a new iteration")
        assert isinstance(ask(here, Pause()), Accepted)
        wait_for(lambda: any(isinstance(order, Pause) for order in link.receive()), "the request at the trainer")
        (process,) = senders_of(folder)
        server.cut()
        wait_for(lambda: mirror.problem, "the report of the broken connection")
        assert is_training(here)
        trained(link, 2)
        wait_for(lambda: sees(2), "an iteration of the time without a connection")
        wait_for(lambda: not mirror.problem and read_connection(here), "the next connection")
        trained(link, 3)
        wait_for(lambda: sees(3), "an iteration after it")
        assert seen == [0, 1, 2, 3]
        assert isinstance(ask(here, Pause()), Accepted)
        wait_for(lambda: not process.is_running(), "the end of the program behind the broken connection")
    assert signal_trainer(here, 15) is None
    link.emit(PhaseChanged("finished"))
    link.close()
    wait_for(lambda: summarize(here).status == "finished" and not is_training(here), "the end")
    wait_for(lambda: read_connection(here) is None, "the end of the sockets")
    assert here.journal.read_bytes() == folder.journal.read_bytes()
    hosts.close()
    wait_for(lambda: not senders_of(folder), "the end of the program there")
    assert hosts.open(RunOrigin("loop", str(folder.path))).journal.read_bytes() == folder.journal.read_bytes()


@NEEDS_SSHD
def test_a_run_that_is_not_there_is_one_line(hosts):
    with pytest.raises(HostError, match="loop: no runs in"):
        hosts.open(RunOrigin("loop", "/no/such/run"))


def test_what_was_sent_is_sent_again_when_it_is_not_the_beginning_any_more(tmp_path):
    path = tmp_path / "journal.msgpack"
    path.write_bytes(b"a" * 10)
    sent = SentFile(path, tail_of(path))
    assert sent.next_piece() is None
    path.write_bytes(b"a" * 10 + b"b")
    assert (piece := sent.next_piece()).offset == 10
    assert piece.data == b"b"
    path.write_bytes(b"a" * 10 + b"cc")  # a record was cut off, and another one written
    assert (piece := sent.next_piece()).offset == 0
    assert piece.data == b"a" * 10 + b"cc"
    path.write_bytes(b"")
    assert (piece := sent.next_piece()).data == b""
    assert sent.next_piece() is None


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(
    "message",
    [
        Piece("console.log", 5, b"a hole"),
        Pulse(True, publish="tcp://1.2.3.4:5", control="ipc:///tmp/a"),
        Pulse(True, publish="ipc:///tmp/a:/tmp/b", control="ipc:///tmp/a"),
        Pulse(True, publish="ipc:///tmp/a\nX", control="ipc:///tmp/a"),
    ],
)
def test_what_a_host_must_not_send_is_refused(message):
    folder = mirror_folder("loop", "/logs/run")
    writer = MirrorWriter(Host("loop", "loop"), folder)
    with pytest.raises(HostError, match="loop: expected"):
        writer.write(message) if isinstance(message, Piece) else writer.take(message)
    writer.close()
    assert read_connection(folder) is None


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("path", ["/", "..", "/logs/..", "/logs/../..", "a\0b", "/x" * 3000, "/logs/" + "ü" * 300])
@pytest.mark.parametrize("host", ["..", "a/b", "gpu1"])
def test_mirrors_stay_in_their_folder(host, path):
    folder = mirror_folder(host, path).path
    assert folder.relative_to(mirrors_folder()).parts[3:]
    folder.mkdir(parents=True)
