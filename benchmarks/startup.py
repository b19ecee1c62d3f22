"""Measure the time from the start of the program to its first paint.

    uv run python benchmarks/startup.py [TIMES]

Starts `humanoid-tui` in a pseudo-terminal of 120×40 cells, TIMES times (10), and measures until the title of the launch
screen is painted. For comparison, in turn: the interpreter alone, and the import of Textual. Prints median and maximum
in milliseconds.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("humanoid-tui"))


def first_paint(folder: str) -> float:
    """Return the milliseconds until the launch screen is painted."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ["TERM"] = "xterm-256color"
        os.execv(PROGRAM, [PROGRAM])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    shown = b""
    while b"start a training" not in shown:
        shown += os.read(terminal, 65536)
    elapsed = time.perf_counter() - began
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return elapsed * 1000


def interpreter(statement: str) -> float:
    """Return the milliseconds that a Python process takes to run `statement`."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    rows: dict[str, list[float]] = {"python": [], "python, import textual.app": [], "first paint of humanoid-tui": []}
    with tempfile.TemporaryDirectory() as folder:
        first_paint(folder)  # compiles the bytecode
        for _ in range(times):
            rows["python"].append(interpreter("pass"))
            rows["python, import textual.app"].append(interpreter("import textual.app"))
            rows["first paint of humanoid-tui"].append(first_paint(folder))
    print(f"{'':<30}{'median ms':>10}{'longest ms':>12}")
    for name, values in rows.items():
        print(f"{name:<30}{statistics.median(values):>10.0f}{max(values):>12.0f}")


if __name__ == "__main__":
    main()
