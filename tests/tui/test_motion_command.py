"""The command `motion`: what it refuses, and a motion that it really makes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.program import program
from tui.cli import run

pytestmark = pytest.mark.usefixtures("empty_working_directory")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["backflip", "-o", "flip.csv"], 2, "expected a file name that ends in .npz, got flip.csv"),
        (["backflip", "-o", "nowhere/flip.npz"], 2, "no such folder:"),
        (["backflip", "-o", "there.npz"], 1, "there.npz exists; choose another name, or add --force to replace it"),
        (["frontflip", "-o", "flip.npz"], 2, "'frontflip' is not 'backflip'"),
        (["backflip", "-o", "flip.npz", "--generations", "-1"], 2, "-1 is not in the range"),
    ],
)
def test_a_wrong_request_is_refused_in_one_line_and_writes_nothing(capsys, arguments, code, expected):
    Path("there.npz").touch()
    assert run(["motion", *arguments]) == code
    error = capsys.readouterr().err
    assert expected in error
    assert len(error.splitlines()) == 1
    assert [path.name for path in Path().glob("*.npz")] == ["there.npz"]


@pytest.mark.real
def test_a_motion_is_made_and_replaces_a_file(tmp_path):
    file = tmp_path / "flip.npz"
    file.touch()
    made = json.loads(
        program(tmp_path, "motion", "backflip", "-o", str(file), "--generations", "0", "--force", "--json")
    )
    assert made["path"] == str(file)
    assert made["flight"] > 0.3
    with np.load(file) as arrays:
        assert len(arrays["joint_pos"]) == made["frames"]
        assert arrays["fps"] == [50]
