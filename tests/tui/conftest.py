"""The command line as a test calls it."""

from __future__ import annotations

import json

import pytest

from tui.cli import run


@pytest.fixture
def fails(capsys):
    """Run a command that must fail with this code; return its one line, which JSON has too."""

    def fails(code, *arguments):
        assert run([*arguments]) == code
        out, err = capsys.readouterr()
        assert err.startswith("humanoid-tui: ")
        assert err.endswith("\n")
        assert len(err.splitlines()) == 1
        line = err.removeprefix("humanoid-tui: ").strip()
        assert (json.loads(out) == {"error": line}) if "--json" in arguments else (out == "")
        return line

    return fails


@pytest.fixture
def prints(capsys):
    """Run a command that must succeed; return what it prints, decoded with `--json`."""

    def prints(*arguments):
        assert run([*arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out) if "--json" in arguments else out

    return prints
