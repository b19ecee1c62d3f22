"""The commands that start trainings, with a stand-in for the trainer's process."""

from __future__ import annotations

import io
import shutil

import pytest
from msgspec.structs import replace

from tests.tui.conftest import NEW, RUN, STARTED
from tests.waiting import wait_for
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.best_checkpoint import BestCheckpoint, keep_best
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalReader, JournalWriter
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.requests import Reload
from trainer_proc.contract.trainer_lock import TrainerLock
from tui.cli import run
from tui.session.launching.continue_offer import offer_for

pytestmark = pytest.mark.usefixtures("empty_working_directory")


class Terminal(io.StringIO):
    """Standard input of a user who has typed."""

    def isatty(self):
        return True


@pytest.fixture
def ended(make_run):
    """Make a run that has ended after an iteration, with a checkpoint of another."""

    def make(last=60, checkpoint=50, begin=()):
        folder = make_run(RUN, STARTED, *begin, MetricSet(0, ()), IterationFinished(last, 0, b"", 96, 1.0))
        folder.checkpoint(checkpoint).write_bytes(WHOLE_CHECKPOINT)
        return folder

    return make


def test_a_launch_passes_everything_on(prints, started, ended):
    checkpoint = ended().checkpoint(50)
    prints(
        "launch", "cartpole", "--device", "cpu", "--processes", "2", "--checkpoint", RUN, "--name", "again",
        "--set", "reward/upright/weight=2", "--set", "event/push/x=-1:1", "--set", "ppo/schedule=fixed",
        "--bound", "reward/*/weight=0:5", "--bound", "ppo/desired_kl=-inf:0.1",
    )  # fmt: skip
    (spec,) = started
    assert spec.set == {"reward/upright/weight": 2.0, "event/push/x": (-1.0, 1.0), "ppo/schedule": "fixed"}
    assert spec.bounds == {"reward/*/weight": (0.0, 5.0), "ppo/desired_kl": (float("-inf"), 0.1)}
    assert (spec.checkpoint, spec.processes, spec.name) == (str(checkpoint), 2, "again")


@pytest.mark.parametrize("value", ["(0.5, 1.0)", "[0.5,1]", "0.5:1"])
def test_a_range_may_be_written_as_in_python(prints, started, value):
    prints(
        "launch", "cartpole", "--device", "cpu", "--set", f"event/push/x={value}", "--bound", f"event/push/x={value}"
    )
    assert started[0].set == started[0].bounds == {"event/push/x": (0.5, 1.0)}


@pytest.mark.parametrize("value", ["None", "(0.5", "0.5:", "[1, 2, 3]", "{x: 1}", "1:2:3", "'a'"])
def test_what_no_knob_can_be_is_refused_before_anything_starts(fails, started, value):
    assert fails(2, "launch", "cartpole", "--device", "cpu", "--set", f"event/push/x={value}") == (
        f"event/push/x: expected a number, LOW:HIGH or (LOW, HIGH), on, off or a word, got {value}"
    )
    assert started == []


def test_a_checkpoint_is_a_file_or_a_run_s_newest(prints, fails, started, ended, tmp_path):
    folder = ended()
    folder.checkpoint(9).write_bytes(WHOLE_CHECKPOINT)
    prints("launch", "cartpole", "--checkpoint", f"logs/cartpole/{RUN}/model_9.pt", "--device", "cpu")
    assert started[0].checkpoint == str(folder.checkpoint(9))
    line = fails(1, "launch", "cartpole", "--checkpoint", "model_7.pt", "--json")
    assert line.startswith("expected a checkpoint file or a run, got model_7.pt: no such run: model_7.pt")


def test_a_training_that_ended_goes_on_in_a_new_folder(prints, started, ended):
    folder = ended()
    spec = folder.read_spec()
    said = prints("resume", f"logs/cartpole/{RUN}", "--logs", "elsewhere")
    (continued,) = started
    assert said.splitlines()[0] == str(folder.path.parent / NEW)
    assert said.endswith(f"{NEW} is training; open it with humanoid-tui attach {NEW}\n")
    assert continued.checkpoint == str(folder.checkpoint(50))
    assert continued.iterations == 49  # 51 to 99
    assert (continued.preset, continued.seed, continued.name) == (spec.preset, spec.seed, spec.name)


