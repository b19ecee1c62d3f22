"""The program in a headless Chromium, and the screen that the user sees there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

from tests.program import PROGRAM
from tests.waiting import PATIENCE_SECONDS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", *(("--no-sandbox",) if os.geteuid() == 0 else ())),
)
READ_TERMINAL = """() => {
  let text = ""
  const keep = event => { text = event.clipboardData.getData("text/plain") }
  document.addEventListener("copy", keep)
  document.execCommand("copy")
  document.removeEventListener("copy", keep)
  return text
}"""
"""What xterm.js has selected, from its own buffer: it draws on a canvas, which has no text."""


class Served:
    """`humanoid-tui web` in a process of its own."""

    def __init__(self, cwd: Path, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.process = subprocess.Popen(
            [PROGRAM, "web", "--port", "0", *arguments],
            cwd=cwd,
            env=environment | {"XDG_CONFIG_HOME": str(cwd / "config"), "XDG_STATE_HOME": str(cwd / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.said = self.process.stdout.readline().strip()

    @property
    def programs(self) -> list[psutil.Process]:
        """The processes of the program, one for each tab."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE and "tui" in child.cmdline()]

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl+C; return the exit code and all that was said behind the first two lines."""
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said

    def close(self) -> None:
        if self.process.poll() is None:
            self.interrupt()


class Tab:
    """One tab of the browser with the program in it."""

    def __init__(self, context, address: str) -> None:
        self.page = context.new_page()
        self.requests: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda line: self.problems.append(line.text) if line.type == "error" else None)
        self.page.goto(address)

    @property
    def text(self) -> str:
        """What the terminal shows, read as a person would: Shift and the mouse select it."""
        size = self.page.viewport_size
        self.page.keyboard.down("Shift")
        self.page.mouse.move(2, 2)
        self.page.mouse.down()
        self.page.mouse.move(size["width"] - 2, size["height"] - 2, steps=3)
        self.page.mouse.up()
        self.page.keyboard.up("Shift")
        return self.page.evaluate(READ_TERMINAL)

    @property
    def picture(self) -> bytes:
        return self.page.screenshot()

    def until(self, condition, what: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition(text := self.text):
            assert time.monotonic() < deadline, f"never came: {what}\n{text}"
            self.page.wait_for_timeout(50)
        return text
