"""Modules of the working folder with our names: children must not take them for ours, nor lose the user's."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import PROGRAM
from tests.waiting import wait_for
from trainer_proc.contract.export_process import ExportError, run_export
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import IterationFinished, PhaseChanged
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.backends.interpreter import ask_interpreter
from tui.session.backends.light_core import light_core
from tui.session.launching import launcher

ROOT = Path(__file__).parents[1]
SPEC = RunSpec(
    preset="mine",
    backend="mjlab",
    task="No-Such-Task",
    experiment="mine",
    device="cpu",
    num_envs=4,
    iterations=1,
    seed=42,
    modules=("my_tasks",),
)
SCRIPT = """
import presets, utils
assert (presets.WHOSE, utils.WHOSE) == ("mine", "mine")
from trainer_proc import steer
from tests.tiny_training import make_runner

runner = make_runner("logs/point/2026-03-01_10-00-00")
steer(runner, success={"kind": "time-out"}, curricula={})
import curricula
assert (curricula.WHOSE, presets.WHOSE) == ("mine", "mine")
runner.learn(num_learning_iterations=2)
"""


@pytest.fixture
def working_folder(tmp_path, monkeypatch):
    """The user's: modules that whoever imports them by accident fails with, and one that registers tasks."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("presets", "curricula", "tui"):
        (folder / f"{name}.py").write_text(f"raise RuntimeError('{name}.py of the working folder was imported')\n")
    (folder / "utils.py").write_text("WHOSE = 'mine'\n")
    (folder / "my_tasks.py").write_text("import utils\nprint('tasks registered with', utils.WHOSE)\n")
    monkeypatch.chdir(folder)
    return folder


def is_foreign(variables):
    """Let the trainer's packages come from the light core, as in Isaac Lab's own Python."""
    return variables | {"PYTHONPATH": str(light_core())}


@pytest.fixture(params=["working folder", "PYTHONPATH"])
def imported_from(request, working_folder, monkeypatch):
    """The user's modules are in the working folder, which is on Python's path as well or not."""
    if request.param == "PYTHONPATH":
        monkeypatch.setenv("PYTHONPATH", str(working_folder))
    return working_folder


@pytest.mark.parametrize("arguments", [["--version"], ["presets"], ["launch", "nothing"]])
def test_the_program_uses_our_packages(imported_from, arguments):
    (imported_from / "tui.py").unlink()  # nothing could be done about it
    for command in ([PROGRAM], [sys.executable, "-m", "tui"]):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True)
        expected = (2, "no such preset: nothing") if "nothing" in arguments else (0, "")
        assert done.returncode == expected[0], done.stderr
        assert expected[1] in done.stderr
        assert len(done.stderr.splitlines()) == (expected[0] > 0)


@pytest.mark.parametrize(
    ("imported_from", "variables"),
    [("PYTHONPATH", dict), ("working folder", lambda: is_foreign({}))],
    ids=["own Python", "Isaac Lab's Python"],
    indirect=["imported_from"],
)
@pytest.mark.usefixtures("imported_from")
def test_a_launch_uses_our_packages_and_the_users_task_modules(working_folder, monkeypatch, variables):
    monkeypatch.setattr(launcher, "backend_command", lambda backend: ([sys.executable], variables()))
    folder, trainer = launcher.start_trainer(SPEC, working_folder / "logs")
    wait_for(lambda: trainer.poll() is not None, "the end of the trainer", 180.0)
    phases = [frame.body for frame in JournalReader(folder.journal).read_new() if isinstance(frame.body, PhaseChanged)]
    assert phases[-1].detail.startswith("no such task in mjlab: No-Such-Task"), folder.console.read_text()
    assert "tasks registered with mine" in folder.console.read_text()


def test_an_export_uses_our_packages(working_folder):
    folder = RunFolder(working_folder / "run")
    folder.path.mkdir()
    with pytest.raises(ExportError) as problem:
        run_export(folder, working_folder / "model_1.pt", working_folder / "log")
    assert "working folder" not in str(problem.value) + (working_folder / "log").read_text()
    assert "model_1.pt" in str(problem.value) or "policy.json" in str(problem.value)


def test_another_python_is_asked_what_it_has_of_ours(working_folder):
    (working_folder / "trainer_proc.py").write_text("raise RuntimeError('of the working folder')\n")
    found = ask_interpreter([sys.executable], is_foreign({}), ["msgspec"], ["msgspec"], 60.0)
    assert found.missing == []


def test_the_program_in_a_browser_is_ours(working_folder):
    from tui.web.server import WebServer

    command = shlex.split(WebServer(["--version"], "127.0.0.1", 0).command)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "humanoid-tui" in done.stdout


def test_a_script_that_is_steered_keeps_its_own_modules(working_folder):
    for name in ("presets", "curricula"):
        (working_folder / f"{name}.py").write_text("WHOSE = 'mine'\n")
    (working_folder / "train.py").write_text(SCRIPT)
    paths = os.pathsep.join([str(ROOT)])
    done = subprocess.run(
        [sys.executable, "train.py"], env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    bodies = [
        frame.body for frame in JournalReader(RunFolder(Path("logs/point/2026-03-01_10-00-00")).journal).read_new()
    ]
    assert sum(isinstance(body, IterationFinished) for body in bodies) == 2
    assert bodies[-1] == PhaseChanged("finished", kernel_modules=0)
