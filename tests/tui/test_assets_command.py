"""The command that tells where Isaac Lab finds its robots, and builds some of them here."""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import click
import pytest

from tests.scripts import ROOT
from trainer_proc.contract.asset_root import MANIFEST, asset_exists, read_manifest
from trainer_proc.simulators.isaaclab.g1 import CONVERTED_G1, STOCK_G1
from tui.cli import run
from tui.session.backends import assets
from tui.session.backends.environment import LaunchError


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, GROUND, HUMANOID
    from trainer_proc.simulators.isaaclab.asset_root import CARTPOLE, GROUND, HUMANOID


VARIABLE = "ISAACSIM_ASSET_ROOT"
CARTPOLE_USD = '#usda 1.0\n(\n    defaultPrim = "cartPole"\n)\n'
JOINTS = ("abdomen_x", "right_knee", "left_knee", "right_elbow", "left_elbow")
GROUP = '\n    def PhysicsCollisionGroup "{0}" (\n    )\n    {{\n        rel x = </{0}>\n    }}\n'
HUMANOID_USD = "#usda 1.0\n" + "".join(f'def PhysicsRevoluteJoint "{joint}"\n' for joint in JOINTS)
CONVERTER = """
from pathlib import Path
from types import SimpleNamespace
class Converter:
    def __init__(self, layer_structure, scene):
        assert not layer_structure and not scene
    def convert(self, model, folder):
        converted = Path(folder) / "g1.usdc"
        converted.write_bytes(Path(model).read_bytes()[:20])
        return SimpleNamespace(path=str(converted))
"""


@pytest.fixture(autouse=True)
def data_home(tmp_path, monkeypatch):
    """The user's data lie here, and nobody has said where assets are."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "data" / "humanoid-tui" / "isaaclab-assets"


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A Python that has newton and the converter, as far as the builder uses them: it is the real one that builds."""
    folder = tmp_path / "packages"
    examples = folder / "newton" / "examples" / "assets"
    examples.mkdir(parents=True)
    (folder / "newton" / "__init__.py").touch()
    (examples / "cartpole_single_pendulum.usda").write_text(CARTPOLE_USD)
    (examples / "humanoid.usda").write_text(HUMANOID_USD + GROUP.format("a") + GROUP.format("b"))
    (folder / "newton-1.6.1.dist-info").mkdir()
    (folder / "newton-1.6.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: newton\nVersion: 1.6.1\n")
    (folder / "mujoco_usd_converter.py").write_text(CONVERTER)
    variables = {"PYTHONPATH": os.pathsep.join((str(folder), str(ROOT)))}
    monkeypatch.setattr("tui.commands.assets.backend_command", lambda backend: ([sys.executable], variables))
    return folder


@pytest.fixture
def model(tmp_path, monkeypatch):
    """mjlab is installed, whatever is installed where this runs."""
    model = tmp_path / "g1.xml"
    model.write_text("<mujoco model='g1'/>")
    monkeypatch.setattr(assets, "g1_model", lambda: model)
    return model


@pytest.fixture
def server(tmp_path):
    """A server that has what `files` says; its address."""
    files: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200 if self.path in files else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.files = files
    server.url = f"http://127.0.0.1:{server.server_port}/Assets"
    yield server
    server.shutdown()
    server.server_close()


def test_what_newton_and_mjlab_ship_is_built_once(prints, packages, model, data_home):
    first = prints("assets", "--offline")
    assert f"built in {data_home}:" in first
    assert [line.strip() for line in first.splitlines()[1:]] == [
        "Cartpole, from newton 1.6.1's examples",
        "Humanoid (21 joints), from newton 1.6.1's examples",
        "ground plane",
        "Unitree G1 (29 joints), converted from mjlab's g1.xml",
    ]
    humanoid = (data_home / HUMANOID).read_text()
    assert "right_knee" not in humanoid
    assert "right_shin" in humanoid
    assert "CollisionGroup" not in humanoid
    assert 'defaultPrim = "cartpole"' in (data_home / CARTPOLE).read_text()
    assert (data_home / CONVERTED_G1).read_text() == "<mujoco model='g1'/>"

    (data_home / CARTPOLE).write_text("as it was")
    assert "already built; --force builds it again" in prints("assets", "--offline")
    assert prints("assets", "--offline", "--json") == {"root": str(data_home), "built": False}
    assert (data_home / CARTPOLE).read_text() == "as it was"
    again = prints("assets", "--offline", "--force", "--json")
    assert (again["built"], len(again["assets"]), again["missing"]) == (True, 4, [])
    assert "cartpole" in (data_home / CARTPOLE).read_text()


