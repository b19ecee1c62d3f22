"""`python ray_nodes.py PLAN`: start a training's launchers on several nodes of a Ray cluster, and wait for their end.

The entry point of a job, run by the cluster's Python, which has Ray and nothing of this program. It reserves a
placement group with a bundle for each node, and starts one launcher of PyTorch in each. If one fails, the others end.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from typing import Any

_POLL_SECONDS = 1.0


class Launcher:
    """The launcher of one node, in a process of its own: Ray's worker only watches it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def meeting_place(self) -> str:
        """Return an address of this node where the launchers find each other."""
        import ray

        with socket.socket() as free:
            free.bind(("", 0))
            return f"{ray.util.get_node_ip_address()}:{free.getsockname()[1]}"

    def run(self, command: list[str], console: str, folder: str) -> int:
        """Run `command` in `folder`, its output appended to `console`; return its exit code."""
        if self._is_stopped:
            return 128 + signal.SIGTERM
        with open(console, "ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
        return self._process.wait()

    def stop(self) -> None:
        """Let the launcher save a checkpoint and end."""
        self._is_stopped = True
        if self._process is not None:
            self._process.terminate()


def main(plan: dict[str, Any]) -> int:
    """Return the first exit code that is not 0, else 0."""
    import ray
    from ray.util.placement_group import placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    ray.init(address="auto", log_to_driver=False, configure_logging=False)
    bundle: dict[str, float] = plan["bundle"]
    group = placement_group([bundle] * plan["nodes"], strategy="SPREAD")
    ray.get(group.ready())
    launchers = [
        ray.remote(Launcher)
        .options(
            num_cpus=bundle["CPU"],
            num_gpus=bundle.get("GPU", 0),
            max_concurrency=2,  # `stop` while `run` waits
            scheduling_strategy=PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=index),
        )
        .remote()
        for index in range(plan["nodes"])
    ]

    stopped_by: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped_by.append(number))
    address = ray.get(launchers[0].meeting_place.remote())
    runs = [
        launcher.run.remote(_command(plan, address, index), plan["console"], plan["folder"])
        for index, launcher in enumerate(launchers)
    ]
    codes: list[int] = []
    while runs:
        ended, runs = ray.wait(runs, timeout=_POLL_SECONDS)
        new = ray.get(ended)
        codes += new
        if any(new) or stopped_by:  # one that ends in order leaves the others time to do so too
            for launcher in launchers:
                launcher.stop.remote()
            stopped_by.clear()
    return next(filter(None, codes), 0)


def _command(plan: dict[str, Any], address: str, index: int) -> list[str]:
    """Return the command of a node. The first one is told that it is the host: names and addresses may not show it."""
    meeting = ["--rdzv_backend", "c10d", "--rdzv_id", plan["id"], "--rdzv_endpoint", address]
    host = ["--rdzv_conf", f"is_host={'true' if index == 0 else 'false'}"]
    return [*plan["launcher"], "--nnodes", str(plan["nodes"]), *meeting, *host, *plan["ranks"]]


if __name__ == "__main__":
    try:
        sys.exit(main(json.loads(sys.argv[1])))
    except ImportError as error:
        sys.exit(f"expected the cluster's Python, with Ray, got {sys.executable}: {error}; set [engines.ray] python")
