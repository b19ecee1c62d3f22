"""Exported policies of hosts are copied here, whole or not at all, whatever the host sends."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import msgspec
import pytest

from curricula.errors import UserError
from tests.hosts import NEEDS_SSHD
from tests.program import program
from trainer_proc.contract.bundle.card import CARD
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.records import record_of
from trainer_proc.contract.run_folder import RunFolder
from tui.session.bundle_copy import files_of
from tui.session.hosts.bundle import fetch_bundle
from tui.session.hosts.host import find_host
from tui.session.hosts.protocol import GREETING, PROTOCOL, BundlePiece, Found, Hello

pytestmark = NEEDS_SSHD
BUNDLES = Path(__file__).parents[1] / "recordings" / "bundles"


def contents(bundle):
    return {name: (bundle / name).read_bytes() for name in files_of(bundle)}


@pytest.fixture
def there(server, monkeypatch):
    """A bundle on the host, with a link that leads out of it."""
    server.use(monkeypatch)
    bundle = server.home / "bundle"
    if not bundle.exists():
        shutil.copytree(BUNDLES / "g1-walk-deploy", bundle)
        (bundle / "link").symlink_to("/etc/hostname")
    return bundle


def test_a_bundle_is_converted_there_and_copied_here(there, tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(BUNDLES / "g1-walk", mine)
    (mine / "notes.txt").write_text("mine")
    (mine / "holosoma").mkdir()
    (mine / "holosoma" / "old").touch()
    words = ("export", str(there), "--format", "unitree", "--output", str(mine), "--json")
    record = json.loads(program(tmp_path, "--host", "loop", *words))
    assert (record["folders"], record["copied_to"]) == ([str(there / "unitree")], str(mine))
    assert contents(mine) == contents(there) | {Path("notes.txt"): b"mine"}
    assert "unitree" in {name.parts[0] for name in files_of(mine)}


def test_a_folder_of_other_things_is_refused_before_the_export(there, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").touch()
    words = ("export", str(there), "--format", "unitree", "--output", "thesis")
    assert "expected a new folder, or one with an exported policy, got thesis" in program(
        tmp_path, "--host", "loop", *words, code=2
    )


@pytest.fixture
def exported_run(there, server, make_run, monkeypatch):
    """A run on the host with an exported policy; `export` there only names the run, as a real export takes long."""
    run = RunFolder(server.home / "logs" / "rsl_rl" / "cartpole" / "2026-03-01_10-00-00_there")
    if not run.path.exists():
        run.path.parent.mkdir(parents=True)
        make_run(run.name, PhaseChanged("finished")).path.rename(run.path)
        shutil.copytree(there, run.exported, symlinks=True)
    words = f'case $1 in export) echo exported $2;; *) exec {server.table["command"]} "$@";; esac'
    server.use(
        monkeypatch,
        other={"destination": "loop", "command": f"sh -c {shlex.quote(words)} -", "folder": str(server.home)},
    )
    return run


def test_the_copy_of_a_run_s_policy_lies_where_an_export_of_this_machine_does(exported_run, make_run, tmp_path):
    said = program(tmp_path, "--host", "other", "export", "latest")
    copy = tmp_path.joinpath("logs", "rsl_rl", "cartpole", exported_run.name, "exported")
    assert said.splitlines() == [f"exported {exported_run.path}", f"copied from other to {copy}"]
    assert contents(copy) == contents(exported_run.exported)
    assert program(tmp_path, "runs", "--json") == "[]\n"
    RunFolder(copy.parent).write_spec(exported_run.read_spec())
    said = program(tmp_path, "--host", "other", "export", "latest", code=2)
    assert f"{copy.parent} is a run of this machine; use humanoid-tui --host other export RUN --output FOLDER" in said


CARD_PIECE = BundlePiece(CARD, 0, b"{}")


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ([CARD_PIECE, BundlePiece("../hurt", 0, b"x"), Found("/b")], "expected a file of a bundle, got '../hurt'"),
        ([CARD_PIECE, BundlePiece("/tmp/hurt", 0, b"x"), Found("/b")], "expected a file of a bundle, got '/tmp/hurt'"),
        ([CARD_PIECE, BundlePiece(".hurt", 0, b"x"), Found("/b")], "expected a file of a bundle, got '.hurt'"),
        ([CARD_PIECE, BundlePiece("a", 7, b"x"), Found("/b")], "expected a to go on at byte 0, got 7"),
        ([CARD_PIECE], "the program there has ended"),
        ([BundlePiece("policy.onnx", 0, b"x"), Found("/b")], f"expected an exported policy, got none with {CARD}"),
    ],
)
def test_what_a_host_should_not_send_leaves_an_earlier_copy_as_it_was(server, monkeypatch, tmp_path, messages, line):
    stream = tmp_path / "stream"
    sent = [record_of(msgspec.msgpack.encode(message)) for message in (Hello(PROTOCOL, "1"), *messages)]
    stream.write_bytes(GREETING + b"".join(sent))
    server.use(monkeypatch, other={"destination": "loop", "command": f"cat {stream} #"})
    target = tmp_path / "copies" / "target"
    shutil.copytree(BUNDLES / "g1-walk", target)
    with pytest.raises(UserError, match=line):
        fetch_bundle(find_host("other"), "run", target)
    assert contents(target) == contents(BUNDLES / "g1-walk")
    with pytest.raises(UserError, match=line):
        fetch_bundle(find_host("other"), "run", tmp_path / "copies" / "new" / "target")
    assert sorted(path.name for path in target.parent.iterdir()) == ["target"]
    assert not list(target.glob(".*"))
