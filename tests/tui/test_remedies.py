"""Known failures are named with their remedy."""

from __future__ import annotations

import pytest

from tests.tui.test_status_text import STARTED, after
from trainer_proc.contract.messages import IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.monitoring import GuardCalmed, GuardFired
from tui.session.remedies import remedy_now
from tui.session.status_text import progress_line

ITERATED = (STARTED, PhaseChanged("training"), MetricSet(0, ()), IterationFinished(899, 0, b"", 96, 1.0))
SLOW = GuardFired("collection", 880, "collection takes 2.5 s instead of 0.6 s", "warned")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "out of memory (C: remedy)"),
        ("Loss/value is nan", "values not finite (C: remedy)"),
        ("no such file", "no such file"),
    ],
)
def test_the_header_of_a_failed_run_names_failure_and_key_within_80_columns(reason, shown):
    line = progress_line(after(*ITERATED, PhaseChanged("failed", reason)), False, 78, 0.0)
    assert shown in line[:78]
    assert ("(C" in line) == ("(C" in shown)


def test_slow_collection_is_continued_with_fewer_environments_while_it_lasts_and_after_it_has_ended_the_training():
    slow = remedy_now(4096, after(*ITERATED, SLOW), is_alive=True)
    assert (slow.text, slow.num_envs) == ("slow collection: 2048 environments instead of 4096", 2048)
    assert remedy_now(4096, after(*ITERATED, SLOW, PhaseChanged("finished", "stopped")), is_alive=False) == slow
    calmed = after(*ITERATED, SLOW, GuardCalmed("collection", 890))
    assert remedy_now(4096, calmed, is_alive=True) is None