def test_a_folder_that_is_damaged_or_of_another_version_is_built_again(prints, packages, model, data_home):
    prints("assets", "--offline")
    (data_home / GROUND).unlink()
    assert assets.asset_environment() == {}
    assert "built in" in prints("assets", "--offline")
    manifest = json.loads((data_home / MANIFEST).read_text())
    (data_home / MANIFEST).write_text(json.dumps(manifest | {"version": 0}))
    assert "built in" in prints("assets", "--offline")
    assert assets.asset_environment() == {VARIABLE: str(data_home)}


def test_without_mjlab_there_is_no_g1_until_it_is_installed(prints, packages, data_home, tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "g1_model", lambda: None)
    assert (
        prints("assets", "--offline").splitlines()[-1].startswith("no G1: mjlab, which has the model, is not installed")
    )
    assert "already built" in prints("assets", "--offline")
    assert "no G1: mjlab" in prints("assets")
    (tmp_path / "g1.xml").write_text("<mujoco/>")
    monkeypatch.setattr(assets, "g1_model", lambda: tmp_path / "g1.xml")
    assert "Unitree G1 (29 joints)" in prints("assets", "--offline")


def test_without_the_converter_there_is_no_g1(prints, packages, model):
    (packages / "mujoco_usd_converter.py").unlink()
    assert "no G1: mujoco-usd-converter is not installed beside Isaac Lab" in prints("assets", "--offline")


def test_it_is_told_what_is_there_and_what_is_trained_instead(prints, packages, model, data_home):
    prints("assets", "--offline")
    lines = prints("assets").splitlines()
    assert lines[0] == f"{data_home} (built by humanoid-tui assets --offline)"
    shown = {line[:15].strip(): line[15:].strip() for line in lines[1:]}
    assert shown == {
        "Cartpole": "found",
        "Humanoid": "found",
        "G1": "missing; replaced by Unitree G1 (29 joints), converted from mjlab's g1.xml",
        "H1": "missing",
        "Digit": "missing",
        "ground plane": "found",
    }
    told = prints("assets", "--json")
    assert (told["root"], told["origin"], told["is_there"]) == (str(data_home), "offline", True)
    assert told["assets"][2] == {
        "name": "G1",
        "path": STOCK_G1,
        "is_there": False,
        "instead": "Unitree G1 (29 joints), converted from mjlab's g1.xml",
    }


def test_the_user_s_own_root_wins(prints, packages, model, tmp_path, monkeypatch):
    prints("assets", "--offline")
    (tmp_path / "mine" / CARTPOLE).parent.mkdir(parents=True)
    (tmp_path / "mine" / CARTPOLE).touch()
    monkeypatch.setenv(VARIABLE, f"{tmp_path / 'mine'}/")
    assert assets.asset_environment() == {}
    told = prints("assets", "--json")
    assert (told["root"], told["origin"], told["is_there"]) == (str(tmp_path / "mine"), "variable", True)
    assert [asset["name"] for asset in told["assets"] if asset["is_there"]] == ["Cartpole"]
    assert not any(asset["instead"] for asset in told["assets"])
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    assert prints("assets") == f"{tmp_path / 'nowhere'} (set by {VARIABLE}; unreachable)\n"


def test_a_server_is_asked_for_what_presets_need(prints, server, monkeypatch):
    server.files |= {f"/Assets/{CARTPOLE}", f"/Assets/{STOCK_G1}"}
    monkeypatch.setattr("tui.commands.assets._server", lambda: server.url)
    told = prints("assets", "--json")
    assert (told["root"], told["origin"], told["is_there"]) == (server.url, "server", True)
    assert [asset["name"] for asset in told["assets"] if asset["is_there"]] == ["Cartpole", "G1"]


