"""Every metric over its iterations, however the frames come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.wire.codec import pack_values
from trainer_proc.wire.journal import JournalReader
from trainer_proc.wire.messages import Frame, IterationFinished, MetricSet, PhaseChanged
from tui.session.history import MetricHistory

CARTPOLE = Path(__file__).parents[1] / "recordings" / "cartpole" / "journal.msgpack"


def numbered(bodies):
    return [Frame(number, 0.0, body) for number, body in enumerate(bodies)]


@st.composite
def journals(draw):
    """The frames of a training whose metrics come and go, and which may be started again."""
    bodies = []
    for _ in range(draw(st.integers(1, 2))):
        sets = draw(st.lists(st.lists(st.sampled_from("abcd"), unique=True), min_size=1, max_size=3))
        bodies += [MetricSet(index, tuple(names)) for index, names in enumerate(sets)]
        for iteration in range(draw(st.integers(0, 12))):
            index = draw(st.integers(0, len(sets) - 1))
            values = [draw(st.floats(width=32)) for _ in sets[index]]
            bodies.append(IterationFinished(iteration, index, pack_values(values), 0, 0.0))
            if draw(st.booleans()):
                bodies.append(PhaseChanged("training"))
    return numbered(bodies)


def assert_same(left, right):
    assert left.series.keys() == right.series.keys()
    for name, series in left.series.items():
        other = right.series[name]
        assert (series.count, series.first_iteration, series.last_iteration) == (
            other.count,
            other.first_iteration,
            other.last_iteration,
        )
        np.testing.assert_equal(series.last, other.last)
        if series.count:
            shown, expected = (s.columns(s.first_iteration, s.last_iteration, 20) for s in (series, other))
            np.testing.assert_array_equal(shown.low, expected.low)
            np.testing.assert_array_equal(shown.high, expected.high)
            np.testing.assert_array_equal(shown.non_finite, expected.non_finite)


@given(journals(), st.lists(st.integers(1, 10), min_size=1))
def test_frames_one_by_one_and_in_batches_give_the_same_history(frames, sizes):
    single, batched, whole = MetricHistory(), MetricHistory(), MetricHistory()
    whole.apply(frames)
    for frame in frames:
        single.apply([frame])
    position = 0
    while position < len(frames):
        size = sizes[position % len(sizes)]
        batched.apply(frames[position : position + size])
        position += size
    assert_same(single, whole)
    assert_same(batched, whole)


def test_a_recorded_run_is_the_same_one_by_one_and_at_once():
    frames = JournalReader(CARTPOLE).read_new()
    single, whole = MetricHistory(), MetricHistory()
    whole.apply(frames)
    for frame in frames:
        single.apply([frame])
    assert_same(single, whole)
    assert whole.series["Loss/value"].count == sum(isinstance(frame.body, IterationFinished) for frame in frames)


def test_a_metric_that_comes_later_begins_where_it_came():
    history = MetricHistory()
    history.apply(
        numbered(
            [
                MetricSet(0, ("loss",)),
                IterationFinished(0, 0, pack_values([1.0]), 0, 0.0),
                MetricSet(1, ("loss", "reward")),
                IterationFinished(1, 1, pack_values([0.5, 7.0]), 0, 0.0),
            ]
        )
    )
    assert history.series["loss"].count == 2
    assert (history.series["reward"].first_iteration, history.series["reward"].last) == (1, 7.0)


def test_no_frames_are_no_history():
    history = MetricHistory()
    history.apply([])
    assert not history.series
