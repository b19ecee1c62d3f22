"""The request to verify a bundle; `python -m trainer_proc.verification` is a `worker`."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.bundle.gate import Level
from trainer_proc.contract.bundle.verification import Thresholds, Verification
from trainer_proc.contract.worker import Worker


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to verify, and how."""

    bundle: str
    """Absolute path of the bundle's folder."""
    level: Level = "quick"
    thresholds: Thresholds = Thresholds()
    threads: int = 0
    """Episodes at once; 0 for one on each core, up to 8."""
    reference_problem: str = ""
    """Why the reference couldn't be made, one line; empty if nobody has tried, or it could."""


VERIFICATION_WORKER = Worker("trainer_proc.verification", "verification", Verification)
