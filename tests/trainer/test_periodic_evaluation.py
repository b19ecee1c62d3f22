"""Evaluations beside a training: one at a time, whatever their process does, and which checkpoint is the best."""

from __future__ import annotations

import json
import os
import threading
from types import SimpleNamespace

import msgspec
import pytest

from presets.evaluation import PeriodicEvaluation
from presets.rollouts import PeriodicRollout
from tests.waiting import wait_for
from trainer_proc.contract.best_checkpoint import BestCheckpoint, read_best
from trainer_proc.contract.evaluation import Cell, Evaluation, Measure
from trainer_proc.contract.products import EvaluationFailed, EvaluationFinished, EvaluationStarted, RolloutFailed
from trainer_proc.contract.rollout_request import Recorded
from trainer_proc.training.periodic_evaluation import PeriodicEvaluations, conditions_of, is_better, means_of
from trainer_proc.training.periodic_rollout import PeriodicRollouts


def evaluation(**fields):
    made = Evaluation(
        suite="quick",
        run="run",
        checkpoint="model_4.pt",
        sha256="",
        iteration=4,
        task="task",
        backend="mjlab",
        device="cpu",
        seed=0,
        num_envs=2,
        episode_seconds=1.0,
        measures=(Measure("success"), Measure("score"), Measure("recovery_time", "s")),
        cells=(
            Cell(episodes=2, values={"success": (1.0, 0.0), "score": (0.5, 0.25), "recovery_time": (None, None)}),
            Cell(episodes=1, values={"success": (1.0,), "score": (0.75,), "recovery_time": (None,)}),
        ),
    )
    return msgspec.structs.replace(made, **fields)


class Beside:
    """Evaluations of a training in `folder`, by a program that a shell script plays."""

    def __init__(self, folder, tmp_path, script):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        self.folder = folder
        self.emitted = []
        asked = PeriodicEvaluation(every=4, episodes=3, device="cuda:1")
        self.evaluations = PeriodicEvaluations(folder, asked, "cpu", self.emitted.append, python=(str(program),))

    def save(self, iteration):
        self.folder.checkpoint(iteration).write_bytes(b"%d" % iteration)

    def start(self, iteration):
        self.evaluations.start(iteration, self.save)

    def evaluate(self, iteration):
        """Evaluate an iteration to its end; return what is published."""
        self.start(iteration)
        return self.ended()

    def ended(self):
        wait_for(lambda: not self.evaluations.is_running(), "the end of the evaluation")
        return [arrived.body for arrived in self.evaluations.take()]


@pytest.fixture
def beside(folder, tmp_path):
    def make(script):
        made.append(Beside(folder, tmp_path, script))
        return made[-1]

    made = []
    yield make
    for one in made:
        one.evaluations.cancel()


def answering(*answers):
    """Return a script that prints these answers, and keeps its request and its priority."""
    lines = "\n".join(msgspec.json.encode(answer).decode() for answer in answers)
    return f"head -n 1 > request.json; nice > priority; cat <<'END'\n{lines}\nEND"


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_result_becomes_metrics_of_its_iteration_at_the_next_boundary(beside, working_folder):
    training = beside(answering(evaluation()))
    assert [iteration for iteration in range(13) if training.evaluations.is_due(iteration)] == [4, 8, 12]
    (finished,) = training.evaluate(4)
    started, published = training.emitted
    assert isinstance(started, EvaluationStarted)
    assert (started.iteration, started.suite, started.device) == (4, "quick", "cuda:1")
    means = {"Evaluation/success": pytest.approx(2 / 3), "Evaluation/score": 0.5, "Evaluation/best": 0.5}
    assert published is finished
    assert (finished.iteration, finished.values, finished.episodes) == (4, means, 3)
    assert (finished.folder, finished.is_best) == ("evaluations/model_4", True)
    request = json.loads((working_folder / "request.json").read_text())
    assert request["checkpoint"] == str(training.folder.checkpoint(4))
    assert (request["run"], request["episodes"], request["device"]) == (str(training.folder.path), 3, "cuda:1")
    assert (working_folder / "priority").read_text().strip() == "19"


def test_the_last_policy_is_evaluated_once_unless_the_training_was_a_short_trial(beside):
    training = beside(answering(evaluation()))
    last = [iteration for iteration in range(6) if training.evaluations.is_due_at_end(iteration)]
    assert last == [3, 4, 5]  # the fourth iteration has number 3
    training.evaluate(4)
    assert not training.evaluations.is_due_at_end(4)
    assert training.evaluations.is_due_at_end(5)


