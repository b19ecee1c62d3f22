"""References of presets: made from journals, checked, drawn behind a run's curves, used for its remaining time."""

from __future__ import annotations

import json

import numpy as np
import pytest
from msgspec.structs import replace

from presets import list_presets, own_presets_folder
from presets.reference import FOLDER, PresetReference, ReferenceCurve, ReferenceFileError, read_reference, reference_of
from tests.tui.conftest import RUN, STARTED
from tests.tui.drawn_chart import lines_of
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.products import CheckpointLoaded
from tui.charts.canvas import BAND
from tui.charts.description import ChartDescription, RunBand
from tui.charts.drawing import Painter
from tui.charts.files.chart_svg import charts_svg
from tui.charts.palette import palette_of
from tui.charts.plan_description import run_bands_of
from tui.charts.view import ChartView
from tui.session.board.chart_source import Curve
from tui.session.board.lines import notes_of, title_of
from tui.session.board.plans import DEFAULT_BOARD
from tui.session.metrics.series import Series
from tui.session.references import fit
from tui.session.references.fit import fitting_reference, reference_problem, seconds_left
from tui.session.state import RunState

pytestmark = pytest.mark.usefixtures("empty_working_directory")
REWARD, LENGTH = "Train/mean_reward", "Train/mean_episode_length"
SUCCESS, SCORE = "Train/success_rate", "Success/score"
CURVE = ReferenceCurve(low=(0.0, 1.0, 2.0), median=(1.0, 2.0, 3.0), high=(2.0, 3.0, 4.0))
ONE = PresetReference(
    task="task", device="H200", num_envs=4, runs=1, iterations=(0, 10, 20), seconds=(1.0, 11.0, 51.0),
    curves={REWARD: CURVE},
)  # fmt: skip


@pytest.fixture
def referred(monkeypatch):
    """Give every preset this reference."""
    monkeypatch.setattr(fit, "_read", lambda preset: (ONE, ""))


def state_at(iteration, seconds=0.0, started=STARTED, *bodies):
    state = RunState()
    finished = IterationFinished(iteration, 0, pack_values([0.0]), 96, seconds)
    for number, body in enumerate((started, *bodies, PhaseChanged("training"), MetricSet(0, (REWARD,)), finished)):
        state.apply(Frame(number, 0.0, body))
    return state


# --- files ---


