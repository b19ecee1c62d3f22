"""Runs in a folder of logs, read in portions: several files, restarts, steps on one axis."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.tui.watched import Watched, only
from tests.waiting import wait_for
from tui.session.watch.log_folder import look_into
from tui.session.watch.run_parts import RunParts
from tui.session.watch.run_reader import RunReader
from tui.session.watch.watched_run import NewestValue, WatchedRun
from tui.session.watch.watcher import Watcher


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global curve, purge, scalar, write
    from tests.tui.event_files import curve, purge, scalar, write


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
