"""A real training, killed once while it saves; `python -m tests.chaos trainings` kills 20, also while they export."""

from __future__ import annotations

from random import Random

import pytest

from tests.chaos.training import trainings_killed


@pytest.mark.real
@pytest.mark.usefixtures("warm_python")
def test_a_killed_training_loses_no_checkpoint_and_no_change(tmp_path):
    assert trainings_killed(tmp_path, 1, Random(1)) == []
