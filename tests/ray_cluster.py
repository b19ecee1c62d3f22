"""A Ray cluster of one node, from the environment that `.ci/ray` makes, on free ports and in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.waiting import TRAINING_SECONDS, wait_for
from tui.session.engines.job import EngineError
from tui.session.engines.ray_jobs import RayJobs

RAY = Path(__file__).parents[1] / ".venv-ray" / "bin" / "ray"
_FIRST, _END_SECONDS, _MOST_STARTS = "first", 5, 5


@contextlib.contextmanager
def ray_cluster(cpus: int) -> Iterator[str]:
    """Yield the address of the Jobs server; its node has this number of CPUs, and no GPU."""
    if not RAY.exists():
        pytest.skip("needs Ray: run .ci/ray")
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # short enough for its sockets
    port, server, agent, client, metrics = _free_ports(5)
    options = {
        "port": port,
        "dashboard-port": server,
        "dashboard-agent-listen-port": agent,
        "ray-client-server-port": client,
        "metrics-export-port": metrics,
        "min-worker-port": 0,
        "max-worker-port": 0,
        "node-ip-address": "127.0.0.1",
        "num-cpus": cpus,
        "num-gpus": 0,
        "object-store-memory": 80_000_000,
        "include-log-monitor": "false",
        "temp-dir": folder,
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "VIRTUAL_ENV"))}
    own["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"  # below `uv run pytest`, each job would install this project anew
    nodes: list[psutil.Popen] = []

    def start() -> None:
        with open(Path(folder) / "output", "ab") as output:
            nodes.append(
                psutil.Popen(
                    [RAY, "start", "--head", "--block", "--disable-usage-stats", *words],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    env=own,
                    start_new_session=True,
                )
            )

    def answers() -> bool:
        if nodes[-1].poll() is not None and len(nodes) < _MOST_STARTS:  # Ray gives itself 30 s, few here
            start()
        return _answers(address, nodes[-1], folder)

    address = f"http://127.0.0.1:{server}"
    start()
    try:
        wait_for(answers, "Ray's Jobs server", TRAINING_SECONDS)
        yield address
    finally:
        node = nodes[-1]
        processes = [node, *node.children(recursive=True)] if node.is_running() else []
        for kill in (psutil.Process.terminate, psutil.Process.kill):
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    kill(process)
            _, processes = psutil.wait_procs(processes, _END_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(address: str, node: psutil.Popen, folder: str) -> bool:
    assert node.poll() is None, (Path(folder) / "output").read_text()
    try:
        RayJobs(address).submit({"entrypoint": "true", "submission_id": _FIRST})  # refused until all parts have started
    except EngineError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
