"""A trainer on another machine, reached by TCP with keys. A host name of its own makes it one that runs here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import tomli_w
import zmq
from msgspec import to_builtins
from msgspec.structs import replace
from zmq.utils.monitor import recv_monitor_message

from tests.program import bodies_of
from tests.waiting import PATIENCE_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import InterventionQueued, PhaseChanged
from trainer_proc.contract.requests import Accepted, Ping, Tune
from trainer_proc.contract.robot import Selection
from trainer_proc.contract.robot_socket import watching_socket
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.wire_keys import make_keys, read_keys
from trainer_proc.wire.link import TrainerLink
from tui.session.follow import Follower
from tui.session.trainer_request import TrainerUnreachable, ask

KNOB = "reward/upright/weight"
PROGRAM = f"""
import sys
from pathlib import Path
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import KnobsAvailable, PhaseChanged
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import TrainerLink
link = TrainerLink(RunFolder(Path(sys.argv[1])))
link.emit(KnobsAvailable(0, (Knob({KNOB!r}, "reward", 1.0, 1.0, "next iteration"),)))
link.emit(PhaseChanged("training"))
print(link.robot.recv(), flush=True)
input()
link.close()
"""


@pytest.fixture
def elsewhere(folder):
    """A trainer on a machine named localhost, which is reached by that name."""
    if os.geteuid():
        pytest.skip("only root may give a process another host name")
    make_keys(folder)
    named = ("unshare", "--uts", "sh", "-c", 'hostname localhost && exec "$@"', "sh")
    process = subprocess.Popen(
        [*named, sys.executable, "-c", PROGRAM, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    wait_for(lambda: read_connection(folder) and PhaseChanged("training") in bodies_of(folder), "the trainer")
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def here(folder):
    """A trainer with keys on this machine."""
    make_keys(folder)
    link = TrainerLink(folder)
    yield link
    link.close()


def outcome(kind, address, keys):
    """Return the event with which a client's handshake ends."""
    with zmq.Context() as context, context.socket(kind) as client:
        client.linger = 0
        if keys is not None:
            client.curve_serverkey = keys.server_public.encode()
            client.curve_publickey = keys.client_public.encode()
            client.curve_secretkey = keys.client_secret.encode()
        ends = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
        ends |= zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED
        with client.get_monitor_socket(ends) as monitor:
            client.connect(address)
            assert monitor.poll(PATIENCE_SECONDS * 1000)
            event = recv_monitor_message(monitor)["event"]
            client.disable_monitor()
        return event


def test_a_trainer_on_another_machine_is_followed_steered_and_watched(folder, elsewhere):
    connection = read_connection(folder)
    addresses = (connection.publish, connection.control, connection.robot)
    assert all(address.startswith("tcp://localhost:") for address in addresses)
    with Follower(folder) as follower:
        seen = []
        wait_for(lambda: seen.extend(f.body for f in follower.poll(0.1)) or PhaseChanged("training") in seen, "frames")
        assert follower.is_live
        assert ask(folder, Tune({KNOB: 2.5}, note="higher")).intervention == 1
        wait_for(lambda: seen.extend(f.body for f in follower.poll(0.1)) or InterventionQueued in map(type, seen), "it")
    with watching_socket(connection, Selection("env", "0"), 10):
        assert elsewhere.stdout.readline().startswith(b"b'\\x01")  # its subscription
    elsewhere.communicate(b"\n")
    wait_for(lambda: read_connection(folder) is None, "the end of the wire process")
    assert elsewhere.returncode == 0


def test_a_trainer_that_is_killed_on_another_machine_is_dead(folder, elsewhere):
    elsewhere.kill()
    wait_for(lambda: read_connection(folder) is None, "the end of the wire process")
    assert bodies_of(folder)[-1].phase == "failed"


def test_other_keys_and_none_are_refused_by_all_addresses(folder, here):
    connection = read_connection(folder)
    keys, (public, secret) = read_keys(folder), zmq.curve_keypair()
    others = replace(keys, client_public=public.decode(), client_secret=secret.decode())
    robot = f"tcp://127.0.0.1:{connection.remote.robot.rpartition(':')[2]}"
    for kind, address in (
        (zmq.DEALER, connection.control),
        (zmq.DEALER, connection.remote.control),
        (zmq.SUB, connection.publish),
        (zmq.SUB, robot),
    ):
        assert outcome(kind, address, keys) == zmq.EVENT_HANDSHAKE_SUCCEEDED
        assert outcome(kind, address, others) == zmq.EVENT_HANDSHAKE_FAILED_AUTH
        assert outcome(kind, address, None) != zmq.EVENT_HANDSHAKE_SUCCEEDED
    assert isinstance(ask(folder, Ping()), Accepted)


@pytest.mark.parametrize("spoil", [lambda file: file.chmod(0o640), lambda file: file.write_text("x = 1")])
def test_keys_that_others_may_read_or_that_are_damaged_open_no_port(folder, spoil):
    make_keys(folder)
    spoil(folder.wire_keys)
    link = TrainerLink(folder)
    try:
        connection = read_connection(folder)
        assert connection.remote is None
        assert isinstance(ask(folder, Ping()), Accepted)
    finally:
        link.close()


def test_without_keys_that_are_the_users_alone_no_address_is_followed(folder, here, tmp_path):
    copy = RunFolder(shutil.copytree(folder.path, tmp_path / "copy"))
    assert read_connection(copy) is None
    for spoil in (lambda: folder.wire_keys.chmod(0o644), folder.wire_keys.unlink):
        spoil()
        assert read_connection(folder) is None
        with pytest.raises(TrainerUnreachable, match=r"expected the sockets of .*: it is not followed"):
            ask(folder, Ping())


def test_a_link_in_place_of_the_keys_is_none(folder, tmp_path):
    make_keys(folder)
    folder.wire_keys.rename(tmp_path / "keys")
    folder.wire_keys.symlink_to(tmp_path / "keys")
    assert read_keys(folder) is None
    assert folder.wire_keys.stat().st_mode & 0o777 == 0o600


def test_a_trainer_elsewhere_is_dead_after_a_long_silence(folder, here):
    connection = read_connection(folder)
    here.close()
    elsewhere = replace(connection, host="node7", keys=None)
    folder.connection.write_text(tomli_w.dumps(to_builtins(elsewhere)))
    assert read_connection(folder).control == connection.remote.control
    for wrong in ("ipc:///tmp/x", "tcp://node7", "tcp://a b:1", "tcp://node7:1;tcp://other:2"):
        changed = replace(elsewhere, remote=replace(connection.remote, publish=wrong))
        folder.connection.write_text(tomli_w.dumps(to_builtins(changed)))
        assert read_connection(folder) is None
    folder.connection.write_text(tomli_w.dumps(to_builtins(elsewhere)))
    os.utime(folder.connection, (1e9, 1e9))
    assert read_connection(folder) is None
