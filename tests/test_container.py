"""A training in a container, seen and steered from outside: by podman, with the options of the Compose file.

The container has the file systems of this machine instead of the image's: building that takes gigabytes
(`docs/containers.md` has the commands). Processes, users, sockets and signals are those of any container.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.run_index import read_state, run_folders

ROOT = Path(__file__).parents[1]
ENGINE = ("podman", "runc")
MOUNTED = {"/usr", "/etc", str(ROOT), sys.base_prefix}
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")
"""What an engine that runs in a container itself can set."""
LINKS = ("bin", "lib", "lib64", "sbin")
pytestmark = [
    pytest.mark.real,
    pytest.mark.engine,
    pytest.mark.skipif(not all(map(shutil.which, ENGINE)), reason=f"needs {' and '.join(ENGINE)}"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: podman without it needs ids of its own"),
]


@pytest.fixture
def folder():
    """A folder whose path is short enough for sockets, with an engine's storage."""
    with tempfile.TemporaryDirectory(prefix="container") as folder:
        yield Path(folder)


@pytest.fixture
def podman(folder):
    """Run a command of podman; its images, containers and volumes lie in `folder`."""
    storage = ("--root", str(folder / "storage"), "--runroot", str(folder / "run"), "--storage-driver", "vfs")
    options = (*storage, "--volumepath", str(folder / "volumes"), "--runtime", "runc", "--cgroup-manager", "cgroupfs")

    def podman(*words):
        done = subprocess.run(["podman", *options, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield podman
    podman("rm", "--all", "--force", "--time", "0")


@pytest.fixture
def image(folder, podman):
    """An image with nothing but the links of this machine's root."""
    context = folder / "image"
    context.mkdir()
    for link in LINKS:
        if (path := Path("/") / link).is_symlink():
            (context / link).symlink_to(path.readlink())
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    podman("build", "--isolation", "chroot", "-t", "machine", str(context))
    return "machine"


def program(*words):
    """Run a command outside of the container; return what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", *words, "--json"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_training_in_a_container_is_steered_from_outside_and_stopped_with_it(folder, podman, image):
    program("docker", "--write", str(folder), "--gpus", "0")
    service = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["training"]
    mounts = [f"{one['source']}:{one['target']}" for one in service["volumes"]]
    options = ["--user", service["user"], "--pid", service["pid"], "--network", service["network_mode"]]
    options += [word for mount in [*mounts, *(f"{path}:{path}:ro" for path in MOUNTED)] for word in ("-v", mount)]
    variables = service["environment"] | {"HOME": "/home/trainer", "PYTHONDONTWRITEBYTECODE": "1"}
    options += [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    command = service["command"].replace("${PRESET:-g1-walk}", "cartpole").replace("${OPTIONS:-}", "--num-envs 4")
    words = [sys.executable, "-m", "tui", *command.split(), "--device", "cpu"]
    podman("run", "--detach", "--name", "training", "--workdir", "/work", *options, *LIMITS, image, *words)
    logs = folder / "logs"

    def trains():
        return [run for run in run_folders(logs) if read_state(run).iteration is not None]

    wait_for(trains, "a training", TRAINING_SECONDS)
    (run,) = trains()
    assert is_live(run)
    assert program("attach", str(run.path))["status"] == "training"
    tuned = program("tune", str(run.path), "ppo/entropy_coef=0.02", "--applied")
    assert tuned["changes"][0]["new"] == 0.02
    podman("stop", "--time", str(TRAINING_SECONDS), "training")
    assert not is_live(run)
    state = read_state(run)
    assert state.status(is_alive=False) == "stopped"
    assert RunFolder(run.path).checkpoints()[-1] == run.checkpoint(state.iteration)
    assert list((folder / "sockets").glob("humanoid-tui-*")) == []
