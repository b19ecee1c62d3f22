"""Say which newer checkpoints are damaged when the latest was asked for."""

from __future__ import annotations

from pathlib import Path

from trainer_proc.contract.checkpoint_damage import damage_notice
from tui.commands.shared.output import say
from tui.session.runs.checkpoints import LATEST
from tui.session.text import plain


def report_skipped(chosen: Path, asked: str | None) -> None:
    """Print a line to standard error if `asked` is the latest checkpoint (also None) and newer ones are damaged."""
    if asked in (None, LATEST) and (notice := damage_notice(chosen)):
        say(f"humanoid-tui: {plain(notice)}", err=True)
