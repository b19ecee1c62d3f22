"""Starting a run from a checkpoint of another: an ended one goes on, or one branches off."""

from __future__ import annotations

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.runs.checkpoints import find_checkpoint, iteration_of, run_of
from tui.session.state import RunState


class NothingLeft(UserError):
    """All iterations of the run are done; the message is one line that says how to get more."""


def continued_spec(folder: RunFolder, state: RunState, iterations: int | None, at: int | None = None) -> RunSpec:
    """Return what continues the run in `folder`, whose fold is `state`, from its checkpoint `at` an iteration.

    `at` None is the newest; `iterations` None means those that were left there. What was set at launch is in the
    checkpoint, as it was changed since. Raises `NothingLeft`, `CheckpointNotFound` or `RunFolderError`.
    """
    spec = folder.read_spec()
    checkpoint = find_checkpoint(folder, None if at is None else str(at))
    last = state.last_iteration if state.started is not None else spec.iterations - 1
    done = iteration_of(checkpoint)
    if iterations is None:
        iterations = last - done if done is not None else spec.iterations
        if iterations < 1:
            raise NothingLeft(f"{folder.name} has done all its {last + 1} iterations; say --iterations N for more")
    return msgspec.structs.replace(
        spec, iterations=iterations, checkpoint=str(checkpoint), parent=run_of(checkpoint), set={}
    )
