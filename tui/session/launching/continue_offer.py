"""What a run can be continued with: checkpoint, iterations left, changes that the checkpoint lacks, a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.contract.trainer_lock import read_trainer
from tui.session.backends.devices import list_devices
from tui.session.launching.changes_after import ChangesAfter, changes_after
from tui.session.launching.continued_by import continued_text
from tui.session.launching.continuing import NoIterationsLeft, continued_spec
from tui.session.launching.spec_checks import check_device, checked_spec
from tui.session.remedies import Remedy, remedy_now
from tui.session.runs.checkpoints import CheckpointNotFound
from tui.session.runs.run_index import read_state
from tui.session.state import RunState


@dataclass(frozen=True)
class ContinueOffer:
    """A run to start from another one."""

    spec: RunSpec
    """Without `checkpoint`, the run is started again from its beginning."""
    changes: ChangesAfter
    """Changes of the other run that the checkpoint lacks."""
    remedy: Remedy | None
    continued: str = ""
    """Line about trainings that continue the other run now; empty without any."""

    def lines(self) -> str:
        """Return what is known, as lines."""
        checkpoint = Path(self.spec.checkpoint)
        begin = f"from {checkpoint.name}" if self.spec.checkpoint else "from the beginning: it has no checkpoint"
        parts = [
            f"{begin}, {self.spec.iterations} iterations",
            self.continued and f"⚠ {self.continued}",
            self.changes.listed(checkpoint),
        ]
        return "\n".join(part for part in (*parts, "" if self.remedy is None else self.remedy.text) if part)


def offer_for(folder: RunFolder, at: str | None = None) -> ContinueOffer:
    """Return what continues the run from its checkpoint `at`, as in `find_checkpoint`. Reads the disk.

    A run without a checkpoint is offered from its beginning, a finished one with as many iterations again.
    Raises `UserError` or `OSError`.
    """
    state, spec = read_state(folder), folder.read_spec()
    if not (alive := is_live(folder)):
        state.take_trainer(read_trainer(folder))
    remedy = remedy_now(spec.num_envs, state, alive)
    try:
        continued = _continued(folder, state, spec, at)
    except CheckpointNotFound:
        if at is not None or alive or spec.script:
            raise
        return ContinueOffer(spec, ChangesAfter(), remedy)
    changes = changes_after(folder, Path(continued.checkpoint))
    return ContinueOffer(continued, changes, remedy, continued_text(folder))


def _continued(folder: RunFolder, state: RunState, spec: RunSpec, at: str | None) -> RunSpec:
    try:
        return continued_spec(folder, state, None, at)
    except NoIterationsLeft:
        return continued_spec(folder, state, spec.iterations, at)


def accepted_spec(offer: ContinueOffer, *, num_envs: int, iterations: int, makes_changes: bool) -> RunSpec:
    """Return the spec to start. Raises `SpecError`."""
    values = (dict(offer.changes.values) if makes_changes else {}) | (offer.remedy.set if offer.remedy else {})
    spec = msgspec.structs.replace(offer.spec, num_envs=num_envs, iterations=iterations, set=offer.spec.set | values)
    spec = checked_spec(spec)
    check_device(spec, list_devices())
    return spec
