"""Commands on another host, through a real OpenSSH server on this machine."""

from __future__ import annotations

import json
import subprocess

import msgspec
import pytest

from tests.hosts import NEEDS_SSHD, sshd_of
from tests.program import program
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.records import record_of
from tui.session.hosts.host import Host, find_host
from tui.session.hosts.protocol import GREETING
from tui.session.hosts.ssh import program_line

pytestmark = NEEDS_SSHD
HOSTILE = (
    "a b",
    "'",
    '"',
    "$(touch hurt)",
    "`touch hurt`",
    ";touch hurt",
    "a\nb",
    "\\",
    "*",
    "",
    "~",
    "!x",
    "ü→",
    "--",
)


@pytest.fixture
def host(server, monkeypatch):
    server.use(monkeypatch)
    return server


@pytest.fixture
def remote_run(host, make_run):
    """An ended run in the logs of the host."""
    there = host.home / "logs" / "rsl_rl" / "cartpole" / "2026-03-01_10-00-00_there"
    if not there.exists():
        there.parent.mkdir(parents=True)
        make_run(there.name, PhaseChanged("finished")).path.rename(there)
    return there


def test_hostile_arguments_reach_the_program_as_they_are(tmp_path):
    say_all = "python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))'"
    folder = tmp_path / "it's; touch hurt"
    folder.mkdir()
    line = program_line(Host("h", "h", say_all, str(folder)), HOSTILE)
    for shell in ("sh", "bash"):
        done = subprocess.run([shell, "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == list(HOSTILE)
    assert list(tmp_path.iterdir()) == [folder]
    assert not list(folder.iterdir())


def test_a_command_runs_there_with_its_output_and_exit_code(host, remote_run, tmp_path):
    (row,) = json.loads(program(tmp_path, "--host", "loop", "runs", "--json"))
    assert row["run"] == str(remote_run)
    assert "no such run: nothing" in program(tmp_path, "--host", "loop", "stop", "nothing", code=2)
    assert "no such preset" in program(tmp_path, "--host", "loop", "launch", "no such preset", code=2)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"destination": "loop", "command": "no-such-program"}, "set command in [hosts.other]"),
        ({"destination": "nowhere.invalid"}, "there is no such host"),
        ({"destination": "-oProxyCommand=touch hurt"}, "expected a destination of ssh"),
        ({"destination": "loop", "folder": "/no/such/folder"}, "/no/such/folder"),
    ],
)
def test_a_host_that_can_not_be_used_is_one_line(server, monkeypatch, tmp_path, table, line):
    server.use(monkeypatch, other=table)
    code = 2 if "-o" in table["destination"] or "folder" in table else 1
    assert line in program(tmp_path, "--host", "other", "runs", code=code)
    assert not (tmp_path / "hurt").exists()


@pytest.mark.parametrize(
    ("file", "content", "line"),
    [
        ("known_hosts", "", "its key is unknown, or has changed"),
        ("authorized_keys", "", "it refused your key"),
    ],
)
def test_nobody_is_asked_for_keys_and_passwords(tmp_path, monkeypatch, file, content, line):
    with sshd_of(tmp_path / "sshd") as server:
        server.use(monkeypatch)
        (server.folder / file).write_text(content)
        assert line in program(tmp_path, "--host", "loop", "runs", code=1)


def test_files_of_this_machine_are_refused(host, tmp_path):
    (tmp_path / "model_3.pt").touch()
    said = program(tmp_path, "--host", "loop", "launch", "cartpole", "--checkpoint=model_3.pt", code=2)
    assert "expected a file of loop, got model_3.pt" in said
    assert "before the command" in program(tmp_path, "runs", "--host", "loop", code=2)


def test_a_destination_needs_no_settings():
    assert find_host("user@example.org") == Host("user@example.org", "user@example.org")


def test_hosts_are_listed_with_their_load_and_runs_or_a_reason(host, server, remote_run, monkeypatch, tmp_path):
    server.use(monkeypatch, gone={"destination": "nowhere.invalid"}, bare={"destination": "loop", "command": "no-such"})
    states = {state["host"]: state for state in json.loads(program(tmp_path, "hosts", "--json"))}
    assert list(states) == ["loop", "gone", "bare"]
    assert states["loop"]["load"]["cores"] > 0
    assert (states["loop"]["runs"], states["loop"]["live"], states["loop"]["problem"]) == (1, 0, None)
    assert "there is no such host" in states["gone"]["problem"]
    assert "set command in [hosts.bare]" in states["bare"]["problem"]
    lines = program(tmp_path, "hosts").splitlines()
    assert "0 live of 1 run" in lines[0]
    assert lines[1].startswith("gone  ! there is no such host")


def test_runs_of_all_hosts_are_one_list(host, remote_run, make_run, tmp_path):
    here = make_run("2026-03-02_10-00-00_here")
    rows = json.loads(program(tmp_path, "runs", "--all-hosts", "--json", "--logs", str(tmp_path / "logs")))
    assert [(row["host"], row["run"]) for row in rows] == [(None, str(here.path)), ("loop", str(remote_run))]
    assert "loop:cartpole/2026-03-01_10-00-00_there" in program(tmp_path, "runs", "--all-hosts")


def test_another_version_there_is_named(server, monkeypatch, tmp_path):
    hello = msgspec.msgpack.encode({"type": "Hello", "protocol": 99, "version": "99.1"})
    other = tmp_path / "other"
    other.write_bytes(b"welcome to the machine\n" + GREETING + record_of(hello))
    server.use(monkeypatch, other={"destination": "loop", "command": f"cat {other} #"})
    (state,) = json.loads(program(tmp_path, "hosts", "other", "--json"))
    assert "got 99.1; use one version on both machines" in state["problem"]
