"""The request to play a gate's plan in the training simulator, by `python -m trainer_proc.evaluation.reference`."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.bundle.gate import Level
from trainer_proc.contract.bundle.verification import SuiteResult
from trainer_proc.contract.worker import Worker


class ReferenceRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to play, and where: the result becomes `reference.json` and `trace.npz` of the bundle."""

    run: str
    """Absolute path of the run's folder, whose task is built."""
    bundle: str
    """Absolute path of the bundle's folder."""
    policy: str
    """Absolute path of the checkpoint that was exported, or of the bundle's `policy.onnx` where it is gone."""
    level: Level = "quick"
    device: str = "cpu"
    """`cpu` or `cuda:N`."""


REFERENCE_WORKER = Worker("trainer_proc.evaluation.reference", "reference", SuiteResult)
