"""The guard of slow collection, on recorded times."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.products import EvaluationFinished, EvaluationStarted
from trainer_proc.steering.collection_guard import COLLECTION, LEARNING, CollectionGuard

RECORDINGS = Path(__file__).parents[1] / "recordings"
SLOW_FROM = 300


def found(recording, collection=1.0, learning=1.0, is_disturbed=None):
    """Return iterations and messages at which the guard reports a recording, slowed down from `SLOW_FROM` on."""
    guard, sets, messages, evaluates = CollectionGuard(), {}, {}, False
    guard.is_disturbed = lambda: evaluates if is_disturbed is None else is_disturbed
    for pieces in JournalReader(RECORDINGS / recording / "journal.msgpack").read_pieces():
        for frame in pieces:
            match frame.body:
                case MetricSet(id=number, names=names):
                    sets[number] = names
                case EvaluationStarted():
                    evaluates = True
                case EvaluationFinished():
                    evaluates = False
                case IterationFinished() as body:
                    metrics = dict(zip(sets[body.metric_set], unpack_values(body.values), strict=True))
                    if body.iteration >= SLOW_FROM:
                        metrics[COLLECTION] *= collection
                        metrics[LEARNING] *= learning
                    if message := guard.check(metrics):
                        messages[body.iteration] = message
    return messages


@pytest.mark.parametrize(
    "recording", ["cartpole", "g1-calibrated", "g1-curricula", "g1-gpu", "g1-levels", "g1-steered", "g1-walk"]
)
def test_no_recording_is_slow(recording):
    """One has evaluations beside it, others ran on a busy machine, which slows down learning as well."""
    assert found(recording) == {}


def test_collection_that_becomes_slow_is_reported_with_its_times():
    messages = found("g1-gpu", collection=4.0)
    assert min(messages) == SLOW_FROM + 10  # the 11th slow one of 20
    assert max(messages) == 669
    assert messages[669].startswith("collection takes 2.5")
    assert "instead of 0.594 s" in messages[669]


@pytest.mark.parametrize("slowed", [{"collection": 2.0}, {"collection": 4.0, "learning": 5.0}])
def test_a_little_slower_or_slower_like_learning_is_not_slow_collection(slowed):
    assert found("g1-gpu", **slowed) == {}


def test_iterations_beside_an_evaluation_are_not_judged():
    assert found("g1-gpu", collection=4.0, is_disturbed=True) == {}
    assert CollectionGuard().check({}) == ""