def test_a_resumed_training_is_resumed_up_to_the_same_iteration(prints, started, ended):
    ended(last=120, checkpoint=120, begin=(CheckpointLoaded(80, "model_79.pt"),))
    prints("resume", RUN)
    assert started[0].iterations == 59  # 121 to 179


def test_a_training_with_nothing_left_asks_for_more(prints, fails, started, ended):
    ended(last=99, checkpoint=99)
    assert fails(1, "resume", RUN) == f"{RUN} has finished all its 100 iterations; add --iterations N"
    prints("resume", RUN, "--iterations", "20")
    assert started[0].iterations == 20


def test_a_training_whose_gpu_is_not_here_names_the_way_to_another_device(prints, fails, started, ended):
    folder = ended()
    folder.write_spec(replace(folder.read_spec(), device="cuda:77"))
    known = "no such device: cuda:77; there are cpu"
    assert fails(2, "resume", RUN).startswith(known)
    assert fails(2, "resume", RUN).endswith(f"; choose another with humanoid-tui fork {RUN} --device NAME")
    assert fails(2, "fork", RUN).endswith("; choose one with --device")
    prints("fork", RUN, "--device", "cpu")
    assert started[0].device == "cpu"


def test_a_training_that_was_never_saved_can_not_be_resumed(fails, started, make_run):
    make_run(RUN, STARTED)
    assert fails(1, "resume", RUN, "--json") == f"{RUN} has no checkpoint yet"


def test_a_training_continues_from_its_newest_whole_checkpoint_and_says_so(started, ended, capsys):
    folder = ended()
    folder.checkpoint(55).write_bytes(b"")
    assert run(["resume", RUN]) == 0
    assert started[0].checkpoint == str(folder.checkpoint(50))
    assert capsys.readouterr().err == "humanoid-tui: model_55.pt is empty: model_50.pt is used\n"


def test_a_training_that_is_continued_already_is_not_continued_again_without_a_word(
    started, ended, make_run, capsys, monkeypatch
):
    folder = ended()
    other = make_run("2026-03-01_13-00-00", STARTED)
    other.write_spec(replace(other.read_spec(), parent=str(folder.path)))
    known = f"{RUN} is continued already by {other.name}"
    lock = TrainerLock(other)
    try:
        assert known in offer_for(folder).lines()
        for answer, code, count in (("n", 130, 0), ("y", 0, 1)):
            monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
            assert run(["resume", RUN]) == code
            assert f"{known}. Start another training? [y/N]" in capsys.readouterr().err
            assert len(started) == count
        shutil.rmtree(folder.path.with_name(NEW))
        monkeypatch.setattr("sys.stdin", io.StringIO())
        assert run(["resume", RUN]) == 0
        assert capsys.readouterr().err == f"humanoid-tui: {known}: another training starts\n"
    finally:
        lock.release()
    shutil.rmtree(folder.path.with_name(NEW))
    assert run(["resume", RUN]) == 0
    assert capsys.readouterr().err == ""  # the other one has ended


@pytest.mark.parametrize(
    "begin",
    [
        (),
        (CheckpointLoaded(41, "model_40.pt"),),
        (CheckpointLoaded(81, "model_80.pt"), replace(STARTED, pid=STARTED.pid + 1, iterations=60)),
    ],
    ids=["died while it loaded", "died later", "started again by itself"],
)
def test_a_training_without_a_checkpoint_continues_from_the_one_that_it_began_with(prints, started, ended, begin):
    folder = ended(begin=begin)
    folder.checkpoint(50).rename(began_with := folder.path.parent / "model_40.pt")
    folder.write_spec(replace(folder.read_spec(), checkpoint=str(began_with)))
    prints("resume", RUN)
    assert (started[0].checkpoint, started[0].iterations) == (str(began_with), 100)  # 41 to 140


@pytest.mark.parametrize(("saved", "other_task", "iterations"), [((), True, 100), ((50,), False, 49)])
def test_a_training_that_began_with_another_task_s_weights_continues(
    prints, started, ended, saved, other_task, iterations
):
    folder = ended(begin=(CheckpointLoaded(0, "/walk/model_450.pt", "copied 7 of 8 observation terms of the actor"),))
    folder.checkpoint(50).rename(began_with := folder.path.parent / "model_450.pt")
    for iteration in saved:
        shutil.copy(began_with, folder.checkpoint(iteration))
    folder.write_spec(replace(folder.read_spec(), checkpoint=str(began_with), other_task=True))
    prints("resume", RUN)
    assert (started[0].other_task, started[0].iterations) == (other_task, iterations)


