"""`humanoid-tui mcp` that can't serve: one line, and nothing on the protocol's stream."""

from __future__ import annotations

import importlib.util
import subprocess

import pytest

from tests.program import PROGRAM
from tui.cli import run


@pytest.fixture
def fails(capsys):
    """Run a command that must fail with this code; return its one line."""

    def fails(code, *arguments):
        assert run([*arguments]) == code
        out, err = capsys.readouterr()
        assert out == ""
        assert len(err.splitlines()) == 1
        return err.removeprefix("humanoid-tui: ").strip()

    return fails


def test_without_its_package_it_says_how_to_install_it(fails, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert fails(1, "mcp").startswith("the package mcp is missing; uv pip install")


@pytest.mark.parametrize(
    "settings", ['confirm = "maybe"', "confirm_seconds = 0", "changes_per_minute = 1e9", "confrim = false"]
)
def test_settings_of_agents_that_are_wrong_are_no_defaults(fails, tmp_path, settings):
    config = tmp_path / "config" / "humanoid-tui" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"[agents]\n{settings}\n")
    assert fails(1, "mcp").startswith("the settings can't be read: agents")


def test_it_ends_when_its_agent_leaves(tmp_path):
    done = subprocess.run([PROGRAM, "mcp"], cwd=tmp_path, input=b"not json\n", capture_output=True, timeout=180)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
