"""`viewer`: show a robot in a browser."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import click

from trainer_proc.contract.child_process import interrupt_on_signals
from trainer_proc.contract.robot import Selection
from trainer_proc.contract.rollout import SUFFIX, read_header
from trainer_proc.contract.viewer_request import VIEWER, ViewerRequest
from trainer_proc.contract.worker import Progress
from tui.commands.shared.output import logs_option, say
from tui.session.backends.work import OWN_PYTHON, do_work
from tui.session.rollouts.of_run import run_of
from tui.session.runs.run_index import find_run


@click.command("viewer")
@click.argument("target", metavar="RUN|ROLLOUT")
@click.option("--env", "environment", type=click.IntRange(min=0), default=0, show_default=True, help="Environment.")
@click.option("--port", type=click.IntRange(min=0, max=65535), default=0, help="Port; default: a free one.")
@logs_option
def viewer_command(target: str, environment: int, port: int, log_root: Path) -> None:
    """Show a robot in a browser of this machine.

    RUN shows one environment of a live training, ROLLOUT a recorded one. The address has a secret. The training spends
    time on it only while a browser is connected. Ends a minute after the last one has left.
    """
    if Path(target).is_file() or target.endswith(SUFFIX):
        read_header(Path(target))  # refused at once
        path = Path(target).resolve()
        request = ViewerRequest(rollout=str(path), run=run_of(path), port=port)
    else:
        folder = find_run(target, log_root)
        request = ViewerRequest(run=str(folder.path), selection=Selection("env", str(environment)), port=port)
    interrupt_on_signals()
    viewed = do_work(VIEWER, request, OWN_PYTHON, _show, Event())
    for line in (*viewed.notes, viewed.reason):
        say(line)


def _show(progress: Progress) -> None:
    is_address = progress.text.startswith("http")
    say(progress.text, err=not is_address)
