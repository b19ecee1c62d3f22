"""`humanoid-tui machine` prints what the machine panel shows."""

from __future__ import annotations

import os

import psutil
import pynvml
import pytest

from tests.tui.machines import GIB, Driver
from tests.tui.screens.recorded import FakeTrainer, bodies_of, make_run
from tests.waiting import wait_for
from tui.session.runs.run_index import read_state


@pytest.fixture(autouse=True)
def no_driver(monkeypatch):
    def init():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", init)


@pytest.fixture
def log_root(tmp_path):
    return tmp_path / "logs"


def test_without_a_run_it_is_of_the_machine_alone(prints, log_root):
    said = prints("machine")
    assert said.startswith("no NVIDIA GPU: NVML Shared Library Not Found\nCPU ")
    assert f"{psutil.cpu_count()} cores" in said
    assert "process" not in said
    told = prints("machine", "--json")
    assert told["cpu"]["count"] == psutil.cpu_count() == len(told["cpu"]["cores"])
    assert told["memory"]["total_bytes"] > GIB
    assert (told["gpus"], told["processes"], told["rooms"]) == ([], [], [])


def test_of_an_ended_run_it_tells_the_disk(prints, log_root):
    folder = make_run(log_root, "g1-walk")
    folder.checkpoint(119).write_bytes(b"x" * 5_000_000)
    assert "more checkpoints of 4.8 MiB" in prints("machine", "latest", "--logs", str(log_root))
    told = prints("machine", folder.name, "--logs", str(log_root), "--json")
    assert told["disk"]["checkpoint_bytes"] == 5_000_000
    assert told["processes"] == []


def test_of_a_run_that_trains_it_tells_processes_and_room(prints, log_root):
    folder = make_run(log_root, "g1-walk", bodies=[])
    trainer = FakeTrainer(folder)
    try:
        trainer.play(bodies_of("g1-walk", until_iteration=3))
        wait_for(lambda: read_state(folder).iteration == 3, "iterations")
        told = prints("machine", "latest", "--logs", str(log_root), "--json")
    finally:
        trainer.close()
    processes = {process["role"]: process for process in told["processes"]}
    assert processes["trainer"]["pid"] == os.getpid()
    assert processes["wire"]["memory_bytes"] > 1_000_000
    assert processes["trainer"]["cpu"] is not None
    (room,) = told["rooms"]
    assert (room["where"], room["environments"]) == ("RAM", 16)
    assert room["fit"] > 16


def test_with_a_gpu_the_runs_memory_is_told_by_its_process(prints, log_root, monkeypatch):
    folder = make_run(log_root, "g1-gpu", bodies=[])
    driver = Driver(monkeypatch, count=2)
    driver.answers["nvmlDeviceGetComputeRunningProcesses"] = {0: [], 1: [Process(os.getpid(), 3 * GIB)]}
    trainer = FakeTrainer(folder)
    try:
        trainer.play(bodies_of("g1-gpu", until_iteration=3))
        wait_for(lambda: read_state(folder).iteration is not None, "iterations")
        told = prints("machine", "latest", "--logs", str(log_root), "--json")
        said = prints("machine", "latest", "--logs", str(log_root))
    finally:
        trainer.close()
    assert told["run_gpus"] == [1]
    assert next(one for one in told["processes"] if one["role"] == "trainer")["gpu_memory_bytes"] == 3 * GIB
    (room,) = told["rooms"]
    assert (room["where"], room["basis"], room["used_bytes"]) == ("GPU 1", "this run's processes", 3 * GIB)
    assert "GPU 1 ▸" in said
    assert driver.opened == 0


class Process:
    def __init__(self, pid, memory):
        self.pid, self.usedGpuMemory = pid, memory


def test_a_run_that_there_is_not_is_wrong_use(fails, log_root):
    assert "no runs in" in fails(2, "machine", "latest", "--logs", str(log_root))
