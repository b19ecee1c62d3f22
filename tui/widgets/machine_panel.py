"""Load of the machine: GPUs, CPU, memory, disk, and the processes of the run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from trainer_proc.contract.monitoring import StepPart
from trainer_proc.contract.run_folder import RunFolder
from tui.session.machine.follower import MachineFollower
from tui.session.machine.history import MachineTrail
from tui.session.machine.machine import MachineReading
from tui.session.machine.view import WARNING, machine_lines
from tui.session.text import plain
from tui.widgets.diff_text import DiffText, set_titles
from tui.widgets.thread_failed import ThreadFailed

_BARS = re.compile("[▁▂▃▄▅▆▇█]+")
_NARROWEST = 30


class MachinePanel(VerticalScroll, can_focus=True):
    """Reads the machine once a second while visible, and draws it with curves of the last minutes."""

    DEFAULT_CSS = """
    MachinePanel { padding: 0 1; scrollbar-gutter: stable; scrollbar-size: 0 1; }
    MachinePanel > DiffText { text-wrap: nowrap; }
    """

    @dataclass
    class Read(Message):
        """The machine was read."""

        reading: MachineReading

    def __init__(self, folder: RunFolder, *, id: str | None = None) -> None:
        """Show this machine and the processes of the run in `folder`."""
        super().__init__(id=id)
        self.reading: MachineReading | None = None
        self._parts: tuple[StepPart, ...] = ()
        self._trail = MachineTrail()
        self._text = DiffText()
        self._follower = MachineFollower(
            folder, lambda reading: self._post(self.Read(reading)), lambda text: self._post(ThreadFailed(text))
        )

    def compose(self) -> ComposeResult:
        yield self._text

    def on_mount(self) -> None:
        set_titles(self, "machine")
        self._text.update("reading the machine…")

    def show(self, is_training: bool, parts: tuple[StepPart, ...]) -> None:
        """Set whether the run has finished an iteration, and the parts of its step in fast mode."""
        self._follower.is_training = is_training
        if parts != self._parts:
            self._parts = parts
            self._draw()

    def on_show(self) -> None:
        """Start reading."""
        self._follower.look(True)

    def on_hide(self) -> None:
        """Stop reading."""
        self._follower.look(False)

    def on_unmount(self) -> None:
        """End the thread."""
        self._follower.close()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    @on(Read)
    def _take_reading(self, message: Read) -> None:
        message.stop()
        self.reading = message.reading
        self._trail.take(message.reading)
        self._draw()

    def _post(self, message: Message) -> None:
        self.post_message(message)

    def _draw(self) -> None:
        if self.reading is None:
            return
        set_titles(self, f"machine {plain(self.reading.host)}")
        width = max(self.scrollable_content_region.width, _NARROWEST)
        lines = machine_lines(self.reading, self._trail, width, parts=self._parts)
        self._text.update(Content("\n").join(_coloured(line) for line in lines))


def _coloured(line: str) -> Content:
    """Return a line with its bars in the primary colour, a warning in its own."""
    content = Content(line)
    for bars in _BARS.finditer(line):
        content = content.stylize("$primary", *bars.span())
    return content.stylize("$text-warning") if line.startswith(WARNING) else content
