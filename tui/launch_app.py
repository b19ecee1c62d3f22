"""Opens the program on its launch screen: what `humanoid-tui` does without a command."""

from __future__ import annotations

from trainer_proc.contract.run_folder import LOG_ROOT
from tui.app import HumanoidTui
from tui.terminal.run import run_app


def open_launch_screen() -> None:
    """Run the program until the user quits. Raises `UserError`."""
    run_app(HumanoidTui(LOG_ROOT))
