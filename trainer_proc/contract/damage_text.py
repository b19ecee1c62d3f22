"""What a damaged journal lacks, as text."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_proc.contract.amounts import amount
from trainer_proc.contract.stand_ins import Damaged


def damage_text(damaged: Sequence[Damaged]) -> str:
    """Return one line about the damaged stretches of a journal; empty without any."""
    count, size = len(damaged), sum(stretch.size for stretch in damaged)
    return f"journal damaged: {count} stretch{'es' * (count > 1)} of {amount(size)} skipped" if count else ""