def test_a_server_out_of_reach_is_told_with_what_to_do(prints, server, monkeypatch):
    server.shutdown()
    server.server_close()
    monkeypatch.setattr("tui.commands.assets._server", lambda: server.url)
    assert prints("assets").splitlines() == [
        f"{server.url} (Isaac Lab's asset server; unreachable)",
        "humanoid-tui assets --offline builds local replacements",
    ]


def test_without_isaac_lab_it_isn_t_known_where_assets_are_and_none_are_built(prints, fails, monkeypatch):
    def absent(*_):
        raise LaunchError("backend isaaclab is not installed: install it")

    monkeypatch.setattr("tui.commands.assets.backend_command", absent)
    monkeypatch.setattr("tui.commands.assets.isaaclab_python", absent)
    assert "is unknown: check with humanoid-tui doctor" in prints("assets")
    assert fails(1, "assets", "--offline", "--json") == "backend isaaclab is not installed: install it"


def test_they_are_built_elsewhere_with_how_to_use_them(prints, packages, model, data_home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = prints("assets", "--offline", "--to", "elsewhere")
    assert text.splitlines()[-1] == f"{VARIABLE}={tmp_path / 'elsewhere'} makes Isaac Lab use it"
    assert read_manifest(tmp_path / "elsewhere") is not None
    assert not data_home.exists()
    assert assets.asset_environment() == {}


def test_what_can_t_be_built_is_one_line(fails, packages, model, data_home, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").touch()
    theirs = str(tmp_path / "theirs")
    assert "is not replaced: choose another folder with --to" in fails(1, "assets", "--offline", "--to", theirs)
    (packages / "newton" / "examples" / "assets" / "humanoid.usda").write_text("#usda 1.0\n")
    line = fails(1, "assets", "--offline", "--json")
    assert 'expected def PhysicsRevoluteJoint "abdomen_x" in it, got none' in line
    (packages / "newton" / "__init__.py").unlink()
    for folder in sorted(packages.rglob("*"), reverse=True):
        folder.rmdir() if folder.is_dir() else folder.unlink()
    assert "newton is not installed for" in fails(1, "assets", "--offline")
    assert not data_home.exists()


def test_they_are_removed_again_when_the_user_says_so(prints, fails, packages, model, data_home, monkeypatch):
    assert "nothing to remove" in fails(1, "assets", "--online", "--yes")
    prints("assets", "--offline")
    assert "--json cannot ask: add --yes" in fails(2, "assets", "--online", "--json")

    def refused(*_, abort, **_options):
        assert abort
        raise click.Abort

    monkeypatch.setattr(click, "confirm", refused)
    assert run(["assets", "--online"]) == 130
    assert data_home.exists()
    assert prints("assets", "--online", "--yes", "--json") == {"root": str(data_home), "removed": True}
    assert not data_home.exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--offline", "--online"), "--offline and --online exclude each other"),
        (("--force",), "--to and --force need --offline"),
        (("--online", "--to", "x"), "--to and --force need --offline"),
        (("--offline", "--yes"), "--yes needs --online"),
    ],
)
def test_options_that_make_no_sense_are_refused(fails, arguments, reason):
    assert reason in fails(2, "assets", *arguments)


def test_what_was_fetched_before_is_within_reach_without_its_server(server, tmp_path, monkeypatch):
    server.files.add("/Assets/there.usd")
    assert asset_exists(f"{server.url}/there.usd")
    assert not asset_exists(f"{server.url}/robot.usd")
    server.shutdown()
    server.server_close()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    host = server.url.removeprefix("http://").replace(":", "_")
    (tmp_path / "http" / host).mkdir(parents=True)
    (tmp_path / "http" / host / "robot.usd").touch()
    assert asset_exists(f"{server.url}/robot.usd")
    assert not asset_exists(f"{server.url}/there.usd")
    assert asset_exists("omniverse://localhost/Assets/robot.usd")  # nobody can ask it
    assert not asset_exists(str(tmp_path / "robot.usd"))
