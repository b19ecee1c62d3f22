"""Iterations that are left in a long journal: read as columns, they are what a fold of all frames has."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from tests.chaos.journals import damaged, frames_of, journal_of
from tests.waiting import wait_for
from trainer_proc.contract.codec import encode, pack_values
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.journal_records import sealed_record
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet
from trainer_proc.contract.products import CheckpointSaved
from trainer_proc.contract.records import contents, record_of
from trainer_proc.contract.stand_ins import StoredIterations
from tui.session.follow import Follower
from tui.session.metrics import column_reader, early_reader, journal_columns
from tui.session.metrics.column_reader import ColumnReader
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.record_layout import layout_of
from tui.session.metrics.stored_series import StoredSeries
from tui.session.state import RunState


@pytest.fixture(autouse=True)
def short_is_long(monkeypatch):
    """Tables begin at 8 iterations, and all checksums are checked."""
    for module in (column_reader, journal_columns):
        monkeypatch.setattr(module, "PIECE", 100_000)
        monkeypatch.setattr(module, "LEAST_ROWS", 8)
    monkeypatch.setattr(column_reader, "_LEAST_BYTES", 0)
    monkeypatch.setattr(column_reader, "_SLICE", 2000)
    monkeypatch.setattr(journal_columns, "_CHECKED_EVERY", 1)


def folded(reader):
    state, history = RunState(), MetricHistory()
    stored = 0
    for frames in reader.read_pieces():
        state.apply_all(frames)
        history.apply(frames)
        stored += sum(frame.body.count for frame in frames if isinstance(frame.body, StoredIterations))
    return state, history, stored


def assert_same(path: Path, least_stored: int = 0):
    """Compare with a fold of all frames, reading metrics one at a time and together."""
    state, history, _ = folded(JournalReader(path))
    of_columns, columns, stored = folded(ColumnReader(path))
    assert stored >= least_stored
    assert list(columns.series) == list(history.series)
    assert (of_columns.iteration, of_columns.first_time, of_columns.last_time) == (
        state.iteration,
        state.first_time,
        state.last_time,
    )
    assert [(one.start, one.size) for one in of_columns.damaged] == [(one.start, one.size) for one in state.damaged]
    one_by_one = RunState()
    for frame in JournalReader(path).read_new():
        one_by_one.apply(frame)
    assert of_columns.latest.keys() == state.latest.keys() == one_by_one.latest.keys()
    assert facts(of_columns) == facts(state) == facts(one_by_one)
    columns.load(list(history.series)[:5])
    _, at_once, _ = folded(ColumnReader(path, set(list(history.series)[::2]).__contains__))
    for name, whole in history.series.items():
        expected = (whole.count, whole.last, whole.first_iteration, whole.last_iteration)
        for series in (columns.series[name], at_once.series[name]):
            ends = (series.count, series.last, series.first_iteration, series.last_iteration)
            np.testing.assert_equal(ends, expected)
            np.testing.assert_array_equal(series.xs, whole.xs)
            np.testing.assert_array_equal(series.ys, whole.ys)
    return history, columns


def facts(value):
    """Return all fields as text, in which NaN is equal to NaN."""
    has_fields = isinstance(value, RunState) or type(value).__repr__ is object.__repr__
    return {name: facts(own) for name, own in vars(value).items()} if has_fields else repr(value)


@pytest.mark.parametrize(("recording", "least"), [("cartpole", 15), ("g1-steered", 100), ("g1-curricula", 0)])
def test_a_recorded_run_is_the_same_in_columns(tmp_path, recording, least):
    frames = frames_of(recording, every=1)
    path = tmp_path / "journal.msgpack"
    path.write_bytes(journal_of(frames))
    history, columns = assert_same(path, least_stored=least)
    extent = history.timeline.extent("iteration")
    assert columns.timeline.extent("iteration") == extent
    assert columns.timeline.units == history.timeline.units
    places = np.linspace(*extent, 500)
    for unit in history.timeline.units:
        np.testing.assert_allclose(columns.timeline.place(places, unit), history.timeline.place(places, unit))
    assert columns.timeline.last_iterations(9).tolist() == history.timeline.last_iterations(9).tolist()


def test_damaged_journals_are_the_same_in_columns(tmp_path):
    frames = frames_of("g1-steered", every=1)
    path = tmp_path / "journal.msgpack"
    for seed in range(20):
        path.write_bytes(damaged(frames, Random(seed)))
        assert_same(path)


def iterations(first, last, step=1, metric_set=0, values=(1.0, 2.0)):
    return [
        IterationFinished(number, metric_set, pack_values([value + number for value in values]), number, 1.0)
        for number in range(first, last, step)
    ]


@pytest.mark.parametrize("record", [record_of, sealed_record])
def test_tables_end_where_records_change(tmp_path, record):
    bodies = [
        MetricSet(0, ("a", "b")),
        *iterations(0, 300),  # numbers of 1, 2 and 3 bytes
        *iterations(300, 400, step=10),
        *iterations(200, 260),  # restarted
        MetricSet(1, ("b",)),
        *iterations(260, 300, metric_set=1, values=(5.0,)),
        MetricSet(0, ("b", "a")),  # a restarted trainer counts from 0
        *iterations(300, 340),
    ]
    path = tmp_path / "journal.msgpack"
    path.write_bytes(b"".join(record(encode(Frame(n, 1e9 + n, body))) for n, body in enumerate(bodies)))
    assert_same(path, least_stored=200)


def test_a_live_run_goes_on_behind_what_is_stored(tmp_path):
    path = tmp_path / "journal.msgpack"
    bodies = [MetricSet(0, ("a", "b")), *iterations(0, 100)]
    path.write_bytes(journal_of_bodies(bodies))
    _, history, stored = folded(ColumnReader(path))
    assert stored
    later = iterations(100, 120)
    history.apply([Frame(n, 2e9 + n, body) for n, body in enumerate(later[:1])])
    history.apply([Frame(n, 2e9 + n, body) for n, body in enumerate(later[1:])])
    series = history.series["a"]
    assert isinstance(series, StoredSeries)
    assert series.is_stored
    assert (series.count, series.last, series.last_iteration) == (120, 120.0, 119)
    assert series.ys.tolist() == [1.0 + number for number in range(120)]
    assert not series.is_stored


def test_values_that_are_read_at_once_are_there_when_the_journal_is_gone(tmp_path):
    path = tmp_path / "journal.msgpack"
    path.write_bytes(journal_of_bodies([MetricSet(0, ("a", "b")), *iterations(0, 5000)]))
    _, history, stored = folded(ColumnReader(path, "b".__eq__))
    assert stored > 4000
    path.unlink()
    history.load(["b"])
    assert history.series["b"].ys.tolist() == [2.0 + number for number in range(5000)]
    assert np.isnan(history.series["a"].ys).sum() == stored


def test_what_came_by_the_socket_is_not_read_again_as_a_table(folder, link):
    """Whether the first ones come in a table depends on how soon the socket is connected; none may come twice."""
    link.emit(MetricSet(0, ("a", "b")))
    with Follower(folder, ColumnReader(folder.journal)) as follower:
        wait_for(lambda: follower.poll(0.05), "the first frame")
        history, frames = MetricHistory(), []
        for end in (100, 200, 300):
            for body in iterations(end - 100, end):
                link.emit(body)
            wait_for(lambda: frames.extend(follower.poll(5.0)) or seen(frames) >= end, "frames")  # noqa: B023
            frames += follower.poll(0.0)  # quiet: the journal is looked at
    history.apply([Frame(0, 1e9, MetricSet(0, ("a", "b"))), *frames])
    assert seen(frames) == history.series["a"].count == 300


def seen(frames):
    return sum(frame.body.count if isinstance(frame.body, StoredIterations) else 1 for frame in frames)


def test_frames_are_skipped_up_to_a_number(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer_proc.contract.journal._PIECE", 1000)
    path = tmp_path / "journal.msgpack"
    whole = journal_of_bodies([MetricSet(0, ("a", "b")), *iterations(0, 99)])
    path.write_bytes(whole)
    for number in (1, 2, 50, 99, 100):
        reader = JournalReader(path)
        assert reader.skip_before(number)
        assert [frame.number for frame in reader.read_new()] == list(range(number, 100))
        assert reader.skip_before(100)
    assert not JournalReader(path).skip_before(101)
    header = [end for _, end in contents(whole)][50]
    path.write_bytes(whole[:header] + b"\x00" + whole[header + 1 :])
    reader = JournalReader(path)
    assert not reader.skip_before(90)
    assert reader.read_new()[-1].number == 99


def test_points_behind_a_table_take_a_few_bytes_each(tmp_path):
    path = tmp_path / "journal.msgpack"
    path.write_bytes(journal_of_bodies([MetricSet(0, ("a", "b")), *iterations(0, 100)]))
    _, history, stored = folded(ColumnReader(path))
    assert stored
    later = [Frame(n, 2e9 + n, body) for n, body in enumerate(iterations(100, 10_100))]
    for frame in later[:10]:  # what is made once
        history.apply([frame])
    tracemalloc.start()
    try:
        for frame in later[10:]:
            history.apply([frame])
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert history.series["a"].is_stored
    points, moments = 2 * 10_000, 10_000
    assert grown < 1.3 * (4 * points + 24 * moments) + 20_000
    assert history.series["b"].count == 10_100
    assert history.series["a"].ys[50:].tolist() == [1.0 + number for number in range(50, 10_100)]


@pytest.mark.parametrize("places", [[5, 6, 7], [7, 5], [0, 39], [39, 0, 20], [12], []])
def test_values_are_read_at_any_places_in_their_order(tmp_path, places):
    path = tmp_path / "journal.msgpack"
    names = tuple(f"m{number}" for number in range(40))
    bodies = [MetricSet(0, names), *iterations(0, 100, values=tuple(float(number) for number in range(40)))]
    path.write_bytes(journal_of_bodies(bodies))
    frames = [frame for frames in ColumnReader(path).read_pieces() for frame in frames]
    table = next(frame.body for frame in frames if isinstance(frame.body, StoredIterations))
    _, expected, _ = folded(JournalReader(path))
    values = journal_columns.read_values(table, places)
    assert values.shape == (len(places), table.count)
    for place, column in zip(places, values, strict=True):
        rows = slice(table.first_iteration, table.first_iteration + table.count)
        assert column.tolist() == expected.series[f"m{place}"].ys[rows].tolist()


def test_points_of_a_journal_that_is_gone_are_missing(tmp_path):
    path = tmp_path / "journal.msgpack"
    bodies = [MetricSet(0, ("a", "b")), *iterations(0, 100)]
    path.write_bytes(journal_of_bodies(bodies))
    _, history, _ = folded(ColumnReader(path))
    path.unlink()
    assert history.series["a"].count == 100
    assert np.isnan(history.series["a"].ys[50])
    assert history.series["a"].ys[0] == 1.0


def test_points_of_a_journal_that_was_replaced_are_missing(tmp_path):
    path = tmp_path / "journal.msgpack"
    path.write_bytes(journal_of_bodies([MetricSet(0, ("a", "b", "c")), *iterations(0, 100, values=(1.0, 2.0, 3.0))]))
    _, history, stored = folded(ColumnReader(path))
    assert stored
    size = path.stat().st_size
    fewer = [replace(body, environment_steps=2**40) for body in iterations(0, 100, values=(1.0,))]
    path.write_bytes(journal_of_bodies([MetricSet(0, ("abcde",)), *fewer]))
    assert path.stat().st_size >= size  # the records are as long, but have fewer values
    assert history.series["c"].count == 100
    assert np.isnan(history.series["c"].ys[50])


def test_damage_that_checksums_would_miss_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(journal_columns, "_CHECKED_EVERY", 2**20)
    bodies = [MetricSet(0, ("a", "b"))]
    for begin in range(0, 80, 10):
        bodies += [*iterations(begin, begin + 10), CheckpointSaved(begin, f"model_{begin}.pt")]
    path = tmp_path / "journal.msgpack"
    whole = journal_of_bodies(bodies)
    path.write_bytes(whole)
    assert_same(path, least_stored=60)
    record = sealed_record(encode(Frame(50, 1e9 + 50, bodies[50])))
    start = whole.index(record)
    layout = layout_of(record)
    assert layout is not None
    places = {place for at, kind in layout.fixed for place in range(at, at + np.dtype(kind).itemsize)}
    places |= {layout.fields["iteration"][0]}
    size = len(record) - len(layout.outline)
    for place in places:
        damaged = bytearray(whole)
        damaged[start + (place if place < layout.values else place + size)] ^= 0x11
        path.write_bytes(damaged)
        assert folded(ColumnReader(path))[0].damaged, place


def journal_of_bodies(bodies):
    return b"".join(sealed_record(encode(Frame(n, 1e9 + n, body))) for n, body in enumerate(bodies))


READ_UNTIL_THE_END = """
import atexit, sys, threading
from pathlib import Path
from tui.session.metrics import column_reader
column_reader.PIECE, column_reader._LEAST_BYTES = 4096, 0
began = threading.Event()
def read():
    while True:
        for _ in column_reader.ColumnReader(Path(sys.argv[1])).read_pieces():
            began.set()
