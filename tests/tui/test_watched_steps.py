"""Times and steps of a watched run: several counters, iterations and epochs of libraries."""

from __future__ import annotations

import os

import pytest

from tests.tui.watched import Watched
from tui.session.watch.log_folder import look_into
from tui.session.watch.step_scale import StepScale
from tui.session.watch.watched_run import NewestValue, WatchedRun


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global curve, scalar, scalars_of, write
    from tests.tui.event_files import curve, scalar, scalars_of, write


# --- time ---


def test_times_are_seconds_since_the_first_point(tmp_path):
    write(tmp_path, *curve("reward", range(0, 100, 10), time=5000.0))
    watched = Watched(tmp_path)
    assert list(watched.seconds()) == list(range(0, 100, 10))
    run = watched.run
    assert (run.newest_step, run.newest_time) == (90, 5090.0)
    assert run.usual_interval == 10.0


def test_metrics_over_two_counters_stand_at_times_of_their_own(tmp_path):
    for epoch in range(50):
        write(tmp_path, *curve("loss", range(epoch * 20, epoch * 20 + 20), time=1000.0))
        write(tmp_path, scalar("eval", epoch, epoch, 1000.0 + epoch * 20 + 20))
    watched = Watched(tmp_path)
    assert list(watched.seconds("loss")) == list(range(1000))
    assert watched.seconds("eval") == {epoch * 20 + 20: epoch for epoch in range(50)}
    source = watched.run.source
    assert source.extent("iteration") == (0, 999)
    assert source.extent("time") == (0, 1000)
    assert source.convert(40.0, "iteration", "time") is None  # 40 batches, or 40 epochs?
    assert watched.run.newest_step == 999


def test_a_place_is_converted_where_all_metrics_count_the_same(tmp_path):
    write(tmp_path, *curve("loss", range(0, 100, 10)), *curve("eval", range(0, 100, 50)))
    source = Watched(tmp_path).read().source
    assert source.convert(45.0, "iteration", "time") == 45.0
    assert source.convert(45.0, "time", "iteration") == 45.0


def test_events_without_a_step_stand_at_times_of_their_own(tmp_path):
    write(tmp_path, *(scalar("loss", 0, n, 1000.0 + n) for n in range(20)), *curve("reward", range(20)))
    watched = Watched(tmp_path)
    assert watched.seconds("loss") == {n: n for n in range(20)}
    assert watched.run.metrics["loss"].newest.count == 20
    assert watched.run.newest["loss"] == NewestValue(0, 19.0)


def test_a_training_that_stalls_is_told_by_what_was_usual(tmp_path):
    write(tmp_path, *curve("reward", range(0, 1000, 100), time=0.0))
    run = Watched(tmp_path).read()
    assert run.usual_interval == 100.0
    assert not run.is_quiet(now=900.0 + 499)
    assert run.is_quiet(now=900.0 + 501)
    assert not WatchedRun("nothing").is_quiet(now=1e9)


def test_writers_that_keep_their_points_back_do_not_look_stalled(tmp_path):
    write(tmp_path, *curve("reward", range(100), time=0.0))
    run = Watched(tmp_path).read()
    assert not run.is_quiet(now=99.0 + 140)
    assert run.is_quiet(now=99.0 + 160)


def test_the_speed_is_what_the_run_logs(tmp_path):
    write(tmp_path, *curve("reward", range(3)), scalar("time/fps", 2, 1234.0))
    assert Watched(tmp_path).read().steps_per_second == 1234.0


# --- steps of several kinds ---


def batch_of(tmp_path, *records):
    return scalars_of(*records)


def rl_games_epoch(epoch, frames):
    """What rl_games logs after an epoch, in its order."""
    return [
        scalar("diagnostics/exp_var", epoch, 0.5),
        scalar("losses/a_loss", frames, 0.1),
        scalar("info/epochs", frames, epoch),
        scalar("Episode/Episode_Reward/alive", epoch, float(epoch)),
        scalar("scores/mean", frames, 2.0),
        scalar("scores/iter", epoch, 2.0),
        scalar("scores/time", 7, 2.0),
        scalar("rewards/step", frames, 1.0),
        scalar("rewards/iter", epoch, 1.0),
        scalar("rewards/time", 7, 1.0),
    ]


def test_what_rl_games_logs_over_epochs_stands_at_its_frames(tmp_path):
    scale = StepScale()
    placed = scale.place(batch_of(tmp_path, *rl_games_epoch(1, 256), *rl_games_epoch(2, 512)))
    assert {name: points.steps.tolist() for name, points in placed.items()} == {
        name: [256, 512]
        for name in (
            "diagnostics/exp_var",
            "losses/a_loss",
            "info/epochs",
            "Episode/Episode_Reward/alive",
            "scores/mean",
            "rewards/step",
        )
    }
    assert placed["Episode/Episode_Reward/alive"].values.tolist() == [1.0, 2.0]


