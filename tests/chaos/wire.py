"""Disasters around a real wire process. Each function returns the problems that it found, one line each."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from random import Random
from unittest.mock import patch

import psutil
import zmq

from tests.chaos.playing import KNOBS, Playing, make_folder
from tests.waiting import wait_for
from trainer_proc.contract.codec import decode_reply, encode
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import (
    Frame,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    PhaseChanged,
)
from trainer_proc.contract.requests import (
    Accepted,
    Command,
    Pause,
    Ping,
    Redo,
    Refused,
    Reply,
    Request,
    Resume,
    Save,
    StopRamp,
    Tune,
    Undo,
    Unpin,
)
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.stand_ins import Damaged
from tui.session.runs.run_index import summarize
from tui.session.trainer_request import ask

_MIB = 2**20


def fuzzed_messages(scratch: Path, count: int, random: Random) -> list[str]:
    """Send damaged requests; the wire answers on, and nothing of them reaches the journal but valid changes."""
    folder, playing = _begin(scratch)
    process = _wire(folder)
    before = process.memory_info().rss
    commands: list[Command] = [
        *(Tune({KNOBS[0]: 2.0}, note="a note"), Undo(), Redo(), Unpin(KNOBS[:2]), StopRamp(KNOBS[:1])),
        *(Pause(), Resume(), Save(), Ping()),
    ]
    valid = [encode(Request(number, command)) for number, command in enumerate(commands)]
    with zmq.Context.instance().socket(zmq.DEALER) as client:
        client.linger = 0
        client.connect(_control(folder))
        for sent in range(0, count, 100):
            batch = min(100, count - sent)
            for _ in range(batch):
                client.send(_mutated(random.choice(valid), random))
            for _ in range(batch):
                if not client.poll(60_000):
                    return [*_end(folder, playing), f"no reply after {sent} messages"]
                decode_reply(client.recv())
    problems = [] if isinstance(ask(folder, Ping(), 60.0), Accepted) else ["a ping was refused"]
    if (grown := process.memory_info().rss - before) > 50 * _MIB + 500 * count / 100:
        problems.append(f"the wire process has grown by {grown / _MIB:.0f} MiB")
    return problems + _end(folder, playing)


def competing_edits(scratch: Path, writers: int, each: int) -> list[str]:
    """Let several writers change the same knobs; each accepted change is applied once, and none is lost."""
    folder, playing = _begin(scratch)
    accepted: list[int] = []
    problems: list[str] = []

    def write(writer: int) -> None:
        with zmq.Context.instance().socket(zmq.DEALER) as client:
            client.linger = 0
            client.connect(_control(folder))
            for number in range(each):
                while isinstance(reply := _asked(client, Tune({KNOBS[number % 10]: float(writer)})), Refused):
                    if "changes wait" not in reply.reason:
                        problems.append(reply.reason)
                        return
                assert reply.intervention is not None
                accepted.append(reply.intervention)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: _count(folder, InterventionApplied) >= len(accepted), "the changes", 120.0)
    problems += _end(folder, playing)
    for kind in (InterventionQueued, InterventionApplied):
        numbers = Counter(body.number for body in _bodies(folder) if isinstance(body, kind))
        if numbers != Counter(accepted):
            problems.append(f"{len(accepted)} accepted, {numbers.total()} {kind.__name__}")
    if len(accepted) != writers * each:
        problems.append(f"expected {writers * each} accepted changes, got {len(accepted)}")
    return problems


def wires_killed(scratch: Path, times: int, random: Random) -> list[str]:
    """Kill the wire process again and again; the training starts another, and no iteration is lost."""
    folder, playing = _begin(scratch)
    for _ in range(times):
        process = _wire(folder)
        reached = playing.iterations + random.randrange(50)
        wait_for(lambda reached=reached: playing.iterations > reached, "iterations")
        process.kill()
        wait_for(lambda pid=process.pid: (now := read_connection(folder)) and now.pid != pid, "another wire process")
    return _end(folder, playing)


def disks_full(scratch: Path, times: int, random: Random) -> list[str]:
    """Let the journal's writes fail at random moments; all is written when there is room again."""
    folder, playing = _begin(scratch)
    process = _wire(folder)
    for _ in range(times):
        size = folder.journal.stat().st_size + random.randrange(5000)
        process.rlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        reached = playing.iterations + 100
        wait_for(lambda reached=reached: playing.iterations > reached, "iterations without room")
        process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_for(lambda size=size: folder.journal.stat().st_size > size + 5000, "the journal to grow again")
    return _end(folder, playing)


