"""Runs in a folder of logs, read in portions: several files, restarts, steps on one axis."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.waiting import wait_for
from tui.session.watch.log_folder import look_into
from tui.session.watch.run_parts import RunParts
from tui.session.watch.run_reader import RunReader
from tui.session.watch.step_scale import StepScale
from tui.session.watch.watched_run import NewestValue, WatchedRun
from tui.session.watch.watcher import Watcher


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global curve, purge, scalar, scalars_of, write
    from tests.tui.event_files import curve, purge, scalar, scalars_of, write


def only(folder):
    (run,) = look_into(folder).runs
    return run


class Watched:
    """A run, and all that is read of it by now."""

    def __init__(self, folder):
        self._folder = folder
        self._reader = None
        self.run = WatchedRun("run")

    def read(self, most_bytes=1 << 20):
        self._reader = self._reader or RunReader(only(self._folder))
        self._reader.take_files(only(self._folder))
        while portion := self._reader.read_next(most_bytes):
            self.run.take(portion)
        return self.run

    def points(self, metric="reward"):
        return values_of(self.read().metrics[metric].newest)

    def replaced(self, metric="reward"):
        return values_of(self.read().metrics[metric].replaced)

    def seconds(self, metric="reward"):
        """The values by the seconds at which they are drawn."""
        series, timeline = self.read().source.curve(metric, "").over("time")
        return dict(zip(timeline.place(series.xs, "time").tolist(), series.ys.tolist(), strict=True))


def values_of(series):
    return dict(zip(series.xs.tolist(), series.ys.tolist(), strict=True))


# --- which runs there are ---


def test_every_folder_with_event_files_is_a_run_the_newest_first(tmp_path):
    for name, changed in (("walk/old", 1000), ("walk/new", 3000), ("run", 2000)):
        path = write(tmp_path / name, *curve("reward", range(2)))
        os.utime(path, (changed, changed))
    (tmp_path / "walk" / "checkpoints").mkdir()
    (tmp_path / "walk" / "notes.txt").write_text("no events")
    assert [run.name for run in look_into(tmp_path).runs] == ["walk/new", "run", "walk/old"]


def test_a_folder_that_is_a_run_itself_goes_by_its_own_name(tmp_path, monkeypatch):
    write(tmp_path / "walk", *curve("reward", range(2)))
    assert only(tmp_path / "walk").name == "walk"
    monkeypatch.chdir(tmp_path / "walk")
    assert only(type(tmp_path)(".")).name == "walk"


def test_links_are_followed_and_one_that_leads_back_ends(tmp_path):
    write(tmp_path / "elsewhere" / "run", *curve("reward", range(2)))
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(logs)
    (logs / "events.out.tfevents.gone").symlink_to(tmp_path / "nowhere")
    assert [run.name for run in look_into(logs).runs] == ["linked/run"]


def test_a_folder_that_is_not_there_yet_has_no_runs(tmp_path):
    assert look_into(tmp_path / "later").runs == ()


def test_folders_of_add_scalars_and_add_hparams_are_parts_of_their_run(tmp_path):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path / "walk") as writer:
        writer.add_scalar("Train/mean_reward", 1.0, 7)
        for step in range(3):
            writer.add_scalars("feet", {"left": step, "right/toe": 2 * step}, step)
            writer.add_scalars("Loss/parts", {"a b": 0.5}, step)
        writer.add_hparams({"lr": 0.1}, {"hparam/reward": 3.0})
        for later in (tmp_path / "walk").iterdir():
            os.utime(later, (3e9, 3e9))  # parts are written last
    found = look_into(tmp_path)
    assert [run.name for run in found.runs] == ["walk"]
    run = Watched(tmp_path).read()
    assert {name: newest.value for name, newest in run.newest.items()} == {
        "Train/mean_reward": 1.0,
        "feet/left": 2.0,
        "feet/right/toe": 4.0,
        "Loss/parts/a b": 0.5,
        "hparam/reward": 3.0,
    }


def test_folders_of_tensorboardx_are_parts_of_their_run(tmp_path):
    write(tmp_path / "walk", scalar("reward", 1, 1.0))
    write(tmp_path / "walk" / "data" / "feet" / "left", scalar("data/feet", 1, 2.0))
    assert Watched(tmp_path).read().newest["data/feet/left"].value == 2.0


@pytest.mark.parametrize(
    ("folder", "records"),
    [
        ("eval", [("reward", 1), ("loss", 1)]),
        ("evaluation_reward", [("reward", 1)]),
        ("run-0", [("_hparams_/session_start_info", 0), ("epoch_loss", 1)]),  # of Keras, in a folder for all its runs
    ],
)
def test_other_folders_below_a_run_are_runs_of_their_own(tmp_path, folder, records):
    write(tmp_path / "walk", scalar("reward", 1, 1.0))
    write(tmp_path / "walk" / folder, *(scalar(tag, step, 1.0) for tag, step in records))
    assert {run.name for run in look_into(tmp_path).runs} == {"walk", f"walk/{folder}"}


def test_a_folder_is_taken_for_a_part_until_it_has_logged_something(tmp_path):
    parts = RunParts()
    write(tmp_path / "walk", scalar("reward", 1, 1.0))
    write(tmp_path / "walk" / "eval")
    assert [run.name for run in look_into(tmp_path, parts).runs] == ["walk"]
    write(tmp_path / "walk" / "eval", scalar("reward", 1, 1.0))
    assert {run.name for run in look_into(tmp_path, parts).runs} == {"walk", "walk/eval"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(tmp_path):
    write(tmp_path / "mine", *curve("reward", range(2)))
    (tmp_path / "theirs").mkdir(mode=0)
    found = look_into(tmp_path)
    assert [run.name for run in found.runs] == ["mine"]
    assert found.problems == (f"can't read {tmp_path / 'theirs'}: Permission denied",)


# --- what is read of one ---


def test_several_files_of_a_run_are_one_curve(tmp_path):
    write(tmp_path, *curve("reward", range(3)), second=1)
    write(tmp_path, *curve("reward", range(3, 6)), *curve("loss", range(2)), second=2)
    watched = Watched(tmp_path)
    assert list(watched.points()) == [0, 1, 2, 3, 4, 5]
    assert list(watched.points("loss")) == [0, 1]


IN_PORTIONS = pytest.mark.parametrize("most_bytes", [64, 200, 1 << 20])


@IN_PORTIONS
def test_a_training_that_goes_on_from_a_checkpoint_replaces_what_it_repeats(tmp_path, most_bytes):
    write(tmp_path, *curve("reward", range(100)), *curve("once", range(100)), second=1)
    watched = Watched(tmp_path)
    watched.read(most_bytes)
    write(tmp_path, *curve("reward", range(40, 60), time=9000.0, value=-1.0), second=2)
    assert watched.points() == {**{step: step for step in range(40)}, **dict.fromkeys(range(40, 60), -1)}
    assert watched.replaced() == {step: step for step in range(40, 100)}  # with what the older one did further on
    assert list(watched.points("once")) == list(range(100))
    assert watched.run.newest_step == 59
    assert list(watched.seconds()) == [*range(40), *range(8040, 8060)]
    assert watched.run.newest["reward"] == NewestValue(59, -1.0)


@IN_PORTIONS
def test_steps_that_go_back_in_one_file_replace_what_they_repeat(tmp_path, most_bytes):
    watched = Watched(write(tmp_path, *curve("reward", range(100))).parent)
    watched.read(most_bytes)
    write(tmp_path, *curve("reward", range(50, 80), time=1060.0, value=-1.0))
    watched.read(most_bytes)
    assert watched.points() == {**{step: step for step in range(50)}, **dict.fromkeys(range(50, 80), -1)}
    assert watched.replaced() == {step: step for step in range(50, 100)}
    assert watched.run.newest["reward"] == NewestValue(79, -1.0)
    write(tmp_path, *curve("reward", range(60, 62), time=1200.0, value=-2.0))  # and once more, not as far
    watched.read(most_bytes)
    assert list(watched.points()) == list(range(62))
    assert watched.replaced() == {
        **{step: step for step in range(50, 60)},
        **dict.fromkeys(range(60, 80), -1),
        **{step: step for step in range(80, 100)},
    }


def test_a_restart_is_the_same_in_one_file_and_in_two(tmp_path):
    again = curve("reward", range(30, 45), time=2000.0, value=-1.0)
    write(tmp_path / "one", *curve("reward", range(60)), *again)
    write(tmp_path / "two", *curve("reward", range(60)), second=1)
    write(tmp_path / "two", *again, second=2)
    one, two = Watched(tmp_path / "one"), Watched(tmp_path / "two")
    assert (one.points(), one.replaced(), one.seconds()) == (two.points(), two.replaced(), two.seconds())
    assert one.read().newest == two.read().newest


def test_metrics_that_are_logged_at_other_steps_restart_too(tmp_path):
    write(tmp_path, *curve("loss", range(200)), *curve("eval", range(0, 200, 50)))
    write(tmp_path, *curve("loss", range(60, 90), 2000.0, -1.0), *curve("eval", range(100, 200, 50), 2000.0, -1.0))
    watched = Watched(tmp_path)
    assert watched.points("eval") == {0: 0, 50: 50, 100: -1, 150: -1}
    assert watched.read().newest_step == 150


@IN_PORTIONS
def test_points_that_come_out_of_order_are_no_restart(tmp_path, most_bytes):
    steps = [0, 100, 200, 150, 300, 400, 350, 380, 500]  # of evaluations that end in another order
    write(tmp_path, *(scalar("eval", step, step + 0.5, 1000.0 + n) for n, step in enumerate(steps)))
    watched = Watched(tmp_path)
    watched.read(most_bytes)
    assert watched.points("eval") == {step: step + 0.5 for step in sorted(steps)}
    assert watched.replaced("eval") == {}


def test_the_newest_value_is_what_was_logged_last(tmp_path):
    write(tmp_path, *(scalar("eval", step, step, 1000.0 + n) for n, step in enumerate([0, 100, 200, 150])))
    assert Watched(tmp_path).read().newest["eval"] == NewestValue(150, 150.0)


@IN_PORTIONS
@pytest.mark.parametrize("second", [1, 2], ids=["in one file", "in a second file"])
def test_a_purge_mark_drops_all_metrics_from_its_step_on(tmp_path, most_bytes, second):
    write(tmp_path, *curve("reward", range(10)), *curve("never again", range(20)), *curve("late", range(8, 9)))
    watched = Watched(tmp_path)
    watched.read(most_bytes)
    write(tmp_path, purge(7), *curve("reward", range(7, 9), time=2000.0, value=-1.0), second=second)
    watched.read(most_bytes)
    assert watched.points() == {**{step: step for step in range(7)}, 7: -1, 8: -1}
    assert watched.replaced() == {}
    assert list(watched.points("never again")) == list(range(7))
    assert watched.run.newest["never again"] == NewestValue(6, 6.0)
    assert watched.run.names == ["reward", "never again"]


def test_pytorchs_own_purge_mark_is_heeded(tmp_path):
    from torch.utils.tensorboard import SummaryWriter

    for number, purge_step in enumerate((None, 5)):
        with SummaryWriter(tmp_path, purge_step=purge_step, filename_suffix=f".{number}") as writer:
            writer.add_scalar("loss", number, 9 - number)
            writer.add_scalar("again", number, 5)
    run = Watched(tmp_path).read()
    assert run.newest == {"loss": NewestValue(8, 1.0), "again": NewestValue(5, 1.0)}
    assert run.metrics["loss"].newest.count == 1


def test_a_folder_that_is_used_again_shows_the_new_training(tmp_path):
    write(tmp_path, *curve("reward", range(100)), second=1)
    watched = Watched(tmp_path)
    watched.read()
    write(tmp_path, *curve("reward", range(5), time=9000.0, value=-1.0), second=2)
    assert list(watched.points()) == [0, 1, 2, 3, 4]
    assert list(watched.replaced()) == list(range(100))


def test_two_files_that_are_written_at_once_are_told_apart_and_nothing_flips(tmp_path):
    write(tmp_path, *curve("reward", range(5), time=1000.0, value=10.0), second=1)
    watched = Watched(tmp_path)
    watched.read()
    newest = []
    for step in range(3, 30):
        write(tmp_path, scalar("reward", step - 3, 20.0, 1000.5 + step), second=2)
        newest.append(watched.read().newest["reward"])
        write(tmp_path, scalar("reward", step + 2, 10.0, 1002.6 + step), second=1)
        newest.append(watched.read().newest["reward"])
    assert newest == [NewestValue(step, 20.0) for step in range(27) for _ in range(2)]
    assert watched.points() == dict.fromkeys(range(27), 20)
    assert watched.replaced() == dict.fromkeys(range(32), 10)
    name = "events.out.tfevents.000000000{}.host.1.0".format
    told = f"two files log the same metrics at once, the newer one in front: {name(1)}, {name(2)}"
    assert watched.run.problems == (told,)
    again = Watched(tmp_path)  # read whole, they look as they did while they grew
    assert (again.points(), again.replaced(), again.run.problems) == (
        watched.points(),
        watched.replaced(),
        watched.run.problems,
    )


def test_of_three_files_that_are_written_at_once_the_newer_two_are_shown(tmp_path):
    watched = Watched(tmp_path)
    for step in range(20):
        for second in (1, 2, 3):
            write(tmp_path, scalar("reward", step, 10.0 * second, 1000.0 + step + second / 10), second=second)
        watched.read()
    assert watched.points() == dict.fromkeys(range(20), 30)
    assert watched.replaced() == dict.fromkeys(range(20), 20)
    assert watched.run.metrics["reward"].replaced.count == 20
    assert len(watched.run.problems) == 1


def test_files_of_one_second_are_sorted_by_number(tmp_path):
    for number in (2, 10, 9):
        path = write(tmp_path, *curve("reward", range(3), time=1000.0 + number, value=float(number)))
        path.rename(path.with_name(f"events.out.tfevents.0000000001.host.7.{number}"))
    watched = Watched(tmp_path)
    assert watched.points() == dict.fromkeys(range(3), 10)
    assert watched.read().problems == ()


def test_a_run_that_is_deleted_and_written_again_leaves_nothing_behind(tmp_path):
    run = tmp_path / "run"
    path = write(run, *curve("reward", range(100)), *curve("old", range(5)))
    write(run, *curve("reward", range(100, 110)), second=2)
    with open(path, "ab") as end:
        end.write(b"\xff" * 40)
    write(run, *curve("reward", range(200, 201)))
    watched = Watched(run)
    before = watched.read().source.curve("reward", "")
    assert watched.run.problems
    shutil.rmtree(run)
    write(run, *curve("reward", range(3), value=-1.0), second=3)
    assert watched.points() == {0: -1, 1: -1, 2: -1}
    assert (watched.run.names, watched.run.problems, watched.replaced()) == (["reward"], (), {})
    assert before.series.ys.tolist() == [-1, -1, -1]  # the charts have this curve


def test_a_file_of_the_same_name_with_other_content_is_read_anew(tmp_path):
    write(tmp_path, *curve("reward", range(5)), *curve("old", range(5)))
    watched = Watched(tmp_path)
    watched.read()
    (path,) = tmp_path.iterdir()
    path.unlink()
    write(tmp_path, *curve("reward", range(50), value=-1.0))  # longer than it was
    assert watched.points() == dict.fromkeys(range(50), -1)
    assert watched.run.names == ["reward"]


def test_a_copy_that_has_grown_is_read_on(tmp_path):
    path = write(tmp_path, *curve("reward", range(5)))
    watched = Watched(tmp_path)
    watched.read()
    copy = path.with_name("copy")
    shutil.copy(path, copy)  # as rsync does: another file under the same name
    copy.replace(path)
    write(tmp_path, *curve("reward", range(5, 7)))
    assert list(watched.points()) == list(range(7))
    assert watched.replaced() == {}


def test_a_file_that_appears_and_one_that_grows_are_read(tmp_path):
    write(tmp_path, *curve("reward", range(2)), second=1)
    watched = Watched(tmp_path)
    assert list(watched.points()) == [0, 1]
    write(tmp_path, *curve("reward", range(2, 4)), second=1)
    write(tmp_path, *curve("loss", range(4)), second=2)
    assert list(watched.points()) == [0, 1, 2, 3]
    assert list(watched.points("loss")) == [0, 1, 2, 3]


def test_progress_and_damage_are_told(tmp_path):
    path = write(tmp_path, *curve("reward", range(100)))
    with open(path, "ab") as end:
        end.write(b"\xff" * 64)
    write(tmp_path, *curve("reward", range(100, 101)))
    (tmp_path / "events.out.tfevents.0000000002.folder").mkdir()
    run = Watched(tmp_path).read()
    assert run.bytes_read == run.size == path.stat().st_size
    assert f"{path.name} is damaged: 64 bytes skipped" in run.problems


def test_an_end_that_is_no_whole_record_is_read_all_the_same(tmp_path):
    path = write(tmp_path, *curve("reward", range(100)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])  # of a writer that was killed, or is about to go on
    watched = Watched(tmp_path)
    run = watched.read()
    assert (run.bytes_read, run.problems) == (run.size, ())
    path.write_bytes(whole)
    assert watched.read().history.series["reward"].count == 100


@pytest.mark.parametrize(("content", "told"), [("noise", "is not an event file"), ("zeros", "the last 64 bytes of")])
def test_what_is_no_record_at_the_end_is_told(tmp_path, content, told):
    path = tmp_path / "events.out.tfevents.1.a"
    if content == "zeros":  # as after a power failure
        path = write(tmp_path, *curve("reward", range(10)))
        path.write_bytes(path.read_bytes() + bytes(64))
    else:
        path.write_bytes(b"\xfe" * 64)
    run = Watched(tmp_path).read()
    assert len(run.problems) == 1
    assert told in run.problems[0]
    assert run.bytes_read == run.size


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path):
    write(tmp_path, *curve("reward", range(2)), second=1)
    gone = write(tmp_path, *curve("reward", range(2, 4)), second=2)
    reader, run = RunReader(only(tmp_path)), WatchedRun("run")
    gone.unlink()
    while portion := reader.read_next():
        run.take(portion)
    assert run.problems == (f"can't read {gone.name}: No such file or directory",)
    assert run.history.series["reward"].count == 2


def test_each_of_many_files_is_looked_at_once_and_only_the_newest_again(tmp_path, monkeypatch):
    for second in range(300):
        write(tmp_path, *curve("reward", range(second, second + 1)), second=second + 1)
    (run,) = look_into(tmp_path).runs
    looks = []
    stat = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **options: looks.append(path) or stat(path, **options))
    reader, watched = RunReader(run), WatchedRun("run")
    while portion := reader.read_next(2000):
        watched.take(portion)
    assert watched.history.series["reward"].count == 300
    assert len(looks) < 2 * 300
    looks.clear()
    assert reader.read_next() is None
    assert len(looks) < 20


def test_a_million_values_arrive_whole_and_in_bounded_memory(tmp_path):
    names = [f"Episode_Reward/term_{i}" for i in range(100)]
    write(tmp_path, *(scalar(name, step, step + 0.5, 1e9 + step) for step in range(500) for name in names))
    run = Watched(tmp_path).read()
    assert {run.history.series[name].count for name in names} == {500}
    assert run.history.series[names[7]].ys[499] == 499.5


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


# --- in a thread ---


class Seen:
    def __init__(self, folder):
        self.found, self.runs, self.problems = [], {}, []
        self.watcher = Watcher(folder, self.found.append, self._take, self.problems.append)

    def _take(self, portion):
        self.runs.setdefault(portion.run, WatchedRun(portion.run)).take(portion)

    def count(self, name):
        return self.runs[name].history.series["reward"].count if name in self.runs else 0


@pytest.fixture
def seen(tmp_path):
    seen = Seen(tmp_path / "logs")
    yield seen
    seen.watcher.close()


def test_a_folder_that_appears_later_is_found_and_read_as_it_grows(tmp_path, seen):
    wait_for(lambda: seen.found, "a first look")
    assert seen.found[0].runs == ()
    write(tmp_path / "logs" / "walk", *curve("reward", range(5)))
    wait_for(lambda: seen.found[-1].runs, "the run")
    assert seen.runs == {}
    seen.watcher.choose(["walk"])
    wait_for(lambda: seen.count("walk") == 5, "its points")
    write(tmp_path / "logs" / "walk", *curve("reward", range(5, 9)))
    wait_for(lambda: seen.count("walk") == 9, "new points")
    write(tmp_path / "logs" / "run", *curve("reward", range(3)))
    wait_for(lambda: len(seen.found[-1].runs) == 2, "another run")
    assert "run" not in seen.runs
    seen.watcher.choose(["walk", "run"])
    wait_for(lambda: seen.count("run") == 3, "its points")
    assert np.isfinite(seen.runs["run"].newest_time)


def test_a_missing_package_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.compat.proto.event_pb2", None)
    write(tmp_path / "logs", *curve("reward", range(5)))
    seen = Seen(tmp_path / "logs")
    wait_for(lambda: seen.found and seen.found[-1].runs, "the run")
    seen.watcher.choose(["logs"])
    wait_for(lambda: seen.problems, "the problem")
    assert seen.problems == [f"the package tensorboard is missing; uv pip install -p {sys.executable} tensorboard"]
