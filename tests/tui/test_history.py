"""The history of all metrics, for any grouping of frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged
from tui.session.metrics.history import MetricHistory

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


def test_the_timeline_has_every_iteration_however_the_frames_come_in():
    frames = JournalReader(CARTPOLE).read_new()
    single, whole = MetricHistory(), MetricHistory()
    whole.apply(frames)
    for frame in frames:
        single.apply([frame])
    finished = [frame for frame in frames if isinstance(frame.body, IterationFinished)]
    iterations = [frame.body.iteration for frame in finished]
    for timeline in (single.timeline, whole.timeline):
        assert timeline.place(iterations, "steps").tolist() == [frame.body.environment_steps for frame in finished]
        assert timeline.place(iterations, "time").tolist() == [frame.time - frames[0].time for frame in finished]
        assert timeline.units == ("iteration", "steps", "time")


@pytest.mark.parametrize("metric_sets", [1, 2])
def test_a_run_of_many_metrics_is_taken_in_whole(metric_sets):
    names = tuple(f"metric {number}" for number in range(20))
    frames = numbered([MetricSet(index, names[: 20 - index]) for index in range(metric_sets)])
    for iteration in range(500):
        index = iteration % metric_sets
        values = [float(iteration * 100 + number) for number in range(20 - index)]
        frames.append(Frame(iteration + 2, 0.0, IterationFinished(iteration, index, pack_values(values), 0, 0.0)))
    history = MetricHistory()
    history.apply(frames)
    for number, name in enumerate(names[:19]):
        assert history.series[name].ys.tolist() == [iteration * 100 + number for iteration in range(500)]
    assert history.series[names[19]].count == 500 // metric_sets
