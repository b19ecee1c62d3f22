"""`play`: open rollout files in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.shared.output import logs_option


@click.command("play")
@click.argument("files", metavar="FILE [FILE]", nargs=-1, required=True, type=click.Path(path_type=Path))
@logs_option
def play_command(files: tuple[Path, ...], log_root: Path) -> None:
    """Play a rollout in the terminal, or two side by side in step.

    Needs neither simulator nor GPU. Record rollouts with `humanoid-tui rollout`.
    """
    if len(files) > 2:
        raise click.UsageError(f"expected one or two rollouts, got {len(files)}")
    from trainer_proc.contract.rollout import read_rollout
    from tui.app import HumanoidTui
    from tui.navigation import ShowRollouts
    from tui.terminal.run import run_app

    for file in files:
        read_rollout(file)  # reports what can't be played before the screen opens
    run_app(HumanoidTui(log_root, ShowRollouts(files)))
