"""The request to describe a run's policy again; `python -m trainer_proc.evaluation.describe` is a `worker`.

It builds the run's environment with one robot on the CPU and writes `params/`.
"""

from __future__ import annotations

import msgspec

from trainer_proc.contract.worker import Worker


class DescribeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose policy to describe."""

    run: str
    """Absolute path of the run."""
    checkpoint: str
    """Absolute path of the checkpoint whose knob values apply."""


class Described(msgspec.Struct, frozen=True, tag=True):
    """The description is written."""


DESCRIPTION = Worker("trainer_proc.evaluation.describe", "description", Described)
