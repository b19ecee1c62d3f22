"""A look at a journal's head, tail and samples says what the whole of it does."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_proc.contract.codec import encode, pack_values
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.journal_records import first_record, record_around
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
)
from trainer_proc.contract.products import CheckpointLoaded, CheckpointSaved
from tui.session.runs import journal_summary as looking
from tui.session.runs.journal_samples import JournalSamples
from tui.session.runs.journal_summary import REWARD, read_whole, summarize_journal

RECORDINGS = Path(__file__).parents[1] / "recordings"
STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=400, seed=42, pid=1
)
KNOBS = KnobsAvailable(0, tuple(Knob(f"reward/{i}/weight", "reward", 1.0, 1.0, "next iteration") for i in range(9)))
SETS = [("loss",), ("loss", REWARD), (REWARD, "Train/success_rate", "loss"), ("loss", "PhaseChanged", "MetricSet")]
CRAFTY = [
    CheckpointSaved(3, "RunStarted"),
    PhaseChanged("training", "\u00ecPhaseChanged \u00a9MetricSet"),
    InterventionQueued(1, "person", (Change("reward/0/weight", 1.0, 2.0),), note="IterationFinished" * 9),
]
"""What has the names of other bodies in its text."""


@st.composite
def trainings(draw):
    """The bodies of a training as a trainer tells it: sets come and go, it pauses, saves, and ends or doesn't."""
    first = draw(st.sampled_from([0, 130]))
    bodies = [STARTED, *([CheckpointLoaded(first, "model.pt")] if first else []), PhaseChanged("compiling"), KNOBS]
    bodies.append(PhaseChanged("training"))
    known: dict[tuple[str, ...], int] = {}
    iteration = first
    for _ in range(draw(st.integers(1, 4))):
        names = draw(st.sampled_from(SETS))
        if names not in known:
            known[names] = len(known)
            bodies.append(MetricSet(known[names], names))
        values = draw(st.lists(st.floats(width=32), min_size=3, max_size=3))
        for _ in range(draw(st.integers(0, 90))):
            bodies.append(IterationFinished(iteration, known[names], pack_values(values[: len(names)]), iteration, 1.0))
            values = [values[0] + 1, *values[1:]]
            iteration += 1
        bodies += draw(st.lists(st.sampled_from(CRAFTY), max_size=2))
        if draw(st.booleans()):
            bodies += [PhaseChanged("paused"), PhaseChanged("training")]
    end = [PhaseChanged("finished"), PhaseChanged("failed", "no"), PhaseChanged("finished", "stopped")]
    return [*bodies, *draw(st.sampled_from([[], [PhaseChanged("paused")], *([one] for one in end)]))]


def written(path, bodies):
    journal = JournalWriter(path)
    for number, body in enumerate(bodies):
        journal.append(encode(Frame(number, 1e9 + number, body)))
    journal.close()
    return path


def assert_same(seen, whole):
    for alive in (True, False):
        assert seen.state.status(alive) == whole.state.status(alive)
    assert (seen.state.iteration, seen.state.last_iteration) == (whole.state.iteration, whole.state.last_iteration)
    assert seen.seconds == whole.seconds
    for metric in (REWARD, "Train/success_rate"):
        assert repr(seen.state.latest.get(metric)) == repr(whole.state.latest.get(metric))
    points = [repr(point) for point in whole.rewards]
    assert {repr(point) for point in seen.rewards} <= set(points)
    assert repr(seen.rewards[-1:]) == repr(whole.rewards[-1:])
    assert [iteration for iteration, _ in seen.rewards] == sorted(iteration for iteration, _ in seen.rewards)


@settings(max_examples=150)
@given(bodies=trainings(), torn=st.integers(0, 60))
def test_a_glance_says_what_the_whole_fold_does(bodies, torn):
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        for name, value in (("_WHOLE", 0), ("_END", 700), ("_SAMPLE", 300), ("_SAMPLES", 7)):
            patch.setattr(looking, name, value)
        path = written(Path(scratch) / "journal.msgpack", bodies)
        with open(path, "ab") as file:
            file.truncate(max(path.stat().st_size - torn, 0))
        assert_same(summarize_journal(path), read_whole(path))


@pytest.mark.parametrize("recording", [path.parent.name for path in sorted(RECORDINGS.glob("*/journal.msgpack"))])
def test_a_glance_at_a_recorded_run_says_what_the_whole_fold_does(recording, monkeypatch):
    for name, value in (("_WHOLE", 0), ("_END", 4000), ("_SAMPLE", 2000)):
        monkeypatch.setattr(looking, name, value)
    journal = RECORDINGS / recording / "journal.msgpack"
    assert_same(summarize_journal(journal), read_whole(journal))


