"""Fast mode on a CPU."""

from __future__ import annotations

import pytest


@pytest.fixture
def taped(monkeypatch):
    """Have fast mode capture by tape."""
    from tests.trainer.fast.tape import capture_by_tape

    monkeypatch.setattr("trainer_proc.fast.part.capture", capture_by_tape)
    monkeypatch.setattr("trainer_proc.fast.mjlab.foreign.capture", capture_by_tape)
