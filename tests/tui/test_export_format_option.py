"""`export --format` of an exported policy: what it prints, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.policies import card, tracking, write_bundle
from tui.session.bundle_copy import files_of

pytestmark = pytest.mark.usefixtures("empty_working_directory")


def test_an_exported_policy_is_written_in_several_formats(prints, tmp_path):
    write_bundle(tmp_path / "bundle", card(history=5))
    folders = [str(tmp_path / "bundle" / name) for name in ("unitree", "holosoma")]
    command = ("export", str(tmp_path / "bundle"), "--format", "unitree", "--format", "holosoma")
    lines = prints(*command).splitlines()
    assert lines[:2] == [f"written to {folder}" for folder in folders]
    assert "actor_obs=5" in lines[2]
    found = prints(*command, "--json")
    assert found["folders"] == folders
    assert found["notes"] == [lines[2]]
    assert (tmp_path / "bundle" / "unitree" / "params" / "deploy.yaml").is_file()


def test_an_exported_policy_is_copied_to_another_folder(prints, fails, tmp_path):
    write_bundle(tmp_path / "bundle", card(history=5))
    command = ("export", str(tmp_path / "bundle"), "--format", "unitree", "--output", "copy")
    assert prints(*command).splitlines()[-1] == "copied to copy"
    assert prints(*command, "--json")["copied_to"] == "copy"  # an earlier copy is replaced
    assert {path: Path("copy", path).read_bytes() for path in files_of(Path("copy"))} == {
        path: (tmp_path / "bundle" / path).read_bytes() for path in files_of(tmp_path / "bundle")
    }
    Path("file").touch()
    assert fails(2, *command[:-1], "file") == "expected a folder, got the file file"


def test_a_refused_format_is_one_line_with_the_field(fails, tmp_path):
    write_bundle(tmp_path / "bundle", tracking())
    text = fails(2, "export", str(tmp_path / "bundle"), "--format", "unitree")
    assert text.startswith("format unitree: task_inputs: expected none")
    assert not (tmp_path / "bundle" / "unitree").exists()


def test_an_exported_policy_needs_a_format(fails, tmp_path):
    write_bundle(tmp_path / "bundle", card())
    text = fails(2, "export", str(tmp_path / "bundle"))
    hint = "use --format alone, or humanoid-tui verify"
    assert text == f"expected a run, got the exported policy {tmp_path / 'bundle'}; {hint}"
    assert "use --format alone" in fails(
        2, "export", str(tmp_path / "bundle"), "--checkpoint", "latest", "--format", "unitree"
    )
