"""Two launchers of PyTorch that train one run, as on two nodes of a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.program import bodies_of
from tests.scripts import ROOT
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import InterventionApplied, IterationFinished
from trainer_proc.contract.requests import Tune
from trainer_proc.contract.run_folder import RunFolder, iteration_of
from tui.session.runs.run_index import read_state
from tui.session.trainer_request import ask


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "logs" / "point" / "two_nodes")


@pytest.fixture
def nodes(folder, unused_tcp_port):
    """The two launchers, by the rank that each has started."""
    folder.path.parent.mkdir(parents=True)
    meeting = ("--rdzv_backend", "c10d", "--rdzv_id", "test", "--rdzv_endpoint", f"localhost:{unused_tcp_port}")
    command = ("-m", "trainer_proc.torchrun", "--nnodes", "2", "--nproc_per_node", "1", *meeting)
    with open(folder.path.parent / "nodes.txt", "wb") as console:
        launchers = [
            subprocess.Popen(
                [sys.executable, *command, "-m", "tests.train_point", str(folder.path)],
                cwd=ROOT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
            for _ in range(2)
        ]
    wait_for(lambda: trained(folder), "an iteration", TRAINING_SECONDS)
    yield {rank_of(launcher): launcher for launcher in launchers}
    for launcher in launchers:
        if launcher.poll() is None:
            for process in (*psutil.Process(launcher.pid).children(recursive=True), launcher):
                process.kill()
        launcher.wait()


def rank_of(launcher):
    (child,) = psutil.Process(launcher.pid).children()
    return child.environ()["RANK"]


def trained(folder, kind=IterationFinished):
    return folder.journal.exists() and kind in map(type, bodies_of(folder))


def test_nodes_train_in_step_and_the_end_of_one_ends_the_other_with_a_checkpoint(folder, nodes):
    assert set(nodes) == {"0", "1"}
    ask(folder, Tune({"ppo/entropy_coef": 0.02}))
    wait_for(lambda: trained(folder, InterventionApplied), "the change", TRAINING_SECONDS)
    nodes["1"].send_signal(signal.SIGTERM)
    wait_for(lambda: nodes["1"].poll() is not None, "the end of a launcher", TRAINING_SECONDS)
    assert nodes["1"].returncode
    wait_for(lambda: read_connection(folder) is None, "the end of the wire process", TRAINING_SECONDS)
    nodes["0"].kill()  # as srun --kill-on-bad-exit does: a launcher waits up to 300 s for the others
    nodes["0"].wait()
    state = read_state(folder)
    assert state.status(is_alive=False) == "stopped"
    assert iteration_of(folder.checkpoints()[-1]) == state.iteration
    first, second = (folder.path.parent / f"rank_{rank}.jsonl" for rank in nodes)
    seen = [[json.loads(line) for line in path.read_text().splitlines()] for path in (first, second)]
    assert seen[0] == seen[1]  # values of each rollout, and the weights at the end
    assert [0.02] in [line[:1] for line in seen[0] if isinstance(line, list)]
