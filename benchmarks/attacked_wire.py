"""Measure how long requests and frames wait while other clients attack the wire.

    uv run python benchmarks/attacked_wire.py [SECONDS]

This process plays a trainer with 300 knobs that reports 100 iterations/s to a real wire process. A client pings it
every 10 ms. Each attack runs for SECONDS (5): clients in processes of their own send without pause what its name says.
Prints the time from request to reply, and from a frame to its arrival by the socket, in milliseconds, and the ratios to
those without an attack. Attackers need CPU too: with fewer than 8 cores, part of the wait is for a core.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import zmq

from trainer_proc.contract.codec import encode, pack_values
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import IterationFinished, KnobsAvailable, MetricSet, PhaseChanged
from trainer_proc.contract.requests import Command, Ping, Request, Tune, Undo
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.wire.link import TrainerLink
from tui.session.follow import Follower

_KNOBS = [f"reward/term_{number}/weight" for number in range(300)]
_UNANSWERED = 100
"""Requests that an attacker leaves unanswered before it reads: the socket then takes as many as it can."""


def _unknown(count: int) -> Tune:
    return Tune({f"reward/trem_{number}/wieght": 1.0 for number in range(count)})


ATTACKS: dict[str, tuple[int, Command | bytes]] = {
    "no attack": (0, b""),
    "1 client, 100 unknown knobs a request": (1, _unknown(100)),
    "1 client, 2,000 unknown knobs a request": (1, _unknown(2000)),
    "1 client, notes of 100,000 characters": (1, Tune({_KNOBS[0]: 2.0}, note="x" * 100_000)),
    "1 client, names of 100,000 characters": (1, Tune({"x" * 100_000: 2.0})),
    "1 client, messages of 3 MB": (1, b"\x92" * 3_000_000),
    "6 clients, pings": (6, Ping()),
    "6 clients, unknown knobs": (6, _unknown(1)),
    "6 clients, changes": (6, Tune({_KNOBS[1]: 2.0})),
    "6 clients, undo": (6, Undo()),
}


def attack(address: str, message: bytes, stop: Event) -> None:
    """Send `message` without pause until `stop`."""
    socket = zmq.Context().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(address)
    while not stop.is_set():
        for _ in range(_UNANSWERED):
            socket.send(message)
        for _ in range(_UNANSWERED):
            if socket.poll(100):
                socket.recv()


def measure(seconds: float, clients: int, message: bytes) -> tuple[list[float], list[float]]:
    """Return the waits of pings and of frames, in milliseconds, in order of size."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        link = TrainerLink(folder)
        stop, spawned = threading.Event(), multiprocessing.get_context("spawn")
        stop_attack = spawned.Event()
        trainer = threading.Thread(target=_train, args=(link, stop))
        trainer.start()
        connection = read_connection(folder)
        assert connection is not None
        attackers = [
            spawned.Process(target=attack, args=(connection.control, message, stop_attack)) for _ in range(clients)
        ]
        for one in attackers:
            one.start()
        time.sleep(2.0 * bool(clients))  # they load libraries
        arrived: list[float] = []
        follower = threading.Thread(target=_follow, args=(folder, stop, arrived))
        follower.start()
        waits = _ping(connection.control, seconds)
        stop.set()
        stop_attack.set()
        trainer.join()
        follower.join()
        for one in attackers:
            one.join(5)
            one.kill()
        link.close()
    return sorted(waits), sorted(arrived)


def _train(link: TrainerLink, stop: threading.Event) -> None:
    link.emit(KnobsAvailable(0, tuple(Knob(name, "reward", 1.0, 1.0, "next iteration") for name in _KNOBS)))
    link.emit(PhaseChanged("training"))
    link.emit(MetricSet(0, tuple(f"metric_{number}" for number in range(100))))
    values = pack_values([1.0] * 100)
    iteration = 0
    while not stop.is_set():
        link.receive()
        link.emit(IterationFinished(iteration, 0, values, iteration, 1.0))
        iteration += 1
        time.sleep(0.01)


def _follow(folder: RunFolder, stop: threading.Event, arrived: list[float]) -> None:
    with Follower(folder) as follower:
        follower.poll(1.0)
        while not stop.is_set():
            for frame in follower.poll(0.1):
                if isinstance(frame.body, IterationFinished):
                    arrived.append((time.time() - frame.time) * 1000)


def _ping(address: str, seconds: float) -> list[float]:
    waits = []
    with zmq.Context().socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(address)
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            socket.send(encode(Request(1, Ping())))
            if socket.poll(20_000):
                socket.recv()
            waits.append((time.perf_counter() - began) * 1000)
            time.sleep(0.01)
    return waits


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0

    def share(waits: list[float], part: float) -> float:
        return waits[min(int(len(waits) * part), len(waits) - 1)]

    print(f"{'':<42}{'reply p50':>11}{'p99':>8}{'× alone':>9}{'frame p50':>11}{'p99':>8}{'× alone':>9}")
    alone: list[float] = []
    for name, (clients, command) in ATTACKS.items():
        message = command if isinstance(command, bytes) else encode(Request(1, command))
        figures = [
            share(waits or [float("nan")], part) for waits in measure(seconds, clients, message) for part in (0.5, 0.99)
        ]
        alone = alone or figures
        times = (figures[1] / alone[1], figures[3] / alone[3])
        print(
            f"{name:<42}{figures[0]:>11.2f}{figures[1]:>8.2f}{times[0]:>9.1f}{figures[2]:>11.2f}{figures[3]:>8.2f}{times[1]:>9.1f}"
        )


if __name__ == "__main__":
    main()
