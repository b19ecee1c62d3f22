"""A run's processes are found in a real tree: a launcher, its ranks, the wire process and what they start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.tui.screens.recorded import FakeTrainer, make_run
from tests.waiting import PATIENCE_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from tui.session.machine.processes import RunProcesses

ROOT = Path(__file__).parents[2]
RANK = """
import subprocess, sys, time
from pathlib import Path
if sys.argv[1] == "0":
    from trainer_proc.wire.link import TrainerLink
    from trainer_proc.contract.run_folder import RunFolder
    link = TrainerLink(RunFolder(Path(sys.argv[2])))
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "-m", "trainer_proc.export.write"])
block = bytearray(50_000_000)
print("ready", flush=True)
while sys.argv[1] == "1":
    sum(range(1000))
time.sleep(600)
"""
LAUNCHER = """
import os, subprocess, sys, time
for rank in "01":
    subprocess.Popen([sys.executable, "-c", sys.argv[3], rank, sys.argv[2]], env=os.environ | {"RANK": rank})
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path):
    return make_run(tmp_path, "cartpole", bodies=[])


def end(process):
    tree = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for one in tree:
        one.kill()
    process.stdout.close()
    process.wait()
    psutil.wait_procs(tree, timeout=PATIENCE_SECONDS)


@pytest.fixture
def launched(folder):
    """A training on two ranks, as PyTorch's launcher starts it."""
    arguments = [sys.executable, "-c", LAUNCHER, "torch.distributed.run", str(folder.path), RANK]
    process = subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"CUDA_VISIBLE_DEVICES": "3,1"}
    )
    for _ in range(2):
        assert process.stdout.readline() == b"ready\n"
    yield process
    if process.poll() is None:
        end(process)


def test_all_processes_of_several_ranks_are_found_with_what_they_are(folder, launched):
    processes = RunProcesses(folder)
    first = processes.read()
    assert [process.role for process in first] == ["rank 0", "rank 1", "exporter", "launcher", "wire"]
    assert {process.cpu for process in first} == {None}
    assert next(process.pid for process in first if process.role == "launcher") == launched.pid
    assert next(process.pid for process in first if process.role == "wire") == read_connection(folder).pid
    assert all(process.memory_bytes > 50_000_000 for process in first[:2])
    assert processes.visible_gpus == "3,1"
    wait_for(lambda: busy_share(processes) > 0.1, "the busy rank's share of a core")
    assert next(process.cpu for process in processes.read() if process.role == "launcher") < 0.1


def busy_share(processes):
    return next(process.cpu for process in processes.read() if process.role == "rank 1") or 0


def test_of_a_trainer_in_one_process_its_wire_is_found(folder):
    trainer = FakeTrainer(folder)  # this very process is the trainer
    try:
        wait_for(lambda: read_connection(folder), "the wire process")
        found = {process.role: process.pid for process in RunProcesses(folder).read()}
    finally:
        trainer.close()
    assert found["trainer"] == os.getpid()
    assert "wire" in found


def test_a_process_that_ends_is_gone_from_the_next_reading(folder, launched):
    processes = RunProcesses(folder)
    exporter = next(process.pid for process in processes.read() if process.role == "exporter")
    psutil.Process(exporter).kill()
    wait_for(lambda: "exporter" not in [process.role for process in processes.read()], "its end")


def test_a_run_that_has_ended_has_no_processes(folder, launched):
    processes = RunProcesses(folder)
    assert processes.read()
    end(launched)
    assert processes.read() == []


def test_a_run_without_a_trainer_has_no_processes(folder):
    assert RunProcesses(folder).read() == []
