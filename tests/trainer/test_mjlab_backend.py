"""Checks of the mjlab backend before the build: user modules, and the motion to track."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.standing_motion import write_standing_motion


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global BackendError, check_motion, import_modules
    from trainer_proc.simulators.base import BackendError
    from trainer_proc.simulators.motion import check_motion
    from trainer_proc.simulators.user_modules import import_modules


@dataclass
class Command:
    motion_file: str


@pytest.mark.parametrize(("missing", "problem"), [("warp", "lacks module warp"), ("mjlab", "is not installed")])
def test_a_missing_module_is_named_and_is_not_a_missing_backend(missing, problem):
    """In a process of its own, since other tests may have imported the modules."""
    script = f"""
import sys
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.registry import load_backend
sys.modules[{missing!r}] = None
try:
    load_backend("mjlab", lambda name: None)
except BackendError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    assert told == f"backend mjlab {problem}: `humanoid-tui doctor` shows how to install it"


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module into a folder that is not on the import path; return the folder."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    names = set(sys.modules)

    def module(name, content):
        (tmp_path / f"{name}.py").write_text(content)
        return str(tmp_path)

    yield module
    for name in set(sys.modules) - names:
        del sys.modules[name]


def one_line(error):
    line = str(error.value)
    assert len(line.splitlines()) == 1
    return line


# --- modules ---


def test_modules_are_imported_from_their_folder(module):
    folder = module("tasks_of_mine", "FOUND = True")
    import_modules(("tasks_of_mine", "json"), folder)
    assert sys.modules["tasks_of_mine"].FOUND
    assert [file.name for file in Path(folder).iterdir()] == [
        "tasks_of_mine.py"
    ]  # compiled code would be new code there


def test_a_file_beside_the_preset_does_not_take_a_library_s_place(module):
    folder = module("colorsys", "raise AssertionError('not this one')")
    sys.modules.pop("colorsys", None)
    import_modules(("colorsys",), folder)
    assert hasattr(sys.modules["colorsys"], "rgb_to_hsv")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("import nothing_of_the_kind", "ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
        ("def f(:", "SyntaxError: "),
        ("raise ValueError('two\\nlines')", "ValueError: two lines"),
    ],
)
def test_a_module_that_can_not_be_imported_is_reported_in_one_line(module, capsys, content, reason):
    with pytest.raises(BackendError) as error:
        import_modules(("broken",), module("broken", content))
    assert one_line(error).startswith(f"module broken can't be imported: {reason}")
    assert "broken.py" in capsys.readouterr().err  # the place of the error


def test_a_module_that_is_nowhere_is_reported(module):
    with pytest.raises(BackendError, match="module nowhere can't be imported: ModuleNotFoundError"):
        import_modules(("nowhere",), "")


# --- motions ---


def test_a_motion_file_is_fine_and_other_commands_need_none(tmp_path):
    check_motion("task", "motion", Command(str(write_standing_motion(tmp_path / "standing.npz"))))
    check_motion("task", "twist", object())


def test_a_missing_motion_is_reported_with_how_to_give_it(tmp_path):
    (tmp_path / "notes.txt").write_text("no motion")
    (tmp_path / "empty.npz").touch()
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "half.npz", joint_pos=np.zeros(3), joint_vel=np.zeros(3))
    for file, reason in (
        ("", "task needs a motion file"),
        (str(tmp_path / "nothing.npz"), f"no such motion file: {tmp_path / 'nothing.npz'}"),
        (str(tmp_path), "no such motion file"),
        (str(tmp_path / "notes.txt"), f"{tmp_path / 'notes.txt'}: expected a motion with body_ang_vel_w, got none"),
        (str(tmp_path / "empty.npz"), ": expected a motion with "),
        (str(tmp_path / "array.npy"), ": expected a motion with "),
        (str(tmp_path / "half.npz"), ": expected a motion with body_ang_vel_w, got none"),
    ):
        with pytest.raises(BackendError) as error:
            check_motion("task", "motion", Command(file))
        assert reason in one_line(error)
        assert "motion_file=FILE, an .npz file written by mjlab's csv_to_npz" in one_line(error)
