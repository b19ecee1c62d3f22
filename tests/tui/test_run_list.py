"""The list of runs: order, filter, what is read again, and the choice among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.contract.codec import encode, pack_values
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged, RunStarted
from tui.session.runs import run_list as listing
from tui.session.runs.chosen_runs import ChoiceError, choice_file, read_choice, write_choice
from tui.session.runs.journal_summary import spread_points
from tui.session.runs.names import fitted_name, own_name
from tui.session.runs.run_columns import COLUMNS, fit_columns, run_cells, run_details
from tui.session.runs.run_list import RUN_ORDERS, RunList, ordered
from tui.session.runs.run_search import matching, with_status

STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)
METRICS = MetricSet(0, ("Train/mean_reward", "Train/success_rate"))


def finished(iteration, reward, success=0.5):
    return IterationFinished(iteration, 0, pack_values([reward, success]), 0, 0.0)


@pytest.fixture
def log_root(tmp_path, make_run):
    make_run("2026-01-01_00-00-00_beta", STARTED, METRICS, finished(0, 5.0, 0.1), PhaseChanged("finished"))
    make_run("2026-01-02_00-00-00_Alpha", STARTED, METRICS, finished(0, 1.0), finished(1, float("nan"), 0.9))
    make_run("2026-01-03_00-00-00", STARTED, METRICS, finished(0, 9.0), finished(1, 7.0), PhaseChanged("failed", "no"))
    make_run("2026-01-04_00-00-00_gone").spec_file.write_text("preset = ")
    return tmp_path / "logs"


def look(log_root):
    return [row for rows in RunList(log_root).look() for row in rows]


def days(rows):
    return [int(row.folder.name[8:10]) for row in rows]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("newest", [4, 3, 2, 1]),
        ("name", [3, 2, 1, 4]),
        ("status", [1, 3, 2, 4]),
        ("iteration", [3, 2, 1, 4]),
        ("reward", [3, 1, 4, 2]),
        ("success", [2, 3, 1, 4]),
        ("duration", [3, 2, 1, 4]),
        ("preset", [3, 2, 1, 4]),
    ],
)
def test_runs_have_an_order_and_the_unknown_comes_last(log_root, order, expected):
    assert days(ordered(look(log_root), order)) == expected


@pytest.mark.parametrize("order", RUN_ORDERS)
def test_the_other_way_round_only_the_unknown_stays(log_root, order):
    rows = look(log_root)
    there, back = days(ordered(rows, order)), days(ordered(rows, order, reverse=True))
    assert sorted(there) == sorted(back)
    if order in ("iteration", "reward", "success", "duration", "status", "preset"):
        assert there[-1] == back[-1] or {there[-1], there[-2]} == {back[-1], back[-2]}


def test_the_filter_looks_at_name_preset_task_and_status(log_root):
    rows = look(log_root)
    for pattern, expected in (
        ("", [4, 3, 2, 1]),
        ("alpha", [2]),
        ("killed", [2]),
        ("unread", [4]),
        ("balance", [3, 2, 1]),
        ("crtpl fai", [3]),
        ("nothing", []),
    ):
        assert days(matching(rows, pattern)) == expected


def test_runs_of_some_status(log_root, make_run):
    make_run("2026-01-05_00-00-00")
    rows = look(log_root)
    for statuses, expected in (
        ((), [5, 4, 3, 2, 1]),
        (("live",), [5]),
        (("ended",), [4, 3, 2, 1]),
        (("failed",), [4, 3]),
        (("killed", "finished"), [2, 1]),
    ):
        assert days(with_status(rows, statuses)) == expected


# --- what is read again ---


def test_only_files_that_have_changed_are_read_again(log_root, monkeypatch):
    read = []
    read_run = listing.read_run
    monkeypatch.setattr(listing, "read_run", lambda folder: read.append(folder.name) or read_run(folder))
    overview = RunList(log_root)
    first = [row for rows in overview.look() for row in rows]
    assert len(read) == 4
    assert [row for rows in overview.look() for row in rows] == first
    assert len(read) == 4
    folder = next(row.folder for row in first if row.folder.name.endswith("Alpha"))
    journal = JournalWriter(folder.journal)
    journal.append(encode(Frame(journal.next_number, 2e9, finished(2, 3.0))))
    journal.close()
    after = [row for rows in overview.look() for row in rows]
    assert read[4:] == [folder.name]
    assert [row.iteration for row in after if row.folder.name == folder.name] == [2]


def test_rows_come_as_they_are_read_newest_first(log_root, monkeypatch):
    monkeypatch.setattr(listing, "_BATCH_SECONDS", -1.0)
    batches = list(RunList(log_root).look())
    assert [days(rows) for rows in batches if rows] == [[4], [3], [2], [1]]


# --- the row ---


@given(
    values=st.lists(st.floats(-10, 10), max_size=200),
    start=st.integers(0, 1000),
    most=st.integers(1, 40),
)
def test_a_sparkline_has_real_points_and_ends_with_the_newest(values, start, most):
    rewards = [(start + place, value) for place, value in enumerate(values)]
    shown = spread_points(rewards, most)
    assert len(shown) == min(most, len(rewards))
    assert set(shown) <= set(rewards)
    assert shown[-1:] == rewards[-1:]


def test_a_span_without_a_point_shows_the_one_before():
    assert spread_points([(0, 1.0), (1, 2.0), (9, 3.0)], 3) == [(1, 2.0), (1, 2.0), (9, 3.0)]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200, 300])
def test_the_columns_fit(log_root, width):
    rows = look(log_root)
    widths = fit_columns(rows, width)
    assert list(widths) == [column.key for column in COLUMNS if column.key in widths]
    assert width < 80 or sum(widths.values()) + 2 * len(widths) <= width
    for row in rows:
        for (column, room), cell in zip(widths.items(), run_cells(row, widths, ()), strict=True):
            assert len(cell) <= room, (column, cell)


def test_a_failed_run_tells_its_reason_in_the_row_where_there_is_room(make_run, tmp_path):
    reason = "no such knob: reward/nothing/weight; nearest: reward/upright/weight"
    failed = make_run("2026-03-01_12-00-00_walk", STARTED, PhaseChanged("failed", reason))
    (row,) = look(tmp_path / "logs")
    assert row.reason == reason
    cells = {width: run_cells(row, fit_columns([row], width), ())[-1] for width in (80, 200)}
    assert cells[80] == "walk"
    assert cells[200].startswith(f"{failed.name}  no such knob: reward/nothing/weight")
    assert f"failed: {reason}" in run_details(row)


def test_a_name_gives_up_its_date_where_there_is_little_room():
    name = "2026-11-20_10-11-12_first-steps"
    assert [fitted_name(name, width) for width in (40, 30, 20, 8)] == [
        name,
        "11-20 10:11 first-steps",
        "first-steps",
        "firs…eps",
    ]
    assert own_name("2026-11-20_10-11-12") == "11-20 10:11"
    assert own_name("mine") == "mine"


# --- the choice ---


def test_a_choice_is_kept_in_its_order_without_runs_that_are_gone(log_root):
    folders = [row.folder for row in look(log_root)]
    assert read_choice(log_root) == ([], set())
    write_choice(log_root, [folders[2], folders[0]], [folders[0].path])
    chosen, hidden = read_choice(log_root)
    assert ([folder.path for folder in chosen], hidden) == ([folders[2].path, folders[0].path], {folders[0].path})
    folders[0].spec_file.unlink()
    assert [folder.path for folder in read_choice(log_root)[0]] == [folders[2].path]


def test_each_log_folder_has_a_choice_of_its_own(tmp_path):
    assert choice_file(tmp_path / "a") != choice_file(tmp_path / "b")
    assert len(choice_file(tmp_path / ("long" * 60)).name) < 230


@pytest.mark.parametrize("content", [b"chosen = ", b"\xff", b"chosen = [1]\n", b"other = 1\n"])
def test_a_choice_that_cannot_be_read_is_told_in_one_line(tmp_path, content):
    file = choice_file(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(ChoiceError, match="is ignored") as problem:
        read_choice(tmp_path)
    assert len(str(problem.value).splitlines()) == 1


def test_a_choice_that_cannot_be_kept_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(ChoiceError, match="can't be stored"):
        write_choice(tmp_path, [])