def clocks_stepped(scratch: Path, times: int, random: Random) -> list[str]:
    """Step the training's clock back and forth; the run stays alive and whole in the list."""
    import time

    now, offset = time.time, [0.0]
    with patch("time.time", lambda: now() + offset[0]):
        folder, playing = _begin(scratch)
        problems = []
        for _ in range(times):
            offset[0] = random.choice((-3e9, -3600.0, 0.0, 3600.0, 9e9, 2e11))
            reached = playing.iterations + 20
            wait_for(lambda reached=reached: playing.iterations > reached, "iterations")
            if (status := summarize(folder).status) != "training":
                problems.append(f"status {status} after a step of {offset[0]:g} s")
        return problems + _end(folder, playing)


def folders_moved(scratch: Path, times: int) -> list[str]:
    """Move a run's folder away and back; its journal goes on."""
    folder, playing = _begin(scratch)
    away = folder.path.with_name("away")
    for _ in range(times):
        for source, target in ((folder.path, away), (away, folder.path)):
            source.rename(target)
            reached = playing.iterations + 30
            wait_for(lambda reached=reached: playing.iterations > reached, "iterations")
    return _end(folder, playing)


def trainers_killed(scratch: Path, times: int, random: Random) -> list[str]:
    """Kill the training process at random moments, mid-journal too; the folder is used again and again."""
    folder = make_folder(scratch / "experiment" / "run")
    problems: list[str] = []
    for number in range(times):
        at_least = (folder.journal.stat().st_size if folder.journal.exists() else 0) + random.randrange(100_000)
        with subprocess.Popen([sys.executable, "-m", "tests.chaos.playing", str(folder.path)]) as process:
            wait_for(lambda n=at_least: folder.journal.exists() and folder.journal.stat().st_size > n, "the journal")
            process.kill()
        wait_for(lambda: read_connection(folder) is None, "the end of the wire process")
        if (status := summarize(folder).status) != "failed":
            problems.append(f"status {status} after kill {number + 1}")
    frames = JournalReader(folder.journal).read_new()
    return problems + _journal_problems(frames)


# --- What they share ----------------------------------------------------------------------------------------


def _begin(scratch: Path, pause: float = 0.001) -> tuple[RunFolder, Playing]:
    folder = make_folder(scratch / "experiment" / "run")
    playing = Playing(folder, pause)
    wait_for(lambda: _count(folder, IterationFinished), "the first iteration")
    return folder, playing


def _end(folder: RunFolder, playing: Playing) -> list[str]:
    """Finish the training; return what is wrong with its journal."""
    playing.close()
    frames = JournalReader(folder.journal).read_new()
    problems = _journal_problems(frames)
    iterations = [frame.body.iteration for frame in frames if isinstance(frame.body, IterationFinished)]
    if iterations != list(range(playing.iterations)):
        problems.append(f"{playing.iterations} iterations, {len(iterations)} in the journal")
    if frames[-1].body != PhaseChanged("finished"):
        problems.append("the end is not in the journal")
    return problems


def _journal_problems(frames: list[Frame]) -> list[str]:
    problems = [str(frame.body) for frame in frames if isinstance(frame.body, Damaged)]
    if [frame.number for frame in frames] != list(range(len(frames))):
        problems.append("numbers of frames are not consecutive")
    return problems


def _bodies(folder: RunFolder) -> list[object]:
    return [frame.body for frame in JournalReader(folder.journal).read_new()]


def _count(folder: RunFolder, kind: type) -> int:
    return sum(isinstance(body, kind) for body in _bodies(folder))


def _control(folder: RunFolder) -> str:
    return wait_for(lambda: read_connection(folder), "a connection").control


def _wire(folder: RunFolder) -> psutil.Process:
    return psutil.Process(wait_for(lambda: read_connection(folder), "a connection").pid)


def _asked(client: zmq.Socket[bytes], command: Command) -> Reply:
    client.send(encode(Request(1, command)))
    assert client.poll(60_000), "no reply"
    return decode_reply(client.recv())


def _mutated(message: bytes, random: Random) -> bytes:
    data = bytearray(message)
    for _ in range(random.randrange(4)):
        place = random.randrange(len(data) + 1)
        match random.randrange(4):
            case 0:
                data[place : place + 1] = random.randbytes(1)
            case 1:
                del data[place : place + random.randrange(5)]
            case 2:
                data[place:place] = random.randbytes(random.randrange(9))
            case 3:
                data[place:place] = data[: random.randrange(len(data) + 1)]
    return bytes(data)
