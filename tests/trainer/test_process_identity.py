"""A process is told apart from a later one with its id, whatever the clock does."""

import os
import shutil
import socket
import subprocess
import sys

import msgspec
import psutil
import pytest

from tests.sockets import private_address
from trainer_proc.contract.connection import Connection, read_connection, write_connection
from trainer_proc.contract.process_identity import process_identity
from trainer_proc.contract.run_folder import RunFolder


def test_a_process_keeps_its_identity_until_it_ends():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = process_identity(child.pid)
    assert identity
    assert identity != process_identity(os.getpid())
    assert process_identity(child.pid) == identity
    child.communicate(b"\n")
    assert process_identity(child.pid) == ""


def test_a_process_that_nobody_has_waited_for_has_ended():
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout.read() == b""
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_identity(child.pid) == ""
    child.communicate()


@pytest.mark.parametrize("pid", [-1, 0, 2**31 - 1, 10**30])
def test_there_is_no_such_process(pid):
    assert process_identity(pid) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="the clock is part of an identity elsewhere")
def test_a_step_of_the_clock_changes_nothing(folder, monkeypatch):
    write_connection(folder, private_address(), private_address())
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: 0.0)
    assert read_connection(folder) is not None


def test_a_training_that_version_0_1_has_started_is_alive(folder):
    own = psutil.Process()
    lines = (
        f'host = "{socket.gethostname()}"',
        f"pid = {own.pid}",
        "process_started = {}",
        f'publish = "{private_address()}"',
        f'control = "{private_address()}"',
    )
    folder.connection.write_text("\n".join(lines).format(own.create_time()))
    assert read_connection(folder).robot == ""
    folder.connection.write_text("\n".join(lines).format(own.create_time() - 60))
    assert read_connection(folder) is None


def test_a_connection_of_an_earlier_process_with_the_id_is_dead(folder):
    write_connection(folder, private_address(), private_address())
    connection = read_connection(folder)
    for identity in ("another boot 12345", ""):
        assert not msgspec.structs.replace(connection, identity=identity).is_alive()
    gone = Connection(connection.host, 2**31 - 1, "", "")
    assert not gone.is_alive()


def test_a_copy_of_a_live_run_is_not_live(folder):
    write_connection(folder, private_address(), private_address())
    copy = RunFolder(shutil.copytree(folder.path, folder.path.with_name("copy")))
    assert read_connection(copy) is None
    moved = RunFolder(folder.path.rename(folder.path.with_name("moved")))
    assert read_connection(moved) is not None
