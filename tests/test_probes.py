"""`--num-envs auto` with real trainings on the CPU: a search, and one that is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from presets import load_preset
from tests.waiting import wait_for
from tui.session.backends.devices import list_devices
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.probing.choose import choose_environments

pytestmark = pytest.mark.real


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders of the user's state and of temporary files, which are this test's own; the second is returned."""
    temporary = Path(tempfile.mkdtemp(prefix="probes"))  # short enough for sockets
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)  # which is read from the environment once
    monkeypatch.chdir(tmp_path)
    yield temporary
    temporary.rmdir()


def processes_in(folder):
    """Return the processes that work on a run in `folder`."""
    return [one for one in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(one.info["cmdline"] or ())]


def test_short_trainings_are_measured_and_leave_only_their_result(folders, tmp_path):
    devices = list_devices()
    spec = make_spec(load_preset("cartpole"), Overrides(device="cpu", num_envs=4), devices)
    begun, probes = [], []
    chosen = choose_environments(
        spec, devices, on_begin=begun.append, on_probe=probes.append, budget_seconds=0.0
    )  # no second one
    assert begun == [4]
    assert chosen.num_envs == 4
    assert chosen.probes == (probes[0],)
    assert probes[0].steps_per_second > 1
    assert processes_in(folders) == list(folders.iterdir()) == []
    assert not (tmp_path / "logs").exists()
    stored = choose_environments(spec, devices, on_begin=begun.append, on_probe=probes.append)
    assert (stored.num_envs, stored.result, stored.probes) == (4, chosen.result, ())
    assert begun == [4]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_leaves_nothing(folders, tmp_path, number):
    words = ["-m", "tui", "launch", "cartpole", "--device", "cpu", "--num-envs", "auto"]
    program = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for(lambda: list(folders.glob("humanoid-tui-probe-*/logs/cartpole/*/connection.toml")), "a training")
    assert processes_in(folders)
    os.kill(program.pid, number)
    out, _ = program.communicate()
    assert program.returncode == 130
    assert b"Traceback" not in out
    assert processes_in(folders) == list(folders.iterdir()) == []
    assert not (tmp_path / "logs").exists()
    assert not list((tmp_path / "state").rglob("*.toml"))