def test_every_reference_that_ships_is_of_a_preset_small_and_explains_itself():
    by_name = {preset.name: preset for preset in list_presets()[0]}
    (folder,) = {preset.path.rpartition("/")[0] for preset in by_name.values()}
    names = [name for name in by_name if reference_of(name) is not None]
    assert "g1-walk" in names
    for name in names:
        reference = reference_of(name)
        preset = by_name[name]
        assert (reference.task, reference.num_envs) == (preset.task, preset.num_envs.cuda)
        assert reference.note
        path = f"{folder}/{FOLDER}/{name}.json"
        with open(path, "rb") as file:
            assert len(file.read()) < 20_000
    walk = reference_of("g1-walk")
    assert walk.curves.keys() == {REWARD, LENGTH, SUCCESS, SCORE}
    assert "velocity levels 1 to 4" in walk.note
    assert walk.curves[SUCCESS].median[-1] > 0.7


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"iterations": [0, 10]}, "seconds: expected 2 numbers, as many as iterations, got 3"),
        ({"iterations": [0, 20, 10]}, "iterations: expected rising numbers"),
        ({"seconds": [1, 1, 2]}, "seconds: expected rising numbers"),
        ({"curves": {"a": {"low": [5, 5, 5], "median": [1, 2, 3], "high": [2, 3, 4]}}}, "expected low ≤ median ≤ high"),
        ({"curves": {"a": {"low": [0, 1], "median": [1, 2, 3], "high": [2, 3, 4]}}}, "a: low: expected 3 numbers"),
        ({"runs": 0}, "can't be read: Expected `int` >= 1"),
        ({"more": 1}, "can't be read: Object contains unknown field `more`"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_in_one_line(tmp_path, change, problem):
    path = tmp_path / "one.json"
    content = {"task": "t", "device": "d", "num_envs": 4, "runs": 1, "iterations": [0, 10, 20], "seconds": [0, 1, 2]}
    path.write_text(json.dumps(content | {"curves": {}}))
    assert read_reference(path).num_envs == 4
    path.write_text(json.dumps(content | {"curves": {}} | change))
    with pytest.raises(ReferenceFileError, match=r"\A[^\n]*\Z") as error:
        read_reference(path)
    assert problem in str(error.value)


# --- the command ---


def journal(make_run, name=RUN, started=STARTED, first=0, count=40):
    reward = MetricSet(0, (REWARD, "Train/success_rate", LENGTH))
    values = [(float(n), 0.5, 10.0) for n in range(first, first + count)]
    finished = [IterationFinished(first + n, 0, pack_values(row), 96, 1.0) for n, row in enumerate(values)]
    return make_run(name, started, reward, *finished)


def test_the_command_thins_a_journal(make_run, prints, tmp_path):
    folder = journal(make_run, count=400)
    value = prints("reference", RUN, "-o", "one.json", "--device", "H200", "--note", "by hand", "--json")
    assert value["points"] == 90
    reference = read_reference(tmp_path / "one.json")
    assert (reference.runs, reference.device, reference.num_envs, reference.note) == (1, "H200", 4, "by hand")
    assert reference.curves.keys() == {REWARD, LENGTH, "Train/success_rate"}
    reward = reference.curves[REWARD]
    assert np.abs(np.array(reward.median) - np.array(reference.iterations)).max() <= 1
    assert all(low <= high for low, high in zip(reward.low, reward.high, strict=True))
    assert folder.name in prints("runs")


def test_the_pace_of_a_shared_device_can_be_evened(make_run, prints, tmp_path):
    reward = MetricSet(0, (REWARD,))
    quick = [IterationFinished(n, 0, pack_values((1.0,)), 96, 1.0) for n in range(20)]
    slow = [IterationFinished(n, 0, pack_values((1.0,)), 96, 1.0) for n in range(20, 40)]
    frames = [*quick, *(frame for iteration in slow for frame in (reward, reward, iteration))]  # a second each
    make_run(RUN, STARTED, reward, *frames)
    paces = {}
    for file, more in {"as_recorded.json": (), "even.json": ("--even-pace",)}.items():
        prints("reference", RUN, "-o", file, "--device", "H200", "--metric", REWARD, *more)
        reference = read_reference(tmp_path / file)
        paces[file] = np.diff(reference.seconds) / np.diff(reference.iterations)
    assert (paces["as_recorded.json"][0], paces["as_recorded.json"][-1]) == (1.0, 3.0)
    assert np.allclose(paces["even.json"], (19 + 20 * 3) / 39, rtol=0.01)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"started": replace(STARTED, num_envs=8)}, "expected number of environments 4 as in"),
        ({"started": replace(STARTED, task="other")}, "expected task task as in"),
        ({"first": 500}, "expected a run from iteration 0 on, got Train/mean_reward from 500 on"),
        ({"count": 1}, "expected two values of Train/mean_reward, got 1"),
    ],
)
def test_runs_that_do_not_fit_together_are_refused(make_run, fails, tmp_path, more, problem):
    journal(make_run)
    journal(make_run, "2026-03-02_12-00-00_other", **more)
    assert problem in fails(1, "reference", RUN, "2026-03-02_12-00-00_other", "-o", "one.json", "--device", "H200")
    assert not (tmp_path / "one.json").exists()


def test_a_file_is_replaced_only_if_told(make_run, fails, prints, tmp_path):
    journal(make_run)
    (tmp_path / "one.json").write_text("mine")
    assert "one.json exists" in fails(1, "reference", RUN, "-o", "one.json", "--device", "H200")
    prints("reference", RUN, "-o", "one.json", "--device", "H200", "--force")
    assert "ends in .json" in fails(2, "reference", RUN, "-o", "one.toml", "--device", "H200")