def long_training(count=3000, names=(REWARD, "Train/success_rate", *(f"metric {i}" for i in range(60)))):
    yield from (STARTED, KNOBS, PhaseChanged("training"), MetricSet(0, names))
    for iteration in range(count):
        values = pack_values([float(iteration), 0.5, *range(len(names) - 2)])
        yield IterationFinished(iteration, 0, values, iteration, 1.0)


def test_of_a_long_journal_only_little_is_read(tmp_path, monkeypatch):
    path = written(tmp_path / "journal.msgpack", long_training())
    read = []
    monkeypatch.setattr(JournalSamples, "_read", counted(JournalSamples._read, read))
    monkeypatch.setattr(JournalReader, "read_pieces", lambda self: pytest.fail("the journal was read whole"))
    seen = summarize_journal(path)
    assert path.stat().st_size > 1_000_000
    assert sum(read) < 300_000
    assert (seen.state.iteration, seen.state.latest[REWARD], seen.state.status(True)) == (2999, 2999.0, "training")
    spread = [iteration for iteration, _ in seen.rewards]
    assert max(later - earlier for earlier, later in itertools.pairwise(spread)) < 3000 / 20


def counted(read, sizes):
    def counting(self, start, stop):
        data = read(self, start, stop)
        sizes.append(len(data))
        return data

    return counting


def test_a_journal_that_was_begun_again_is_read_whole(tmp_path):
    bodies = [*long_training(), *long_training(1500)]
    path = written(tmp_path / "journal.msgpack", bodies)
    seen = summarize_journal(path)
    assert (seen.state.iteration, len(seen.rewards)) == (1499, 4500)


def test_a_reward_that_is_told_no_more_is_found(tmp_path):
    later = [MetricSet(1, ("loss",)), *(IterationFinished(i, 1, pack_values([1.0]), 0, 0.0) for i in range(3000, 9000))]
    path = written(tmp_path / "journal.msgpack", [*long_training(), *later])
    assert summarize_journal(path).state.latest[REWARD] == 2999.0


def test_a_metric_set_between_is_found_where_it_is_needed(tmp_path):
    first = list(long_training(1000))
    second = [
        MetricSet(1, ("other", REWARD)),
        *(IterationFinished(i, 1, pack_values([0.0, float(i)]), 0, 0.0) for i in range(1000, 9000)),
    ]
    path = written(tmp_path / "journal.msgpack", [*first, *second])
    assert summarize_journal(path).state.latest[REWARD] == 8999.0


def test_a_journal_that_is_not_there_says_nothing(tmp_path):
    seen = summarize_journal(tmp_path / "journal.msgpack")
    assert (seen.state.status(False), seen.state.iteration, seen.rewards, seen.seconds) == ("starting", None, [], 0.0)


# --- records anywhere in a journal ---


@given(bodies=trainings(), data=st.data())
def test_records_are_found_from_any_byte_on(bodies, data):
    records = [encode(Frame(number, 1e9, body)) for number, body in enumerate(bodies)]
    starts, journal = [], b""
    for record in records:
        starts.append(len(journal))
        journal += b"\xc6" + len(record).to_bytes(4, "big") + record
    begin = data.draw(st.integers(0, len(journal)))
    expected = next((start for start in starts if start >= begin), None)
    found = first_record(journal[begin:])
    assert (None if found is None else found + begin) == expected
    place = data.draw(st.integers(0, len(records) - 1))
    inside = data.draw(st.integers(starts[place], starts[place] + len(records[place]) + 4))
    end = starts[place] + len(records[place]) + 5
    assert record_around(journal, inside) == journal[starts[place] : end]


def test_frames_of_a_kind_are_found_by_their_name_alone(tmp_path):
    bodies = [*CRAFTY, MetricSet(0, ("a",)), *CRAFTY, MetricSet(1, tuple(f"metric {i}" for i in range(5000))), *CRAFTY]
    with JournalSamples(written(tmp_path / "journal.msgpack", bodies)) as samples:
        assert [frame.number for frame in samples.find(MetricSet, 0, samples.size)] == [3, 7]
        assert [frame.number for frame in samples.find(CheckpointSaved, 0, samples.size)] == [0, 4, 8]
        assert samples.find(RunStarted, 0, samples.size) == []
