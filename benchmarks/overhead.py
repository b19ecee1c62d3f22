"""Measure the overhead of steering: plain rsl-rl against the same training with everything attached.

    uv run python -m benchmarks.overhead [--backend BACKEND] [--task TASK] [--num-envs N] [--device DEVICE]
                                         [--blocks N] [--iterations N] [--success KIND]

Run it with the Python in which the backend is installed.

Two processes build the same task with the same seed: one plain, one steered with its wire process. They train in turn,
ITERATIONS at a time, while the other one is idle, in the order plain, steered, steered, plain, …. Printed are:

- median and quartiles of the paired ratios of their iteration times
- the hook time per iteration: time in the wrappers of the steered process, without the wrapped functions. For
  `add_scalar`, it is the time beyond that of the plain process, as the wrapper makes the copies from the device.
- the time from request to reply while a thread requests a change every 20 ms, over three more blocks
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import zmq

from tui.session.backends.devices import list_devices

TASKS = {"mjlab": "Mjlab-Velocity-Flat-Unitree-G1", "isaaclab": "Isaac-Velocity-Flat-G1"}


def main() -> None:
    options = _options()
    if options.child:
        from benchmarks.overhead_child import train

        train(options)
        return
    children = {kind: Child(kind, options) for kind in ("plain", "steered")}
    blocks: dict[str, list[dict[str, Any]]] = {"plain": [], "steered": []}
    for child in children.values():
        child.block()  # the first iterations warm up
    for block in range(options.blocks):
        order = ("plain", "steered") if block % 2 == 0 else ("steered", "plain")
        for kind in order:
            blocks[kind].append(children[kind].block())
    waits = children["steered"].block_with_requests()
    for child in children.values():
        child.close()
    _report(options, blocks, waits, children["steered"].facts)


def parser_of(description: str | None, blocks: str) -> argparse.ArgumentParser:
    """Return a parser of what to train and how long; `blocks` is the help of `--blocks`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=tuple(TASKS), default="mjlab")
    parser.add_argument("--task", help="the backend's flat G1 by default")
    parser.add_argument("--device", default=list_devices()[0].name)
    parser.add_argument("--num-envs", type=int)
    parser.add_argument("--blocks", type=int, default=12, help=blocks)
    parser.add_argument("--iterations", type=int, default=5, help="iterations of a block")
    parser.add_argument("--seed", type=int, default=42)
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the options of the command line, with a task and a number of environments that fit the others."""
    options = parser.parse_args()
    options.task = options.task or TASKS[options.backend]
    options.num_envs = options.num_envs or (16 if options.device == "cpu" else 4096)
    return options


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__, "pairs of blocks")
    parser.add_argument("--success", default="time-out", help="kind of success to measure")
    parser.add_argument("--child", choices=("plain", "steered"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parsed(parser)


class Child:
    """A training process that runs a block of iterations on command."""

    def __init__(
        self,
        kind: str,
        options: argparse.Namespace,
        module: str = "overhead",
        more: tuple[str, ...] = ("success",),
        processes: int = 1,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        arguments = ["--child", kind, "--folder", self._folder.name]
        for name in ("backend", "task", "device", "num_envs", "iterations", "seed", *more):
            arguments += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
        ranks = ["torch.distributed.run", "--standalone", "--nproc_per_node", str(processes), "-m"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", *(ranks if processes > 1 else ()), f"benchmarks.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(Path(self._folder.name) / "log", "wb"),  # noqa: SIM115
            text=True,
        )
        self.facts = self._receive()

    def block(self) -> dict[str, Any]:
        """Train one block; return the seconds per iteration and, if steered, the hook seconds per iteration."""
        self._send("go")
        return self._receive()

    def busy_seconds(self) -> float:
        """Train one iteration under a profiler; return the seconds in which the GPU executed kernels, 0 on a CPU."""
        self._send("profile")
        return float(self._receive()["busy"])

    def block_with_requests(self) -> list[float]:
        """Train three blocks while a thread requests changes; return the times to reply in milliseconds."""
        waits: list[float] = []
        done = threading.Event()
        asking = threading.Thread(target=_request_changes, args=(self.facts["control"], done, waits))
        asking.start()
        for _ in range(3):
            self.block()
        done.set()
        asking.join()
        return waits

    def close(self) -> None:
        """End the process, if it still lives."""
        with suppress(BrokenPipeError):
            self._send("end")
        self._process.wait()
        self._folder.cleanup()

    def _send(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise SystemExit((Path(self._folder.name) / "log").read_text()[-2000:])


def _request_changes(control: str, done: threading.Event, waits: list[float]) -> None:
    from trainer_proc.contract.codec import decode_reply, encode
    from trainer_proc.contract.requests import Accepted, Request, Tune

    with zmq.Context.instance().socket(zmq.DEALER) as socket:
        socket.connect(control)
        number = 0
        while not done.wait(0.02):
            number += 1
            began = time.perf_counter()
            socket.send(encode(Request(number, Tune({"guard/kl/factor": 5.0 + number % 7}))))
            reply = decode_reply(socket.recv())
            waits.append((time.perf_counter() - began) * 1000)
            assert isinstance(reply, Accepted), reply


def _report(
    options: argparse.Namespace, blocks: dict[str, list[dict[str, Any]]], waits: list[float], facts: dict[str, Any]
) -> None:
    plain = [block["seconds"] for block in blocks["plain"]]
    steered = [block["seconds"] for block in blocks["steered"]]
    for ours, theirs in zip(blocks["steered"], blocks["plain"], strict=True):
        ours["hooks"]["add_scalar"] = ours["outer"]["add_scalar"] - theirs["inner"]["add_scalar"]
    hooks = [sum(block["hooks"].values()) * 1000 for block in blocks["steered"]]
    ratios = [ours / theirs for ours, theirs in zip(steered, plain, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    waits.sort()
    iteration_ms = statistics.median(plain) * 1000
    hook_ms = statistics.median(hooks)
    print(f"{options.task}, {options.num_envs} environments, {options.device}: {options.blocks} pairs of blocks of")
    print(f"{options.iterations} iterations; {facts['scalars']} scalars, {facts['knobs']} knobs")
    print(f"{'start to end of first iteration, steered':<44}{facts['first_iteration']:>10.1f} s")
    print(f"{'memory then (of a GPU: all processes)':<44}{facts['memory_gib']:>10.2f} GiB")
    print(
        f"{'plain iteration, median':<44}{iteration_ms:>10.1f} ms ({facts['steps'] / iteration_ms * 1000:.0f} steps/s)"
    )
    print(f"{'steered / plain, median (quartiles)':<44}{middle:>10.4f}    ({low:.4f} to {high:.4f})")
    print(f"{'hook time per iteration, median (maximum)':<44}{hook_ms:>10.2f} ms ({max(hooks):.2f} ms)")
    names = dict.fromkeys(name for block in blocks["steered"] for name in block["hooks"])
    for name in names:  # a short block may have no reset
        of_this = statistics.median(block["hooks"].get(name, 0.0) for block in blocks["steered"]) * 1000
        print(f"  {name:<42}{of_this:>10.3f} ms")
    print(f"{'hook time / plain iteration':<44}{hook_ms / iteration_ms:>10.3%}")
    p50, p99 = waits[len(waits) // 2], waits[min(len(waits) - 1, int(len(waits) * 0.99))]
    print(f"{'request to reply, p50, p99, maximum':<44}{p50:>10.2f} ms {p99:.2f} ms {waits[-1]:.2f} ms ({len(waits)})")


if __name__ == "__main__":
    main()
