"""Numbers and states as short text."""

from __future__ import annotations

import math
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.products import CheckpointLoaded, ExportFailed, ExportFinished, ExportStarted
from tui.session.machine.gpu_use import GpuUse
from tui.session.numbers import duration, number, rough_duration, short_count
from tui.session.state import RunState, RunStatus
from tui.session.status_text import STATUS_SIGNS, export_result, load_text, progress, progress_line

STARTED = RunStarted(
    run="run",
    preset="cartpole",
    backend="mjlab",
    task="task",
    device="cpu",
    num_envs=4,
    iterations=1000,
    seed=42,
    pid=1,
)
FINISHED = PhaseChanged("finished")


def after(*bodies):
    state = RunState()
    for frame_number, body in enumerate(bodies):
        state.apply(Frame(frame_number, 0.0, body))
    return state


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.0, "1"),
        (-0.25, "-0.25"),
        (3.14159, "3.142"),
        (9999.4, "9999"),
        (9999.9, "10,000"),
        (12345.6, "12,346"),
        (99999.9, "100,000"),
        (123456.0, "1.23e5"),
        (0.001, "0.001"),
        (0.00012345, "0.000123"),
        (-1.2345e-7, "-1.23e-7"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_is_short_and_plain(value, text):
    assert number(value) == text


@given(st.floats(width=32))
def test_every_metric_fits_into_nine_cells_and_keeps_its_size(value):
    text = number(value)
    assert len(text) <= 9
    if math.isfinite(value):
        assert float(text.replace(",", "")) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0:00:00"),
        (0.9, "0:00:00"),
        (59, "0:00:59"),
        (3723, "1:02:03"),
        (86399.9, "23:59:59"),
        (90061, "1d 1:01:01"),
    ],
)
def test_a_duration_is_read_like_a_clock(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "<1 min"),
        (59.9, "<1 min"),
        (60, "1 min"),
        (3599, "59 min"),
        (3723, "1 h 02 min"),
        (86399, "23 h 59 min"),
        (90061, "1 d 1 h"),
    ],
)
def test_a_rough_duration_has_two_units_and_no_seconds(seconds, text):
    assert rough_duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (9_999.4, "9,999"), (9_999.5, "10k"), (129_400, "129k"), (999_499, "999k"), (999_500, "1.0M")],
)
def test_a_count_is_short(count, text):
    assert short_count(count) == text


def test_every_status_has_a_sign_of_its_own_kind():
    assert STATUS_SIGNS.keys() == set(get_args(RunStatus))
    assert STATUS_SIGNS["finished"] not in (STATUS_SIGNS["failed"], STATUS_SIGNS["stopped"])


def test_progress_of_a_training_tells_iteration_share_and_time_left():
    state = after(STARTED, PhaseChanged("training"), MetricSet(0, ()), IterationFinished(499, 0, b"", 96, 3723.0))
    assert progress(state, True, 10) == "▶ training  iteration 500 of 1000  █████░░░░░ 50%  1 h 02 min left"


def test_progress_of_a_resumed_training_counts_from_the_first_run_on():
    at = IterationFinished(129, 0, b"", 96, 3723.0)
    started = replace(STARTED, iterations=100)
    state = after(started, CheckpointLoaded(100, "model_99.pt"), PhaseChanged("training"), MetricSet(0, ()), at)
    assert progress(state, True, 10) == "▶ training  iteration 130 of 200  ███░░░░░░░ 30%  1 h 02 min left"


def test_progress_of_a_build_tells_what_is_being_built():
    state = after(STARTED, PhaseChanged("compiling", "smooth from the cache", 7))
    assert progress(state, True, 10) == "… compiling  smooth from the cache  7 kernel modules"


@pytest.mark.parametrize(
    ("phase", "is_alive", "text"),
    [
        (PhaseChanged("failed", "ValueError: no"), False, "✘ failed  iteration 1 of 1000  ░ 0%  ValueError: no"),
        (PhaseChanged("training"), False, "✘ killed  iteration 1 of 1000  ░ 0%"),
        (PhaseChanged("finished", "stopped"), False, "■ stopped  iteration 1 of 1000  ░ 0%"),
    ],
)
def test_progress_of_an_ended_run_tells_how_it_ended(phase, is_alive, text):
    state = after(STARTED, MetricSet(0, ()), IterationFinished(0, 0, b"", 96, 99.0), phase)
    assert progress(state, is_alive, 1) == text


@given(st.integers(0, 2000), st.integers(1, 40))
def test_the_bar_is_as_wide_as_asked_for(iteration, width):
    state = after(STARTED, PhaseChanged("training"), MetricSet(0, ()), IterationFinished(iteration, 0, b"", 96, 1.0))
    line = progress(state, True, width)
    assert line.count("█") + line.count("░") == width


