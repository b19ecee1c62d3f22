"""A real small training that evaluates its policy, keeps the best checkpoint and deletes old ones."""

from __future__ import annotations

import psutil
import pytest

from tests.program import bodies_of, launched, program, stop
from tests.waiting import TRAINING_SECONDS, wait_for
from trainer_proc.contract.best_checkpoint import best_checkpoint, best_file, read_best
from trainer_proc.contract.evaluation import read_result, result_file
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.products import (
    CheckpointsDeleted,
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
    RolloutRecorded,
)
from trainer_proc.contract.rollout import read_rollout
from tui.session.metrics.history import MetricHistory
from tui.session.runs.run_index import read_state

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

PRESET = """
title = "Evaluated"
description = "A cartpole that is evaluated."
backend = "mjlab"
task = "Mjlab-Cartpole-Balance"
experiment = "evaluated"
iterations = 5
num_envs = { cpu = 4, cuda = 4 }

[evaluation]
every = 2
episodes = 2

[rollouts]
every = 100
seconds = 0.2

[checkpoints]
newest = 1

[goal]
metric = "Evaluation/success"
at_least = 2.0 # never

[overrides]
"env.episode_length_s" = 0.4
"agent.num_steps_per_env" = 4
"agent.save_interval" = 1
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training that has ended, and its working folder."""
    work = tmp_path_factory.mktemp("evaluated")
    (work / "evaluated.toml").write_text(PRESET)
    return work, launched(work, "launch", "evaluated.toml", "--device", "cpu", "--wait")


def of(folder, kind):
    return [body for body in bodies_of(folder) if isinstance(body, kind)]


def test_the_last_policy_is_evaluated_and_its_results_are_metrics_of_its_iteration(trained):
    _, folder = trained
    last = of(folder, EvaluationFinished)[-1]
    assert (last.iteration, last.suite, last.episodes, last.folder) == (4, "quick", 2, "evaluations/model_4")
    result = read_result(result_file(folder, "model_4.pt", "quick"))
    measured = {f"Evaluation/{measure.name}" for measure in result.measures}
    assert {"Evaluation/success", "Evaluation/best"} <= set(last.values) <= measured | {"Evaluation/best"}
    history = MetricHistory()
    history.apply(JournalReader(folder.journal).read_new())
    assert history.series["Evaluation/success"].last_iteration == 4
    state = read_state(folder)
    assert state.status(is_alive=False) == "finished"
    assert state.latest["Evaluation/success"] == last.values["Evaluation/success"]
    assert state.latest["Goal/iterations"] == 0


def test_a_rollout_of_the_last_policy_is_kept(trained):
    _, folder = trained
    (recorded,) = of(folder, RolloutRecorded)
    assert (recorded.iteration, recorded.path, recorded.falls) == (4, "rollouts/model_4.rollout", 0)
    rollout = read_rollout(folder.path / recorded.path)
    assert rollout.header.iteration == 4
    assert rollout.states[-1].time == pytest.approx(0.2)
    assert read_state(folder).rollouts == [recorded]


def test_the_evaluations_are_in_the_tensorboard_files_too(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _, folder = trained
    events = EventAccumulator(str(folder.path)).Reload()
    recorded = {event.step: event.value for event in events.Scalars("Evaluation/success")}
    published = {body.iteration: body.values["Evaluation/success"] for body in of(folder, EvaluationFinished)}
    assert recorded == pytest.approx(published)


def test_the_best_checkpoint_is_a_whole_one_with_its_iteration(trained):
    import torch

    _, folder = trained
    best = read_best(folder)
    assert best is not None
    assert best.iteration == [body.iteration for body in of(folder, EvaluationFinished) if body.is_best][-1]
    content = torch.load(best_file(folder), map_location="cpu", weights_only=True)
    assert content["iter"] == best.iteration
    assert {"actor_state_dict", "critic_state_dict", "optimizer_state_dict", "infos"} <= set(content)


def test_old_checkpoints_are_deleted_and_each_is_reported(trained):
    _, folder = trained
    deleted = {path for body in of(folder, CheckpointsDeleted) for path in body.paths}
    best = read_best(folder)
    kept = {path.name for path in folder.checkpoints()}
    assert best is not None
    assert kept == {f"model_{best.iteration}.pt", "model_4.pt"}
    assert deleted == {f"model_{iteration}.pt" for iteration in range(5)} - kept
    assert {saved.path for saved in read_state(folder).checkpoints} == kept


def test_a_training_from_the_best_checkpoint_that_is_stopped_while_it_is_evaluated_leaves_nothing_half(trained):
    work, first = trained
    best = best_checkpoint(first)
    folder = launched(
        work, "resume", first.name, "--checkpoint", "best", "--iterations", "100000", "--evaluate-every", "1"
    )
    assert folder.read_spec().checkpoint == str(best)
    wait_for(lambda: of(folder, EvaluationStarted), "an evaluation", TRAINING_SECONDS)
    state = stop(work, folder)
    assert state.status(is_alive=False) == "stopped"
    finished = {body.iteration for body in of(folder, EvaluationFinished)}
    assert {path.name for path in folder.evaluations.iterdir() if path.is_dir()} == {f"model_{at}" for at in finished}
    cancelled = {body.iteration for body in of(folder, EvaluationFailed) if body.reason.startswith("cancelled")}
    assert cancelled == {body.iteration for body in of(folder, EvaluationStarted)} - finished
    assert not list(evaluating_in(work))


def evaluating_in(work):
    """Yield the evaluation processes that were started below a working folder."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if "trainer_proc.evaluation" in (process.info["cmdline"] or []) and process.info["cwd"] == str(work):
            yield process


def test_a_best_checkpoint_is_exported_by_its_name(trained):
    work, folder = trained
    program(work, "export", folder.name, "--checkpoint", "best")
    assert (folder.exported / "policy.onnx").is_file()