def test_no_evaluation_is_a_rank_of_the_training(beside, working_folder, monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "TORCHELASTIC_RUN_ID"):
        monkeypatch.setenv(name, "1")
    beside("env > environment").evaluate(4)
    names = {line.partition("=")[0] for line in (working_folder / "environment").read_text().splitlines()}
    assert not {"RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "TORCHELASTIC_RUN_ID"} & names


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("", "the evaluation ended with code 0 and no answer; see "),
        ("echo nonsense; exit 3", "the evaluation ended with code 3 and no answer; see "),
        ("kill -9 $$", "the evaluation ended with code -9 and no answer; see "),
        ("""echo '{"type": "Refusal", "error": "no memory"}'""", "no memory"),
        ("""echo '{"type": "Progress", "done": 1, "total": 2}'""", "the evaluation ended with code 0 and no answer"),
    ],
)
def test_a_failure_is_reported_once_and_the_next_one_may_succeed(beside, script, reason):
    training = beside(script)
    (failed,) = training.evaluate(4)
    assert isinstance(failed, EvaluationFailed)
    assert failed.iteration == 4
    assert failed.reason.startswith(reason)
    assert len(failed.reason.splitlines()) == 1
    assert training.evaluate(8) == []
    assert training.evaluations.is_due(12)
    assert read_best(training.folder) is None


def test_a_request_that_can_not_be_carried_out_is_not_repeated(beside):
    training = beside("""echo '{"type": "Refusal", "error": "no such suite here", "exit_code": 2}'""")
    assert training.evaluate(4) == [EvaluationFailed(4, "no such suite here; no further evaluations")]
    assert not training.evaluations.is_due(8)
    assert training.evaluate(8) == []


def test_a_program_that_is_not_there_is_a_failure_too(beside, working_folder):
    training = beside("")
    (working_folder / "program").unlink()
    (failed,) = training.evaluate(4)
    assert failed.reason.startswith("the evaluation can't be started: ")


def test_a_checkpoint_that_can_not_be_saved_is_not_evaluated(beside):
    training = beside(answering(evaluation()))
    training.save = lambda iteration: None
    assert training.evaluate(4) == []
    assert training.emitted == []


def test_there_is_one_evaluation_at_a_time_and_a_skipped_one_is_reported_once(beside):
    training = beside("read request; cat > /dev/null")  # until its input ends
    training.start(4)
    for iteration in (8, 12):
        training.start(iteration)
    (skipped,) = training.evaluations.take()
    assert skipped.body == EvaluationFailed(8, "skipped: that of iteration 4 still runs")
    assert not training.folder.checkpoint(8).exists()


@pytest.mark.parametrize("trap", ["", "trap '' TERM;"], ids=["obedient", "stubborn"])
def test_a_stop_cancels_and_leaves_no_process(beside, working_folder, trap, monkeypatch):
    monkeypatch.setattr("trainer_proc.contract.worker_process._ANSWER_SECONDS", 0.2)
    training = beside(f"{trap} echo $$ > pid; while true; do read -r line || sleep 0.05; done")
    training.start(4)
    pid = int(wait_for(lambda: (working_folder / "pid").exists() and (working_folder / "pid").read_text(), "its start"))
    training.evaluations.cancel()
    assert training.ended() == [EvaluationFailed(4, "cancelled: the training ends")]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert training.evaluate(8) == []