def test_a_user_s_own_preset_has_its_own_reference(make_run, prints):
    own_presets_folder().joinpath(FOLDER).mkdir(parents=True)
    (own_presets_folder() / "mine.toml").write_text("")
    assert reference_of("mine") is None
    journal(make_run)
    path = own_presets_folder() / FOLDER / "mine.json"
    prints("reference", RUN, "-o", str(path), "--device", "A100")
    assert reference_of("mine").device == "A100"


# --- fit and remaining time ---


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, ""),
        ({"num_envs": 16}, "reference is for 4 environments"),
        ({"task": "other"}, "reference is for task task"),
    ],
)
@pytest.mark.usefixtures("referred")
def test_a_reference_that_does_not_fit_is_not_drawn_and_says_why(changed, problem):
    state = state_at(5, 0.0, replace(STARTED, **changed))
    reward = DEFAULT_BOARD[0]
    assert reference_problem(state) == problem
    assert (fitting_reference(state) is None) == bool(problem) == (run_bands_of(reward, state) == ())
    assert title_of(reward, state) == (f"reward, without a band: the preset's {problem}" if problem else "reward")
    assert notes_of(reward, state)[-1] == ""
    assert run_bands_of(DEFAULT_BOARD[1], state) == ()


@pytest.mark.usefixtures("referred")
def test_a_run_that_continues_behind_the_end_has_no_reference():
    state = state_at(30, 7.0, STARTED, CheckpointLoaded(25, "model_25.pt"))
    assert reference_problem(state) == "reference ends at iteration 20"
    assert seconds_left(state) == 7.0


@pytest.mark.usefixtures("referred")
def test_the_remaining_time_is_the_run_s_pace_with_the_reference_s_changes():
    # 94 iterations left at the run's 2 s; the reference took 1 s each until 10, then 4 s
    state = state_at(5, 94 * 2.0)
    assert seconds_left(state) == pytest.approx(2.0 * (5 * 1 + 89 * 4))
    assert seconds_left(state_at(25, 74 * 2.0)) == 74 * 2.0  # beyond its end
    assert seconds_left(state_at(5)) == 0.0  # no pace of its own yet
    assert seconds_left(RunState()) == 0.0


def test_without_a_reference_the_trainer_s_estimate_stands():
    assert seconds_left(state_at(5, 188.0)) == 188.0
    assert reference_problem(state_at(5)) == ""


# --- drawing ---


def described(width=60, height=16, values=(0.0, 0.5, 1.0), **view):
    series = Series()
    series.extend(range(0, 10 * len(values), 10), values)
    band = RunBand(ONE.iterations, CURVE.low, CURVE.median, CURVE.high, "reference: H200, 4 environments")
    return ChartDescription(
        "reward", width, height, curves=(Curve("reward", series),), run_bands=(band,), view=ChartView(**view)
    )


def shaded(chart):
    return (Painter().paint(chart).styles & BAND) > 0


def test_the_band_rises_behind_the_curve_and_the_axis_shows_it():
    chart = described()
    grid = Painter().paint(chart)
    rows, columns = np.nonzero((grid.styles & BAND) > 0)
    left, right = rows[columns == columns.min()], rows[columns == columns.max()]
    assert left.mean() > right.mean()  # upwards on the screen
    text = ["".join(part for part, _ in line) for line in lines_of(grid)]
    assert any("reference: H200, 4 environments" in line for line in text)
    assert any(line.lstrip().startswith("4") for line in text)
    assert any(style == "band-edge" for line in lines_of(grid) for _, style in line)  # seen without colours too


def test_a_band_is_only_where_the_reference_was_and_only_over_iterations():
    long = described(values=(0.0, 1.0, 2.0, 3.0, 3.0))
    columns = np.nonzero(shaded(long).any(axis=0))[0]
    assert columns.max() < 60 * 0.6
    assert not shaded(described(unit="time")).any()
    assert shaded(described(log_y=True)).any()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (12, 4), (20, 5), (200, 50)])
def test_a_band_is_drawn_in_any_size(width, height):
    assert shaded(described(width, height)).any() == (width >= 12)


def test_a_picture_has_the_band_too():
    palette = palette_of("dark")
    assert "reference: H200, 4 environments" in charts_svg([described()], palette, "t")
    assert "reference" not in charts_svg([described(unit="time")], palette, "t")