@pytest.mark.parametrize("command", ["resume", "fork"])
@pytest.mark.parametrize(("backend", "script"), [("mjlab", "train_g1.py"), ("my_package", "")], ids=["new", "old"])
def test_a_run_of_a_script_of_one_s_own_says_what_to_do(fails, started, ended, command, backend, script):
    folder = ended()
    folder.write_spec(replace(folder.read_spec(), preset="train_g1", backend=backend, script=script))
    assert fails(1, command, RUN) == (
        f"{RUN} was trained by train_g1.py, which builds its environment and runner itself; "
        f"run train_g1.py again with runner.load('{folder.checkpoint(50)}') behind steer(runner)"
    )
    assert started == []


@pytest.mark.parametrize("logs", ["logs", "logs/cartpole", f"logs/cartpole/{RUN}"])
def test_a_run_is_continued_beside_it_whichever_folder_is_given(prints, started, ended, logs):
    folder = ended()
    (listed,) = prints("runs", "--logs", logs, "--json")
    assert listed["run"] == str(folder.path)
    said = prints("resume", RUN, "--logs", logs)
    assert said.splitlines()[0] == str(folder.path.parent / NEW)


def test_a_training_that_lives_is_not_started_twice(prints, fails, started, folder, link):
    link.emit(STARTED)
    assert prints("resume", folder.name) == f"{folder.name} continues\n"
    assert "is still training" in fails(2, "resume", folder.name, "--iterations", "5")
    assert started == []


def test_a_policy_that_is_not_finite_is_reloaded_instead_of_resumed(prints, fails, link, folder):
    reason = "guard not_finite: Loss/value is nan"
    paused = PhaseChanged("paused", reason, is_resumable=False, good_checkpoint="model_50.pt")
    for body in (IterationFinished(60, 0, b"", 96, 1.0), paused):
        link.emit(body)
    wait_for(lambda: len(JournalReader(folder.journal).read_new()) >= 2, "the pause")
    assert fails(1, "resume", folder.name) == "the policy is not finite: reload model_50.pt, or stop"
    assert prints("resume", folder.name, "--reload", "--json")["accepted"] == "reload"
    wait_for(lambda: any(isinstance(order, Reload) for order in link.receive()), "the order")


def test_an_ended_run_is_not_reloaded_live(fails, ended):
    ended()
    assert "has ended: resume continues from its newest checkpoint" in fails(2, "resume", RUN, "--reload")


# --- evaluations and the best checkpoint ---

EVALUATED = 'every = 200\nsuite = "pushes"'


@pytest.fixture
def starts(prints, started, tmp_path):
    """Start a training; return what its trainer was told. The new run's folder is removed, so that more can start."""

    def start(*arguments):
        prints(*arguments)
        for new in tmp_path.rglob(NEW):
            shutil.rmtree(new)
        return started[-1]

    return start


@pytest.fixture
def evaluated(tmp_path):
    """A preset file with evaluations, a goal and rules for checkpoints."""
    path = tmp_path / "evaluated.toml"
    path.write_text(
        'title = "Mine"\ndescription = "Mine."\nbackend = "mjlab"\ntask = "Mjlab-Cartpole-Balance"\n'
        'experiment = "mine"\niterations = 9\nnum_envs = { cpu = 2, cuda = 3 }\n'
        f"[evaluation]\n{EVALUATED}\n[checkpoints]\nnewest = 3\n"
        '[goal]\nmetric = "Evaluation/success"\nat_least = 0.9\nfor = 2\n'
    )
    return str(path)


def test_a_preset_s_evaluations_may_be_given_another_interval_or_none(starts, fails, started, evaluated):
    cases = ((evaluated, ()), (evaluated, ("50",)), ("cartpole", ("7",)), ("cartpole", ("0",)))
    found = []
    for preset, every in cases:
        option = ("--evaluate-every", *every) if every else ()
        found.append(starts("launch", preset, "--device", "cpu", *option).evaluation)
    assert found == [{"every": 200, "suite": "pushes"}, {"every": 50, "suite": "pushes"}, {"every": 7}, {}]
    assert started[0].checkpoints == {"newest": 3}
    assert started[0].goal == {"metric": "Evaluation/success", "at_least": 0.9, "for": 2}
    assert fails(2, "launch", evaluated, "--device", "cpu", "--evaluate-every", "0") == (
        "goal.metric: Evaluation/success needs periodic evaluation: add [evaluation] or --evaluate-every"
    )