def test_an_epoch_that_is_not_known_yet_is_waited_for(tmp_path):
    scale, records = StepScale(), rl_games_epoch(1, 256) + rl_games_epoch(2, 512)
    first = scale.place(batch_of(tmp_path, *records[: len(records) // 2 + 1]))
    assert first["diagnostics/exp_var"].steps.tolist() == [256]
    second = scale.place(batch_of(tmp_path, *records[len(records) // 2 + 1 :]))
    assert second["diagnostics/exp_var"].steps.tolist() == [512]


def own_run(iteration, step, library_logs):
    """What a run that this program trains with another library has after an iteration, in its order."""
    time = 100.0 + iteration
    return [
        *(scalar(name, step, 1.0, time) for name in library_logs),
        scalar("Episode_Reward/alive", step, 1.0, time + 0.01),  # skrl's, over its own steps
        scalar("Loss/surrogate", iteration, float(iteration), time + 0.02),
        scalar("Train/success_rate", iteration, 0.5, time + 0.02),
    ]


def test_what_our_trainings_repeat_of_rl_games_is_left_out_or_moved(tmp_path):
    """As in `trainer_proc.rl_libraries.rl_games.common_name`: endings and `Episode/` are removed."""
    records = []
    for epoch in (1, 2):
        time, frames = 100.0 + epoch, 256 * epoch
        records += [
            *(scalar(f"shaped_rewards/{over}", step, 1.5, time) for over, step in (("step", frames), ("iter", epoch))),
            scalar("info/epochs", frames, epoch, time),
            scalar("Episode/Custom/speed", epoch, 0.5, time),
            scalar("shaped_rewards", epoch - 1, 1.5, time + 0.01),
            scalar("Custom/speed", epoch - 1, 0.5, time + 0.01),
            scalar("Loss/surrogate", epoch - 1, 0.5, time + 0.01),
        ]
    placed = StepScale().place(batch_of(tmp_path, *records))
    assert list(placed) == [
        "shaped_rewards/step",
        "info/epochs",
        "Episode/Custom/speed",
        "Custom/speed",
        "Loss/surrogate",
    ]
    assert all(points.steps.tolist() == [256, 512] for points in placed.values())


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        (("Train/mean_reward", "Perf/total_fps"), "iterations"),
        (("Train/mean_reward", "Perf/total_fps", "Train/iteration"), "environment steps"),
        (("train/actor/policy_loss", "env/success_once"), "iterations"),
        (("Loss / Value loss",), "steps of each environment"),
        (("epoch_loss", "epoch_accuracy"), "epochs"),
        (("my/loss",), ""),
    ],
)
def test_what_steps_count_is_told_by_the_names(tmp_path, names, unit):
    write(tmp_path, *(scalar(name, 1, 1.0) for name in names))
    assert Watched(tmp_path).read().source.steps == unit


def test_a_metric_is_found_in_any_case_of_letters(tmp_path):
    write(tmp_path, scalar("episode_reward/Alive", 1, 2.0), scalar("Loss/Value", 1, 3.0))
    source = Watched(tmp_path).read().source
    assert source.curve("Episode_Reward/alive", "").series.ys.tolist() == [2.0]
    assert source.curve("losses/c_loss", "").series.ys.tolist() == [3.0]


def test_logs_of_single_workers_come_behind_the_run(tmp_path):
    places = ("tensorboard/all", "worker_logs/EnvGroup/rank_0/tensorboard", "worker_logs/Actor/rank_1/tensorboard")
    for age, name in enumerate(reversed(places)):
        path = write(tmp_path / "exp" / name, *curve("env/return", range(3)))
        os.utime(path, (1000 - age, 1000 - age))
    runs = look_into(tmp_path).runs
    assert [run.is_of_worker for run in runs] == [False, True, True]
    assert runs[0].name == "exp/tensorboard/all"


@pytest.mark.parametrize("library_logs", [("losses/a_loss", "info/epochs"), ("Stats / Env stepping time (ms)",)])
def test_what_our_trainings_log_over_iterations_stands_at_the_librarys_steps(tmp_path, library_logs):
    scale = StepScale()
    first = [record for i in range(3) for record in own_run(i, 16 * (i + 1), library_logs)]
    placed = scale.place(batch_of(tmp_path, *first))
    assert {tuple(points.steps.tolist()) for points in placed.values()} == {(16, 32, 48)}
    assert placed["Loss/surrogate"].values.tolist() == [0.0, 1.0, 2.0]
    later = scale.place(batch_of(tmp_path, *own_run(3, 64, library_logs)))
    assert {tuple(points.steps.tolist()) for points in later.values()} == {(64,)}


def test_an_environments_metrics_before_the_librarys_own_stay_at_their_steps(tmp_path):
    records = [
        scalar(name, step, 1.0, 100.0 + step + late)
        for step in (16, 32, 48)
        for late, name in enumerate(("Episode_Reward/alive", "Loss / Policy loss"))
    ]
    placed = StepScale().place(batch_of(tmp_path, *records))
    assert placed["Episode_Reward/alive"].steps.tolist() == [16, 32, 48]


@pytest.mark.parametrize("library", ["info/epochs", "Loss / Policy loss"])
def test_a_counter_of_somebody_s_own_in_a_librarys_run_is_left_alone(tmp_path, library):
    records = [scalar(library, step, 1.0, 100.0 + step) for step in (256, 512)]
    records += [scalar("Metrics/evaluation", epoch, 0.5, 100.0 + 256 * epoch + 1) for epoch in (1, 2)]
    assert StepScale().place(batch_of(tmp_path, *records))["Metrics/evaluation"].steps.tolist() == [1, 2]


def test_what_rsl_rl_repeats_over_seconds_is_left_out(tmp_path):
    names = ["Train/mean_reward", "Train/mean_reward/time", "Perf/learning_time", "time/time", "alone/iter"]
    placed = StepScale().place(batch_of(tmp_path, *(scalar(name, 1, 1.0) for name in names)))
    assert list(placed) == ["Train/mean_reward", "Perf/learning_time", "time/time", "alone/iter"]
