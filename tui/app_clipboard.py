"""The clipboard of the app: that of the terminal, and of tmux."""

from __future__ import annotations

from textual import on, work
from textual.app import App

from tui.navigation import CopyText
from tui.session.text import plain_lines
from tui.terminal.tmux_clipboard import MAX_BYTES, copy_in_tmux, is_in_tmux


class ClipboardApp(App[None]):
    """An app whose texts also reach tmux, and a shell safely."""

    @on(CopyText)
    def _copy_text(self, message: CopyText) -> None:
        self.copy_to_clipboard(message.text)
        self.notify("copied", markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a text to the clipboard of the terminal (OSC 52) and of tmux; warn if it may be too long for them.

        Escapes and control characters are left out: the text may be pasted into a shell.
        """
        text = plain_lines(text)
        super().copy_to_clipboard(text)
        if is_in_tmux():
            self._copy_in_tmux(text)
        size = len(text.encode(errors="replace")) * 4 // 3
        if size > MAX_BYTES:
            warning = f"copied {size / 1000:.0f} kB: many terminals accept at most {MAX_BYTES / 1000:.0f} kB"
            self.notify(warning, severity="warning", markup=False)

    @work(thread=True, group="clipboard")
    def _copy_in_tmux(self, text: str) -> None:
        copy_in_tmux(text)
