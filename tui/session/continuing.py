"""Starting an ended run again from where it came."""

from __future__ import annotations

import msgspec

from trainer_proc.wire.run_folder import RunFolder, RunSpec
from tui.session.checkpoints import find_checkpoint, iteration_of
from tui.session.state import RunState


class NothingLeft(Exception):
    """All iterations of the run are done; the message is one line that says how to get more."""


def continued_spec(folder: RunFolder, state: RunState, iterations: int | None) -> RunSpec:
    """Return what continues the run in `folder`, whose fold is `state`, from its newest checkpoint.

    `iterations` None means those that were left. What was set at launch is in the checkpoint, as it was changed since.
    Raises `NothingLeft`, `NoCheckpoint` or `RunFolderError`.
    """
    spec = folder.read_spec()
    checkpoint = find_checkpoint(folder, None)
    last = state.last_iteration if state.started is not None else spec.iterations - 1
    done = iteration_of(checkpoint)
    if iterations is None:
        iterations = last - done if done is not None else spec.iterations
        if iterations < 1:
            raise NothingLeft(f"{folder.name} has done all its {last + 1} iterations; say --iterations N for more")
    return msgspec.structs.replace(spec, iterations=iterations, checkpoint=str(checkpoint), set={})
