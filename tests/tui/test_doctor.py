"""What `humanoid-tui doctor` says of this machine and of the Isaac Labs that it may have."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shlex
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest

from tests.waiting import wait_for
from tui.cli import run
from tui.session.backends.asset_server import is_reachable
from tui.session.backends.interpreter import Found
from tui.session.settings.config import config_file

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "isaaclab",
    "newton",
    "rsl-rl-lib",
    "torch",
    "warp-lang",
    "tensorboard",
    "onnx",
    "onnxruntime",
    "onnxscript",
)
ISAACLAB = Found(
    "3.12.1",
    "/opt/isaac/bin/python",
    missing=[],
    versions={**dict.fromkeys(PACKAGES, "5.5.1"), "isaacsim": None, "rl-games": None, "skrl": "2.1.1"},
    has_pip=True,
    isaac_sim="",
    asset_root="",
)


@pytest.fixture(autouse=True)
def empty_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUMANOID_TUI_LOGS", str(tmp_path / "logs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OMNI_KIT_ACCEPT_EULA", raising=False)


@pytest.fixture
def configure(tmp_path):
    """Configure an Isaac Lab whose Python has this to say; return its command."""

    def configure(**differences):
        found = msgspec.structs.replace(ISAACLAB, **differences)
        script = tmp_path / "isaaclab.sh"
        script.write_text(f"#!/bin/sh\necho {shlex.quote(msgspec.json.encode(found).decode())}\n")
        script.chmod(0o755)
        config_file().parent.mkdir(parents=True, exist_ok=True)
        config_file().write_text(f'[backends.isaaclab]\npython = "{script} -p"\n')
        return f"{script} -p"

    return configure


def backend(report, name):
    return next(backend for backend in report["backends"] if backend["name"] == name)


def examined(capsys, code):
    """The doctor's text and its JSON, which must end with this code."""
    assert run(["doctor"]) == code
    text, error = capsys.readouterr()
    assert len(error.splitlines()) == code
    assert run(["doctor", "--json"]) == code
    return text, json.loads(capsys.readouterr().out)


