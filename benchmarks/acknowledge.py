"""Measure how long a request waits for its reply while the trainer is busy.

    uv run python benchmarks/acknowledge.py [PRESET] [ITERATIONS]

Starts a real training and pings its trainer every 20 ms while it loads libraries, builds the environment, compiles and
trains. Prints for each phase the number of pings, and the median, 99th percentile and maximum of the time from request
to reply in milliseconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import zmq

from presets import load_preset
from trainer_proc.contract.codec import encode
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import TERMINAL_PHASES
from trainer_proc.contract.requests import Ping, Request
from tui.session.backends.devices import list_devices
from tui.session.follow import Follower
from tui.session.launching.launcher import Overrides, launch, make_spec
from tui.session.state import RunState


def main() -> None:
    preset = sys.argv[1] if len(sys.argv) > 1 else "cartpole"
    iterations = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    spec = make_spec(load_preset(preset), Overrides(iterations=iterations), list_devices())
    waits: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as logs:
        folder = launch(spec, Path(logs))
        while (connection := read_connection(folder)) is None:
            time.sleep(0.01)
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        socket.connect(connection.control)
        state = RunState()
        with Follower(folder) as follower:
            while state.phase is None or state.phase.phase not in TERMINAL_PHASES:
                began = time.perf_counter()
                socket.send(encode(Request(1, Ping())))
                if socket.poll(10_000):
                    socket.recv()
                    elapsed = (time.perf_counter() - began) * 1000
                    detail = state.phase.detail.split()[0] if state.phase and state.phase.phase == "building" else ""
                    waits[f"{state.phase.phase if state.phase else 'starting'} {detail}".strip()].append(elapsed)
                for frame in follower.poll(0.02):
                    state.apply(frame)
        socket.close(linger=0)
    print(f"{preset}, {spec.num_envs} environments, {spec.device}, {iterations} iterations")
    print(f"{'phase':<22}{'pings':>7}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for phase, times in waits.items():
        times.sort()
        p50, p99 = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.99))]
        print(f"{phase:<22}{len(times):>7}{p50:>9.2f}{p99:>9.2f}{times[-1]:>9.2f}")


if __name__ == "__main__":
    main()