def test_policies_of_other_libraries_are_not_evaluated(fails, started):
    launch = ("launch", "isaac-cartpole", "--device", "cpu", "--library", "skrl", "--evaluate-every", "5")
    refused = "expected library rsl_rl for evaluations, got skrl: use --evaluate-every 0"
    assert fails(2, *launch) == refused
    assert started == []


def test_a_training_may_continue_from_its_best_checkpoint(starts, fails, started, ended):
    folder = ended(last=60, checkpoint=50)
    folder.checkpoint(30).write_bytes(WHOLE_CHECKPOINT)
    assert fails(1, "resume", RUN, "--checkpoint", "best") == (
        f"{RUN} has no best checkpoint: train with --evaluate-every N"
    )
    keep_best(folder, BestCheckpoint(iteration=30, suite="quick", measure="score", value=0.5))
    starts("resume", RUN, "--checkpoint", "best", "--evaluate-every", "10")
    starts("fork", RUN, "--at", "best")
    starts("resume", RUN, "--checkpoint", "latest")
    assert [spec.checkpoint for spec in started] == [str(folder.checkpoint(at)) for at in (30, 30, 50)]
    assert [spec.iterations for spec in started] == [69, 69, 49]
    assert started[0].evaluation == {"every": 10}


def test_fast_mode_is_kept_or_chosen_again_by_what_continues(starts, started, ended):
    folder = ended(last=60, checkpoint=50)
    folder.write_spec(replace(folder.read_spec(), fast={"mode": "off"}))
    for command in ("resume", "fork"):
        for option in ((), ("--fast",), ("--no-fast",)):
            starts(command, RUN, *option)
    assert [spec.fast for spec in started] == [{"mode": "off"}, {"mode": "auto"}, {"mode": "off"}] * 2


def test_a_goal_that_was_reached_does_not_end_the_next_training(starts, started, ended):
    folder = ended(last=60, checkpoint=50)
    goal = {"metric": "Train/success_rate", "at_least": 0.5}
    folder.write_spec(replace(folder.read_spec(), goal=goal))
    starts("resume", RUN)
    journal = JournalWriter(folder.journal)
    journal.append(encode(Frame(journal.next_number, 2e9, PhaseChanged("finished", "goal reached: it is high"))))
    journal.close()
    starts("resume", RUN)
    assert [spec.goal for spec in started] == [goal, {}]


LONG = "9" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ("launch", "cartpole", "--device", "cpu", "--override", f"env.episode_length_s={LONG}"),
        ("launch", "cartpole", "--device", "cpu", "--override", f"env.episode_length_s=0:{LONG}"),
        ("launch", "cartpole", "--device", f"cuda:{LONG}"),
        ("launch", "cartpole", "--device", "cpu", "--num-envs", LONG),
        ("launch", "cartpole", "--device", "cpu", "--override", "env.a=\udcff"),
        ("launch", "cartpole", "--device", "cpu", "--logs", "logs\udcff"),
        ("launch", "cartpole", "--device", "cpu", "--processes", "9" * 20),
        ("resume", RUN, "--checkpoint", LONG),
        ("evaluate", RUN, "--device", "cuda:1e999"),
        ("evaluate", RUN, "--device", f"cuda:{LONG}"),
        ("presets", "--validate", "long.toml"),
    ],
)
def test_long_numbers_and_bytes_that_are_no_text_are_refused_in_one_line(ended, capsys, tmp_path, arguments):
    ended()
    (tmp_path / "long.toml").write_text(f"iterations = {LONG}")
    assert run([*arguments]) in (1, 2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "Error: " not in lines[0]


def test_a_run_with_a_long_number_is_a_row_that_says_so(make_run, prints):
    make_run(RUN, STARTED).spec_file.write_text(f"iterations = {LONG}")
    (row,) = prints("runs", "--json")
    assert "can't be read" in row["problem"]