def test_a_full_disk_is_reported(beside, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer_proc.training.periodic_evaluation.keep_best", full)
    (failed,) = beside(answering(evaluation())).evaluate(4)
    assert failed == EvaluationFailed(4, "OSError: [Errno 28] No space left on device")


# --- The best one ----------------------------------------------------------------------------------------


def scored(value, **fields):
    return evaluation(measures=(Measure("score"),), cells=(Cell(episodes=1, values={"score": (value,)}),), **fields)


def test_the_best_is_replaced_by_one_that_reached_as_much_or_was_asked_something_else(beside, working_folder):
    faster = {"command/twist/lin_vel_x": (0.0, 1.0)}
    reached = [(4, 0.5, {}, True), (8, 0.4, {}, False), (12, 0.5, {}, True), (16, 0.1, faster, True)]
    for iteration, score, knobs, is_best in reached:
        training = beside(answering(scored(score, knobs=knobs)))
        (finished,) = training.evaluate(iteration)
        assert isinstance(finished, EvaluationFinished)
        assert finished.is_best == is_best, iteration
    best = read_best(training.folder)
    assert (best.iteration, best.measure, best.value) == (16, "score", 0.1)
    assert best.conditions == "command/twist/lin_vel_x=0:1"


def test_a_suite_without_score_or_success_has_no_best(beside):
    only = evaluation(measures=(Measure("slip", "m/s"),), cells=(Cell(episodes=1, values={"slip": (0.5,)}),))
    training = beside(answering(only))
    (finished,) = training.evaluate(4)
    assert finished.values == {"Evaluation/slip": 0.5}
    assert not finished.is_best
    assert read_best(training.folder) is None


def test_means_leave_out_episodes_without_a_value():
    cells = (
        Cell(episodes=2, values={"recovery_time": (None, 2.0)}),
        Cell(episodes=1, values={"recovery_time": (4.0,)}),
    )
    assert means_of(evaluation(cells=cells)) == {"recovery_time": 3.0}


def test_what_trains_the_policy_is_no_condition_of_its_evaluation():
    knobs = {"reward/pose/weight": 2.0, "ppo/desired_kl": 0.1, "guard/kl/mode": "act", "curriculum/v/level": 2.0}
    assert conditions_of(evaluation(knobs=knobs | {"event/push/x": (-1.0, 1.0)})) == "event/push/x=-1:1"


@pytest.mark.parametrize(
    ("change", "is_replaced"),
    [({}, True), ({"value": 0.49}, False), ({"value": 0.0, "conditions": "x"}, True), ({"suite": "pushes"}, True)],
)
def test_only_comparable_evaluations_compete(change, is_replaced):
    old = BestCheckpoint(iteration=4, suite="quick", measure="score", value=0.5)
    assert is_better(msgspec.structs.replace(old, **({"iteration": 8} | change)), old) == is_replaced


def test_nothing_runs_before_the_first(folder):
    evaluations = PeriodicEvaluations(folder, PeriodicEvaluation(every=4), "cpu", SimpleNamespace)
    evaluations.cancel()
    assert evaluations.take() == []


# --- Beside other work ---------------------------------------------------------------------------------------


def test_a_rollout_waits_until_the_evaluation_has_ended(folder, tmp_path, working_folder):
    recorded = Recorded(
        path=str(folder.rollouts / "model_4.rollout"), iteration=4, seconds=2.0, states=50, size=9, falls=1
    )
    scripts = {"evaluate": "echo $$ > pid; read request; cat > /dev/null", "record": answering(recorded)}
    for name, script in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    emitted, turn = [], threading.Lock()
    asked = PeriodicRollout(every=4, seconds=2.0, command=(0.5, 0.0, 0.0))
    evaluations = PeriodicEvaluations(
        folder, PeriodicEvaluation(every=4), "cpu", emitted.append, (str(tmp_path / "evaluate"),), turn
    )
    rollouts = PeriodicRollouts(folder, asked, emitted.append, (str(tmp_path / "record"),), turn)
    assert rollouts.is_due(4)
    for work in (evaluations, rollouts):
        work.start(4, lambda iteration: folder.checkpoint(iteration).write_bytes(b"4"))
        wait_for((working_folder / "pid").exists, "the start of the evaluation")
    assert rollouts.is_running()
    assert not (working_folder / "request.json").exists()
    evaluations.cancel()
    rollouts.join()
    (arrived,) = rollouts.take()
    assert (arrived.body.iteration, arrived.body.path, arrived.body.falls) == (4, "rollouts/model_4.rollout", 1)
    request = json.loads((working_folder / "request.json").read_text())
    assert (request["policy"], request["device"]) == (str(folder.checkpoint(4)), "cpu")
    assert (request["seconds"], request["command"], request["seed"]) == (2.0, [0.5, 0.0, 0.0], 0)


@pytest.mark.parametrize(("device", "expected"), [("cpu", ""), ("cuda:0", "0,1")])
def test_work_on_the_cpu_sees_no_gpu(folder, tmp_path, working_folder, monkeypatch, device, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    (tmp_path / "program").write_text('#!/bin/sh\nread request; echo "$CUDA_VISIBLE_DEVICES" > gpus\n')
    (tmp_path / "program").chmod(0o755)
    program = str(tmp_path / "program")
    work = PeriodicEvaluations(folder, PeriodicEvaluation(every=4), device, lambda body: None, (program,))
    work.start(4, lambda iteration: folder.checkpoint(iteration).write_bytes(b"4"))
    work.join()
    assert (working_folder / "gpus").read_text().strip() == expected


def test_rollouts_that_can_t_be_recorded_are_reported_once(beside, folder, tmp_path):
    program = beside("""echo '{"type": "Refusal", "error": "no robot", "exit_code": 2}'""")
    rollouts = PeriodicRollouts(folder, PeriodicRollout(every=4), program.emitted.append, (str(tmp_path / "program"),))
    rollouts.start(4, program.save)
    rollouts.join()
    assert [arrived.body for arrived in rollouts.take()] == [RolloutFailed(4, "no robot; no further rollouts")]
    assert not rollouts.is_due(8)
