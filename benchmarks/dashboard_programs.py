"""The programs that `benchmarks/dashboard.py` compares, each with its source of data."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from benchmarks.dashboard_data import METRICS, rows
from benchmarks.dashboard_terminal import MeasuredTerminal

RECORDING = Path(__file__).parents[1] / "tests" / "recordings" / "g1-walk"


class Program(ABC):
    """A program in a terminal with `points` points in each of twelve charts, and new ones to come."""

    name: str
    idle_cpu = 0.1
    """Highest CPU usage when idle, in cores."""
    has_event_loop = True
    """Whether the delay of its event loop can be measured."""

    def __init__(self, folder: Path, points: int, **terminal: Any) -> None:
        """Start the program; `folder` is empty and used by it alone."""
        self.folder = folder
        self.delays_file = folder / "delays"
        arguments = self.prepare(points)
        home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache")}
        own = {"WANDB_CONFIG_DIR": str(folder), "WANDB_ERROR_REPORTING": "false", "RATE_FILE": str(folder / "rate")}
        self.terminal = MeasuredTerminal(arguments, home | own | {"DO_NOT_TRACK": "1"}, **terminal)

    @abstractmethod
    def prepare(self, points: int) -> list[str]:
        """Write the data and return the command."""

    @abstractmethod
    def feed(self, rate: float) -> None:
        """Send `rate` points per second from now on; 0 for none."""

    def delays(self, seconds: float) -> list[float]:
        """Return the delays of the event loop in milliseconds, measured for `seconds`; sorted."""
        self.terminal.signal(signal.SIGUSR1)
        time.sleep(seconds)
        self.terminal.signal(signal.SIGUSR1)
        self.terminal.wait_until(self.delays_file.exists, "the delays of the event loop")
        delays = sorted(map(float, self.delays_file.read_text().split()))
        self.delays_file.unlink()
        return delays

    def close(self) -> None:
        self.terminal.close()

    def with_meter(self, *arguments: str) -> list[str]:
        """Return the command that runs a Textual program and measures its event loop."""
        return [sys.executable, "-m", "benchmarks.dashboard_loop", str(self.delays_file), *arguments]


class HumanoidTui(Program):
    """The real program, attached to a replayed run over a real wire."""

    name = "humanoid-tui"

    def prepare(self, points: int) -> list[str]:
        settings = self.folder / "config" / "humanoid-tui" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"[board]\nmetrics = {json.dumps(METRICS)}\n")
        run = self.folder / "logs" / "rsl_rl" / "g1" / "2026-01-01_00-00-00_benchmark"
        shutil.copytree(RECORDING, run)
        command = [sys.executable, "-m", "benchmarks.dashboard_trainer", str(run), str(points)]
        self._trainer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._trainer.stdout is not None
        self._trainer.stdout.readline()
        return self.with_meter("humanoid-tui", "attach", str(run))

    def feed(self, rate: float) -> None:
        assert self._trainer.stdin is not None
        self._trainer.stdin.write(f"{rate}\n")
        self._trainer.stdin.flush()

    def close(self) -> None:
        super().close()
        self._trainer.communicate()


class Leet(Program):
    """`wandb leet` on a `.wandb` file that grows."""

    name = "wandb leet"
    idle_cpu = 0.6
    has_event_loop = False

    def prepare(self, points: int) -> list[str]:
        """Write the file, and settings that show twelve charts only."""
        from benchmarks.wandb_file import WandbFile

        run = self.folder / "wandb" / "offline-run-20260101_000000-benchmark"
        self._file = WandbFile(run, METRICS)
        for start in range(0, points, 10_000):
            for row in rows(start, min(10_000, points - start)).tolist():
                self._file.add_row(row)
        self._file.flush()
        self._rate = 0.0
        self._ending = threading.Event()
        self._points = points
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()
        settings = {
            "metrics_grid": {"rows": 3, "cols": 4},
            "left_sidebar_visible": False,
            "right_sidebar_visible": False,
            "console_logs_visible": False,
            "heartbeat_interval_seconds": 1,
        }
        (self.folder / "wandb-leet.json").write_text(json.dumps(settings))
        return [sys.executable, "-m", "wandb", "leet", str(self._file.path)]

    def feed(self, rate: float) -> None:
        self._rate = rate

    def close(self) -> None:
        super().close()
        self._ending.set()
        self._thread.join()
        self._file.close()

    def _write(self) -> None:
        due = time.monotonic()
        coming = iter(rows(self._points, 100_000).tolist())
        while not self._ending.is_set():
            if not self._rate:
                self._ending.wait(0.05)
                due = time.monotonic()
                continue
            self._ending.wait(max(0.0, due - time.monotonic()))
            self._file.add_row(next(coming))
            self._file.flush()
            due += 1 / self._rate


class _Rival(Program):
    def prepare(self, points: int) -> list[str]:
        return self.with_meter(self.name, str(points))

    def feed(self, rate: float) -> None:
        (self.folder / "rate").write_text(str(rate))
        self.terminal.signal(signal.SIGUSR2)


class TextualPlot(_Rival):
    """Textual with textual-plot."""

    name = "textual-plot"


class TextualPlotext(_Rival):
    """Textual with textual-plotext."""

    name = "textual-plotext"


PROGRAMS: dict[str, type[Program]] = {kind.name: kind for kind in (HumanoidTui, Leet, TextualPlot, TextualPlotext)}
