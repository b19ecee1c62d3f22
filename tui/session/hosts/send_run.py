"""The host's end of a mirror: sends a run's files as they grow, until nobody listens."""

from __future__ import annotations

import time
from collections.abc import Mapping

from trainer_proc.contract.connection import is_live, read_connection
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.trainer_lock import read_trainer
from tui.session.hosts.listener import Listener
from tui.session.hosts.mirror_folder import mirrored_files
from tui.session.hosts.protocol import MessageWriter, Pulse
from tui.session.hosts.tail import SentFile

_EVERY_SECONDS = 0.2
_BEAT_SECONDS = 5.0


def send_run(folder: RunFolder, tails: Mapping[str, str], output: MessageWriter, listener: Listener) -> None:
    """Send the run's files behind the `tails` by name that the other end has, and whether its training lives."""
    files = [SentFile(path, tails.get(path.name, "")) for path in mirrored_files(folder)]
    pulse, next_beat = None, 0.0
    try:
        output.send(_pulse(folder, is_complete=False))  # first: else the journal of a live run looks like a death
        while listener.waits(_EVERY_SECONDS if pulse else 0.0):
            for file in files:
                while piece := file.next_piece():
                    output.send(piece)
                    if not listener.waits(0.0):
                        return
            now = _pulse(folder, is_complete=True)
            if now != pulse or time.monotonic() > next_beat:
                output.send(now)
                pulse, next_beat = now, time.monotonic() + _BEAT_SECONDS
    except OSError:  # the connection is closed
        return


def _pulse(folder: RunFolder, *, is_complete: bool) -> Pulse:
    connection = read_connection(folder) if is_complete else None
    trainer = read_trainer(folder)
    if connection is None or connection.keys is not None:  # of an engine's job: its keys stay there
        is_lost = trainer is not None and trainer.is_lost
        return Pulse(is_live(folder), is_lost=is_lost, trainer=trainer, is_complete=is_complete)
    return Pulse(
        True,
        publish=connection.publish,
        control=connection.control,
        robot=connection.robot,
        trainer=trainer,
        is_complete=True,
    )