threading.Thread(target=read, daemon=True).start()
began.wait()
def go_on():
    began.clear()
    began.wait(5)
atexit.register(go_on)  # pools of threads have ended by then
"""


def test_the_program_may_end_while_a_journal_is_read(tmp_path):
    path = tmp_path / "journal.msgpack"
    path.write_bytes(journal_of_bodies([MetricSet(0, ("a", "b")), *iterations(0, 20_000)]))
    ended = subprocess.run([sys.executable, "-c", READ_UNTIL_THE_END, path], capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_reader_that_began_early_reads_the_same(tmp_path, monkeypatch):
    path = tmp_path / "journal.msgpack"
    bodies = [MetricSet(0, ("a", "b")), *iterations(0, 2000)]
    path.write_bytes(journal_of_bodies(bodies[:1500]))
    expected = JournalReader(path).read_new()
    monkeypatch.setattr(column_reader, "_LEAST_BYTES", 2**40)
    for most in (1, 32_000):
        monkeypatch.setattr(early_reader, "_MOST_FRAMES", most)
        path.write_bytes(journal_of_bodies(bodies[:1500]))
        reader = early_reader.EarlyReader(path)
        assert reader.offset == 0
        assert reader.read_new() == expected
        path.write_bytes(journal_of_bodies(bodies))
        assert [frame.body for frame in reader.read_new()] == bodies[1500:]


def test_an_early_reader_fails_only_when_it_is_asked(tmp_path):
    (tmp_path / "journal.msgpack").mkdir()
    reader = early_reader.EarlyReader(tmp_path / "journal.msgpack")
    with pytest.raises(OSError, match="expected a file"):
        reader.read_new()
    assert early_reader.EarlyReader(tmp_path / "none").read_new() == []
