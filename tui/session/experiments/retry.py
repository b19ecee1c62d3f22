"""The spec with which a failed member starts again: from its newest whole checkpoint, if it has one."""

from __future__ import annotations

import msgspec

from curricula.errors import UserError
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.trainer_lock import read_trainer
from tui.session.experiments.attempts import MemberState
from tui.session.launching.changes_after import changes_after
from tui.session.launching.continuing import continued_spec
from tui.session.runs.checkpoints import find_checkpoint
from tui.session.runs.run_index import read_state


def retry_spec(state: MemberState, beginning: RunSpec) -> RunSpec:
    """Return the spec that continues a member with the changes that its checkpoint lacks; else `beginning`."""
    for attempt in reversed(state.attempts):
        if (spec := continued_attempt(attempt.folder)) is not None:
            return spec
    return beginning


def continued_attempt(folder: RunFolder) -> RunSpec | None:
    """Return the spec that continues a run from its newest checkpoint; None if that is impossible."""
    try:
        return _continued(folder)
    except (UserError, OSError):  # no checkpoint, no iterations left, or files that can't be read
        return None


def _continued(folder: RunFolder) -> RunSpec:
    checkpoint = find_checkpoint(folder, None)
    state = read_state(folder)
    state.take_trainer(read_trainer(folder))
    spec = continued_spec(folder, state, None)
    return msgspec.structs.replace(spec, set=spec.set | dict(changes_after(folder, checkpoint).values))