def test_the_bar_and_the_elapsed_time_make_room_for_the_rest():
    state = after(STARTED, PhaseChanged("training"), MetricSet(0, ()), IterationFinished(499, 0, b"", 96, 3723.0))
    head, both = "▶ training  iteration 500 of 1000  ", "50%  2 h 05 min elapsed, 1 h 02 min left"
    lines = {width: progress_line(state, True, width, 7500.0) for width in (198, 118, 78, 70, 60, 50, 8)}
    assert lines[198] == f"{head}{'█' * 20}{'░' * 20} {both}"
    assert lines[118] == f"{head}{'█' * 20}{'░' * 20} {both}"
    assert lines[78] == f"{head}{both}"
    assert lines[70] == f"{head}██░░░ 50%  1 h 02 min left"
    assert lines[50] == lines[8] == f"{head}50%  1 h 02 min left"


def test_the_elapsed_time_ends_with_the_run_and_runs_while_it_is_built():
    building = after(STARTED, PhaseChanged("compiling", "smooth", 7))
    assert progress_line(building, True, 100, 130.0) == "… compiling  smooth  7 kernel modules  2 min elapsed"
    ended = RunState()
    for time, body in ((100.0, STARTED), (400.0, IterationFinished(999, 0, b"", 96, 0.0)), (460.0, FINISHED)):
        ended.apply(Frame(0, time, body))
    assert progress_line(ended, False, 100, 9e9).endswith("100%  6 min elapsed")
    assert progress_line(RunState(), False, 100, 9e9) == "… starting"


@pytest.mark.parametrize(
    ("gpus", "text"),
    [
        (None, "129k steps/s"),
        (GpuUse(1, 0.62), "129k steps/s  GPU  62%"),
        (GpuUse(2, 1.0), "129k steps/s  2 GPUs 100%"),
    ],
)
def test_the_load_is_steps_per_second_and_the_use_of_the_run_s_gpus(gpus, text):
    names = MetricSet(0, ("Perf/total_fps",))
    state = after(STARTED, PhaseChanged("training"), names, IterationFinished(0, 0, pack_values([129_400.0]), 96, 1.0))
    assert load_text(state, True, gpus) == text
    assert load_text(state, False, gpus) == ""
    assert load_text(after(STARTED), True, gpus) == ""


def test_an_export_that_runs_is_shown_with_its_time_until_it_ends_or_its_process_does():
    begun, started = (PhaseChanged("training"), MetricSet(0, ())), ExportStarted(3, 1.24)
    state = after(STARTED, *begun, IterationFinished(0, 0, b"", 96, 1.0), started)
    for width in (200, 40):
        assert "  exporting for 75 s" in progress_line(state, True, width, 75.0)
    assert progress_line(state, True, 200, 0.5).endswith("  exporting")
    assert "exporting" not in progress_line(state, False, 200, 75.0)
    assert progress_line(state, False, 200, 75.0, exporting_since=72.0).endswith("  exporting for 3 s")
    for end in (ExportFailed(3, "no space"), STARTED):
        assert "exporting" not in progress_line(after(STARTED, started, end), True, 200, 75.0)


def test_an_export_is_told_in_one_line():
    assert export_result(ExportStarted(3, 1.24)) == "exporting iteration 3; training blocked for 1.2 ms"
    assert export_result(ExportFailed(3, "no space")) == "export of iteration 3 failed: no space"
    exported = ExportFinished(
        iteration=3,
        folder="exported",
        largest_difference=1.2e-7,
        latency_p50_us=20.4,
        latency_p99_us=41.0,
        rate_hz=24390.2,
    )
    finished = export_result(exported)
    assert finished.startswith("iteration 3 exported to exported: largest difference from torch 1.2e-07, p50 20 µs")
    assert finished.endswith("rate up to 24,390 Hz; not verified yet")
    assert export_result(exported, "verified (quick)").endswith("rate up to 24,390 Hz; verified (quick)")
    partly = msgspec.structs.replace(exported, not_included=("action slow: MyAction",))
    assert export_result(partly).endswith(
        " Hz; not verified yet; not included (see policy.json): action slow: MyAction"
    )
    blind = msgspec.structs.replace(exported, not_measured=("base_lin_vel: no sensor", "height_scan: no sensor"))
    assert export_result(blind).endswith("; the robot can not measure base_lin_vel, height_scan (see policy.json)")
    many = msgspec.structs.replace(exported, not_included=(f"gains of {', '.join(20 * ['left_hip_pitch_joint'])}", "x"))
    assert export_result(many).endswith("gains of left_hip_pitch_joint, left_hip_pitch_joint, left_hip_pitch_joint, …")
