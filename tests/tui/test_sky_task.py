"""A launch is written as a SkyPilot task, whose command makes the same launch there.

SkyPilot's own reader is no dependency: `docs/containers.md` has the command that checks a file with it.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from tests.tui.conftest import RUN, STARTED
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.messages import IterationFinished, MetricSet
from tui.cli import run

pytestmark = pytest.mark.usefixtures("empty_working_directory")
PRESETS = Path(__file__).parents[2] / "presets"
SETTINGS = ("--set", "reward/upright/weight=2", "--bound", "reward/*/weight=0:5", "env.episode_length_s=5")


@pytest.fixture
def written(prints):
    def written(*arguments):
        prints("launch", *arguments, "--write-sky", "task.yaml", "--force")
        return yaml.safe_load(Path("task.yaml").read_text())

    return written


@pytest.fixture
def cloud_s(started, monkeypatch):
    """Carry out a task's command on a machine with its files, where everything else is missing; return the spec."""

    def launched(task):
        for place, path in task.get("file_mounts", {}).items():
            target = Path("cloud") / place.removeprefix("~/")
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if Path(path).is_dir() else shutil.copy)(path, target)
        workdir = Path("cloud/sky_workdir")
        workdir.mkdir(parents=True)
        monkeypatch.chdir(workdir)
        monkeypatch.delenv("HUMANOID_TUI_LOGS")
        program, *words = shlex.split(task["run"])
        assert program == ".venv/bin/humanoid-tui"
        words.remove("--wait")  # the stand-in's training has no end
        assert run(words) == 0
        return started[-1]

    return launched


def test_the_task_makes_the_same_launch(prints, written, cloud_s, started):
    words = ("cartpole", *SETTINGS, "--device", "cpu", "--name", "again", "--no-fast")
    prints("launch", *words)
    here = started[0]
    task = written(*words)
    assert cloud_s(task) == here
    assert len(started) == 2  # none by the command that writes


def test_gpus_are_one_for_each_process_and_large_enough(written):
    assert written("cartpole", "--processes", "2")["resources"]["accelerators"]["L4"] == 2
    text = (PRESETS / "cartpole.toml").read_text().replace("gpu_memory_gib = 1", "gpu_memory_gib = 48")
    Path("large.toml").write_text(text)
    assert set(written("large.toml")["resources"]["accelerators"]) == {"L40S", "A100-80GB", "H100", "H200"}
    assert written("cartpole", "--device", "cpu")["resources"] == {"cpus": "8+", "disk_size": 100}


def test_files_of_the_launch_go_along(make_run, written, cloud_s):
    folder = make_run(RUN, STARTED, MetricSet(0, ()), IterationFinished(60, 0, b"", 96, 1.0))
    folder.write_spec(replace(folder.read_spec(), task="Mjlab-Cartpole-Balance"))
    folder.checkpoint(60).write_bytes(WHOLE_CHECKPOINT)
    Path("own").mkdir()
    Path("own/walk's.toml").write_text((PRESETS / "g1-tracking.toml").read_text())
    Path("own/motion.npz").touch()
    motion = "env.commands.motion.motion_file=own/motion.npz"
    task = written("own/walk's.toml", "--override", motion, "--checkpoint", RUN, "--other-task", "--device", "cpu")
    here = {str(folder.checkpoint(60)), *(str(Path("own", name).resolve()) for name in ("walk's.toml", "motion.npz"))}
    assert set(task["file_mounts"].values()) == here
    spec = cloud_s(task)
    placed = Path("../humanoid-tui-files").resolve()
    assert spec.overrides["env.commands.motion.motion_file"] == str(placed / "motion.npz")
    assert Path(spec.checkpoint).resolve() == placed / "model_60.pt"
    assert spec.preset == "walk's"


def test_a_preset_with_modules_takes_its_folder_along(written, fails):
    Path("own").mkdir()
    text = (PRESETS / "cartpole.toml").read_text()
    Path("own/mine.toml").write_text('modules = ["my_task"]\n' + text)
    task = written("own/mine.toml")
    assert task["file_mounts"] == {"~/humanoid-tui-files/own": str(Path("own").resolve())}
    assert "launch ../humanoid-tui-files/own/mine.toml" in task["run"]
    Path("own/mine.toml").write_text('modules = ["my_task"]\nmodule_folder = ".."\n' + text)
    line = fails(2, "launch", "own/mine.toml", "--write-sky", "other.yaml")
    assert line.startswith(f"expected the modules of {Path('own/mine.toml').resolve()} beside it, got ")


def test_isaac_lab_gets_its_own_environment(written):
    setup = written("isaac-cartpole")["setup"]
    assert "UV_PROJECT_ENVIRONMENT=.venv-isaaclab" in setup
    assert "uv sync --no-dev --extra sweep" in written("cartpole", "--sweep", "ppo/entropy_coef=0,1")["setup"]


@pytest.mark.parametrize(
    ("code", "words", "line"),
    [
        (2, ["--write-sky", "task.txt"], "expected a file name that ends in .yaml or .yml, got task.txt"),
        (1, ["--write-sky", "there.yaml"], "there.yaml exists; choose another name, or add --force to replace it"),
        (1, ["--write-sky", "no/folder.yaml"], "[Errno 2] No such file or directory: 'no/folder.yaml'"),
        (2, ["--write-sky", "t.yaml", "--device", "cuda:1"], "no such device: cuda:1; there are cpu, cuda:0"),
        (2, ["--force"], "--force needs --write-sky"),
    ],
)
def test_a_wrong_request_is_one_line_and_starts_nothing(fails, started, code, words, line):
    Path("there.yaml").touch()
    assert fails(code, "launch", "cartpole", *words).startswith(line)
    assert started == []
    assert Path("there.yaml").read_text() == ""
