"""Modules of the working folder with our names: children must not take them for ours, nor lose the user's."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.program import PROGRAM
from tests.waiting import wait_for
from trainer_proc.contract.child_process import start_python
from trainer_proc.contract.export_process import ExportError, run_export
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import IterationFinished, PhaseChanged
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.backends.interpreter import ask_interpreter
from tui.session.backends.light_core import light_core
from tui.session.backends.named_code import allow_place
from tui.session.launching import launcher

ROOT = Path(__file__).parents[1]
PACKAGES = ("tui", "trainer_proc", "curricula", "presets")
OUR_PROGRAMS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for path in (ROOT / "trainer_proc").rglob("*.py")
    if '__name__ == "__main__"' in path.read_text()
)
OTHER_PROGRAMS = (  # git, fc-match, tmux, ffmpeg, ssh, Slurm's commands, PyTorch's launcher by a cluster's Python
    "trainer_proc/contract/git.py",
    "tui/charts/files/png.py",
    "tui/terminal/tmux_clipboard.py",
    "tui/charts/video/film.py",
    "tui/session/hosts/ssh.py",
    "tui/session/engines/slurm.py",
    "tui/session/engines/on_cluster/ray_nodes.py",
)
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
def stranger(tmp_path, monkeypatch):
    """Return a file that lists the modules of the working folder that have been imported; all names are taken there."""
    marks, folder = tmp_path / "marks", tmp_path / "stranger"
    folder.mkdir()
    for name in {name for name in packages_distributions() if name.isidentifier()} | sys.stdlib_module_names:
        (folder / f"{name}.py").write_text(f"open({str(marks)!r}, 'a').write({name + chr(10)!r})\nraise ImportError\n")
    monkeypatch.chdir(folder)
    marks.touch()
    return marks


@pytest.mark.parametrize("module", OUR_PROGRAMS)
def test_no_child_imports_from_the_working_folder(stranger, monkeypatch, module):
    monkeypatch.setenv("PYTHONPATH", ":/nowhere")  # an empty entry means the working folder
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    _, errors = start_python("-m", module, **options).communicate()
    assert stranger.read_text() == "", errors.decode()


def test_several_processes_import_nothing_from_the_working_folder(stranger, tmp_path):
    arguments = launcher.trainer_arguments(RunFolder(tmp_path / "none"), processes=2)
    output = start_python(*arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).communicate()[0].decode()
    assert "none is no run" in output, output  # of a rank, which PyTorch's launcher has started
    assert stranger.read_text() == "", output


@pytest.mark.parametrize("path", ["", ":/nowhere"], ids=["python -m", "an empty entry of PYTHONPATH"])
def test_the_program_imports_nothing_from_the_working_folder(stranger, path):
    for name in {*sys.stdlib_module_names, "_distutils_hack", "tui"}:  # Python needs some to start the program
        Path(f"{name}.py").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tui", "presets"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert (done.returncode, stranger.read_text()) == (0, ""), done.stderr


def test_one_function_starts_python():
    starts = re.compile(r"sys\.executable.*Popen|Popen\(|subprocess\.run\(|create_subprocess")
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if starts.search(path.read_text())
    }
    assert found == {"trainer_proc/contract/child_process.py", *OTHER_PROGRAMS}


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
    allow_place(SPEC)
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
