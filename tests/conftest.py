"""Runs on disk and a wire, for tests of either side."""

from __future__ import annotations

import fcntl
import gc
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests import forked
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Frame
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.wire.link import TrainerLink

helpers = {f"tests.{path.stem}" for path in Path(__file__).parent.iterdir()} - sys.modules.keys()
pytest.register_assert_rewrite(*helpers)  # without it, a failed assertion outside of a test module does not say why
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # the machine may be busy

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the trainings too: there are as many at a time as cores
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of hundreds of processes compiles all that it imports
sys.dont_write_bytecode = False
for name in ("COLUMNS", "LINES"):  # readline sets them in the process that starts the workers: 80x24 in every terminal
    os.environ.pop(name, None)

MOST_WORKERS, GIB_OF_WORKER = 4, 5
"""Each may hold a simulator and start a training."""
SHARED_BUILDS = "tests/trainer/knobs/"
"""A folder whose files share what a session builds, and stay together on one worker."""
SLOW_TO_IMPORT = {"torch", "mjlab", "warp", "mujoco", "rsl_rl", "onnx", "onnxruntime", "tensorboard", "mcp"}
FIRST_COLLECTS = "first_collects"
"""A file in the folder that the workers share, whose lock is held by the one that compiles."""
LOADED_WHILE_COLLECTING = pytest.StashKey[set[str]]()


class ByFile(LoadScopeScheduling):
    """A file's tests share fixtures: one worker runs them, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return SHARED_BUILDS if file.startswith(SHARED_BUILDS) else file


def pytest_configure(config):
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    is_compiled = any(Path(__file__).with_name("__pycache__").glob("test_*.pyc"))
    options = () if is_compiled else ("--now",)  # compiles the simulator while the tests are compiled
    started = ExitStack()
    folder = started.enter_context(forked.warm_server(*options))
    config.add_cleanup(started.close)
    if not is_compiled:
        (folder / FIRST_COLLECTS).touch()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """In a fresh clone, one worker compiles all tests, and the others then collect them in a third of the time."""
    lock = forked.server_folder() / FIRST_COLLECTS if hasattr(session.config, "workerinput") else None
    if lock is None or not lock.exists():
        return (yield)
    with open(lock) as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(opened, fcntl.LOCK_SH)
        return (yield)


def pytest_xdist_auto_num_workers(config):
    """Two more than cores, as some wait for a terminal or a process; a single file's tests run in this process."""
    if len(config.args) == 1 and ".py" in config.args[0]:
        return 0
    fit_in_memory = max(psutil.virtual_memory().total // (GIB_OF_WORKER * 2**30), 1)
    return min((os.cpu_count() or 1) + 2, fit_in_memory, MOST_WORKERS)


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


def pytest_collection_finish(session):
    session.config.stash[LOADED_WHILE_COLLECTING] = SLOW_TO_IMPORT & sys.modules.keys()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # by default, a third of the time of a screen's test is spent looking for garbage


def pytest_collection_modifyitems(items):
    """Begin with the files of real trainings and browsers, which take longest: workers end at about the same time."""
    long = {item.path for item in items if item.get_closest_marker("real") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def no_settings_of_the_person_s_own(tmp_path, monkeypatch):
    """Nothing of the user's configuration, such as presets, shows up in a test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def warm_python():
    """What the program starts in this module's tests is forked (`tests.forked`); others test cold starts."""
    with forked.warm_python():
        yield


@pytest.fixture
def make_run(tmp_path):
    """Write a run below `tmp_path / "logs"`: its `run.toml` and, if there are bodies, a journal of them."""

    def make(name="2026-03-01_10-00-00", *bodies, experiment="cartpole"):
        folder = RunFolder(tmp_path / "logs" / experiment / name)
        folder.path.mkdir(parents=True)
        folder.write_spec(
            RunSpec(
                preset="cartpole",
                backend="mjlab",
                task="Mjlab-Cartpole-Balance",
                experiment=experiment,
                device="cpu",
                num_envs=4,
                iterations=100,
                seed=42,
            )
        )
        if bodies:
            journal = JournalWriter(folder.journal)
            for number, body in enumerate(bodies):
                journal.append(encode(Frame(number, 1e9 + number, body)))
            journal.close()
        return folder

    return make


@pytest.fixture
def folder(make_run):
    """A run that has not begun."""
    return make_run()


@pytest.fixture
def link(folder):
    """The test's own process plays the trainer of `folder`, on a real wire."""
    link = TrainerLink(folder)
    yield link
    link.close()