def test_a_machine_with_mjlab_alone_is_healthy_and_told_how_to_get_isaac_lab(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    text, report = examined(capsys, 0)
    assert (report["log_root"], report["log_root_writable"]) == (str(tmp_path / "logs"), True)
    assert report["devices"][-1].startswith("cpu")
    mjlab, isaaclab = report["backends"]
    assert (mjlab["interpreter"], mjlab["problem"], mjlab["install"]) == (sys.executable, "", [])
    assert mjlab["packages"]["mjlab"] == importlib.metadata.version("mjlab")
    assert (isaaclab["python"], isaaclab["problem"], report["isaac_sim"]) == ("", "", None)
    folder = ROOT / ".venv-isaaclab"
    assert isaaclab["install"][0].startswith(f"UV_PROJECT_ENVIRONMENT={folder} uv sync --project {ROOT} --python 3.12 ")
    assert isaaclab["install"][-1] == f'backends.isaaclab.python = "{folder}/bin/python"'
    assert all(line in text for line in isaaclab["install"])
    assert "!" not in text


def test_both_environments_are_shown_in_80_columns(capsys, configure, tmp_path):
    command = configure(asset_root=str(tmp_path))
    text, report = examined(capsys, 0)
    isaaclab = backend(report, "isaaclab")
    assert (isaaclab["interpreter"], isaaclab["python"], isaaclab["problem"]) == (command, "3.12.1", "")
    assert (isaaclab["packages"]["newton"], isaaclab["packages"]["rl-games"]) == ("5.5.1", None)
    assert f"isaaclab  Python 3.12.1, {command}\n" in text
    assert "isaaclab 5.5.1, newton 5.5.1," in text
    assert "rl-games" not in text
    assert f"assets reachable: {tmp_path}\n" in text
    assert report["isaac_sim"] == {
        "version": "",
        "eula_accepted": False,
        "asset_root": str(tmp_path),
        "assets_reachable": True,
    }
    places = (str(tmp_path), sys.executable, command)
    assert all(len(line) <= 80 for line in text.splitlines() if not any(place in line for place in places))


@pytest.mark.parametrize(("value", "accepted"), [("YES", True), ("y", True), ("no", False), (None, False)])
def test_isaac_sim_and_the_variable_that_accepts_its_licence(capsys, configure, monkeypatch, value, accepted):
    configure(isaac_sim="6.2.0")
    if value is not None:
        monkeypatch.setenv("OMNI_KIT_ACCEPT_EULA", value)
    text, report = examined(capsys, 0)
    assert (report["isaac_sim"]["version"], report["isaac_sim"]["eula_accepted"]) == ("6.2.0", accepted)
    assert f"Isaac Sim 6.2.0; OMNI_KIT_ACCEPT_EULA is {'' if accepted else 'not '}set\n" in text
    assert report["isaac_sim"]["assets_reachable"] is None  # it said no place


def test_assets_out_of_reach_are_no_illness_but_told_with_what_can_be_done(capsys, configure, tmp_path):
    configure(asset_root=str(tmp_path / "gone"))
    text, _ = examined(capsys, 0)
    assert f"assets unreachable: {tmp_path}/gone\n" in text
    assert "humanoid-tui assets --offline" in text


@pytest.mark.parametrize(
    ("differences", "problem", "remedy"),
    [
        ({"missing": ["zmq"]}, "lacks zmq", "-m pip install pyzmq=="),
        ({"missing": ["onnxruntime"]}, "lacks onnxruntime", "-m pip install onnxruntime=="),
        ({"python": "3.10.2"}, "is Python 3.10.2", "the trainer needs 3.11 or newer"),
    ],
)
def test_a_configured_isaac_lab_that_can_not_train_is_a_problem(capsys, configure, differences, problem, remedy):
    configure(**differences)
    text, report = examined(capsys, 1)
    assert problem in backend(report, "isaaclab")["problem"]
    assert "! isaaclab " in text
    assert remedy in text
    assert backend(report, "mjlab")["problem"] == ""


def test_an_isaac_lab_that_is_not_where_it_should_be_is_a_problem(capsys):
    config_file().parent.mkdir(parents=True)
    config_file().write_text('backends.isaaclab.python = "/nowhere/python"\n')
    text, report = examined(capsys, 1)
    assert "! isaaclab " in text
    assert backend(report, "isaaclab")["problem"].endswith("/nowhere/python does not exist")
    config_file().write_text("[backends\n")
    text, report = examined(capsys, 1)
    assert str(config_file()) in backend(report, "isaaclab")["problem"]


def test_mjlab_may_be_missing_where_isaac_lab_is_there(capsys, configure, monkeypatch):
    def nothing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", nothing)
    configure()
    text, report = examined(capsys, 0)
    assert backend(report, "mjlab")["install"] == [f"uv sync --project {ROOT} --extra mjlab --extra export"]
    assert f"uv sync --project {ROOT} --extra mjlab --extra export" in text
    configure(missing=["torch"])
    text, report = examined(capsys, 1)
    assert backend(report, "mjlab")["problem"].startswith("mjlab, rsl-rl-lib, ")
    assert "! mjlab " in text


def test_a_folder_that_can_not_be_written_is_one_json_value(capsys, tmp_path):
    (tmp_path / "file").touch(mode=0o600)
    arguments = ["doctor", "--logs", str(tmp_path / "file" / "logs")]
    assert run([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["log_root_writable"] is False
    assert run(arguments) == 1
    out, err = capsys.readouterr()
    assert "! logs" in out
    assert len(err.splitlines()) == 1


def test_a_server_is_in_reach_if_it_answers_whatever_it_says():
    class Nothing(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(404)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Nothing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        root = f"http://127.0.0.1:{server.server_port}/Assets"
        assert is_reachable(root) is True
        server.shutdown()
        thread.join()
    assert is_reachable(root) is False


def test_a_server_that_says_nothing_is_out_of_reach():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert is_reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_seconds=0.2) is False
    wait_for(lambda: not any(thread.name == "asset server" for thread in threading.enumerate()), "its thread's end")


def test_what_is_no_folder_and_no_http_is_not_judged(tmp_path):
    assert is_reachable("omniverse://localhost/Assets") is None
    assert is_reachable("") is None
    assert (is_reachable(str(tmp_path)), is_reachable(str(tmp_path / "gone"))) == (True, False)
