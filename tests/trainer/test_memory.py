"""A training reports what memory it uses on its device; a GPU's driver is a stand-in, for there is none here."""

from __future__ import annotations

import os
from types import SimpleNamespace

import psutil
import pynvml
import pytest

from tests.tui.machines import GIB, Driver
from trainer_proc.contract.monitoring import MemoryMeasured


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global MemoryWatch, measure, torch
    import torch

    from trainer_proc.metrics.memory import MemoryWatch, measure


@pytest.fixture
def gpu(monkeypatch):
    """A GPU of which 5 GiB are used, 2 by process 77."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * GIB, 8 * GIB))
    properties = SimpleNamespace(name="NVIDIA RTX 4060", uuid="1234")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByUUID", {"GPU-1234": 0}.__getitem__, raising=False)
    return Driver(monkeypatch)


def test_on_a_cpu_it_is_the_peak_of_the_process():
    measured = measure(torch.device("cpu"))
    assert measured.name == "CPU"
    assert psutil.Process().memory_info().rss * 0.5 < measured.used_bytes < measured.total_bytes
    assert measured.total_bytes == psutil.virtual_memory().total
    assert not measured.of_all


def test_on_a_gpu_it_is_the_driver_s_record_of_the_process(gpu):
    gpu.answers["nvmlDeviceGetComputeRunningProcesses"].append(SimpleNamespace(pid=os.getpid(), usedGpuMemory=GIB))
    assert measure(torch.device("cuda:0")) == MemoryMeasured("NVIDIA RTX 4060", GIB, 8 * GIB)
    assert gpu.opened == 0  # and it is given back


@pytest.mark.parametrize("answer", [[], Driver.UNSUPPORTED, [SimpleNamespace(pid=os.getpid(), usedGpuMemory=None)]])
def test_where_the_driver_knows_no_processes_it_is_all_that_is_used(gpu, answer):
    gpu.answers["nvmlDeviceGetComputeRunningProcesses"] = answer
    assert measure(torch.device("cuda:0")) == MemoryMeasured("NVIDIA RTX 4060", 5 * GIB, 8 * GIB, of_all=True)


def test_it_is_reported_after_the_first_iterations_and_once_it_has_grown(gpu, monkeypatch):
    emitted = []
    watch = MemoryWatch("cuda:0", emitted.append)
    gpu.answers["nvmlDeviceGetComputeRunningProcesses"] = []

    def iterate(times, used):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (8 * GIB - int(used * GIB), 8 * GIB))
        for _ in range(times):
            watch.iteration_finished()
        return [round(one.used_bytes / GIB, 2) for one in emitted]

    assert iterate(2, 1.0) == []
    assert iterate(1, 2.0) == [2.0]
    assert iterate(97, 2.1) == [2.0]
    assert iterate(100, 3.0) == [2.0, 3.0]
    assert iterate(100, 1.0) == [2.0, 3.0]
