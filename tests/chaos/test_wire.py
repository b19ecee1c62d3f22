"""Disasters around the wire process, few of each; `python -m tests.chaos` has many."""

from __future__ import annotations

from random import Random

import pytest

from tests.chaos import wire


@pytest.mark.parametrize(
    "disaster",
    [
        lambda scratch: wire.fuzzed_messages(scratch, 1000, Random(1)),
        lambda scratch: wire.competing_edits(scratch, writers=3, each=100),
        lambda scratch: wire.wires_killed(scratch, 2, Random(2)),
        lambda scratch: wire.disks_full(scratch, 2, Random(3)),
        lambda scratch: wire.clocks_stepped(scratch, 5, Random(4)),
        lambda scratch: wire.folders_moved(scratch, 2),
        lambda scratch: wire.trainers_killed(scratch, 2, Random(5)),
    ],
    ids=["messages", "edits", "wires", "disks", "clocks", "folders", "trainers"],
)
def test_nothing_is_lost_and_nothing_ends(tmp_path, disaster):
    assert disaster(tmp_path) == []
