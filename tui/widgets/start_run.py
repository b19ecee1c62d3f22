"""Start a run from a screen, and ask for code that it names."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from textual.screen import Screen

from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.backends.environment import LaunchError
from tui.session.backends.named_code import CodeNotAllowed, allow_content
from tui.session.experiments.launchers.every import launch
from tui.session.launching.refusal import wait_until_accepted
from tui.session.text import plain
from tui.widgets.dialogs import Confirm


async def start_run(screen: Screen[Any], spec: RunSpec, log_root: Path) -> RunFolder | None:
    """Launch and return the run once its trainer builds; None if the user refuses code. Call it in a worker.

    Raises `LaunchError`.
    """
    while True:
        try:
            folder = await asyncio.to_thread(launch, spec, log_root)
            await wait_until_accepted(folder)
            return folder
        except CodeNotAllowed as error:
            if not await screen.app.push_screen_wait(Confirm(plain(error.question))):
                return None
            try:
                allow_content(error.codes)
            except OSError as problem:
                raise LaunchError(str(problem)) from problem
