"""Users' own algorithms are measured as far as they can be, and the rest is left out with a reason."""

from __future__ import annotations

import math

import pytest

from tests.fake_training import ListLink
from tests.point_spec import SPEC
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.monitoring import LeftOut
from trainer_proc.contract.products import ExportFailed
from trainer_proc.contract.requests import Export
from trainer_proc.steering.boundary import Steering


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global export_policy, make_runner, make_steerable, own, read_policy_description, torch
    import torch

    from tests import own_algorithms as own
    from tests.tiny_training import make_runner
    from trainer_proc.contract.bundle.description import read_policy_description
    from trainer_proc.export.write import export_policy
    from trainer_proc.training.build import make_steerable


KL, BEFORE, CLIPPED = "Policy/kl", "Policy/kl_before_update", "Policy/clip_fraction"
ACTOR, CRITIC = "Policy/actor_gradient_norm", "Policy/critic_gradient_norm"
EXPLAINED = "Policy/explained_variance"


def steered(runner, folder, *batches):
    link = ListLink(*batches)
    jobs = make_steerable(runner, Steering(link), link, folder, SPEC)
    return link, jobs


def train(runner, folder, *batches, iterations=3):
    """Train `runner`, steered; return the metrics of its last iteration and what was left out."""
    link, jobs = steered(runner, folder, *batches)
    runner.learn(iterations)
    runner.logger.writer.close()
    jobs.end()
    names = {body.id: body.names for body in link.of(MetricSet)}
    finished = link.of(IterationFinished)
    assert len(finished) == iterations
    last = dict(zip(names[finished[-1].metric_set], unpack_values(finished[-1].values), strict=True))
    return last, {body.what: body.reason for body in link.of(LeftOut)}, link


def trained(folder, algorithm, **arguments):
    runner = make_runner(str(folder.path), class_name=algorithm, **arguments)
    return train(runner, folder)[:2]


def norm_of(network):
    return math.sqrt(sum(float(one.grad.double().square().sum()) for one in network.parameters()))


@pytest.mark.parametrize(("epochs", "batches"), [(5, 1), (3, 2)])
def test_one_clip_for_all_networks_is_told_apart(folder, epochs, batches):
    seen = []

    class Seen(own.OneClip):
        def before_clipping(self):
            seen.append((norm_of(self.actor), norm_of(self.critic)))

    metrics, left_out = trained(folder, Seen, num_learning_epochs=epochs, num_mini_batches=batches)
    assert not left_out
    last = seen[-epochs * batches :]
    assert metrics[ACTOR] == pytest.approx(sum(actor for actor, _ in last) / len(last), rel=1e-4)
    assert metrics[CRITIC] == pytest.approx(sum(critic for _, critic in last) / len(last), rel=1e-4)
    assert {KL, CLIPPED, EXPLAINED} <= metrics.keys()


def test_a_further_network_and_a_further_log_probability_are_not_the_policy_s(folder, make_run):
    metrics, left_out = trained(folder, own.ThreeClips, num_learning_epochs=1, num_mini_batches=1, learning_rate=0.0)
    assert not left_out
    assert metrics[KL] == pytest.approx(0.0, abs=1e-9)  # rounding
    assert metrics[CLIPPED] == 0.0  # of the batch's own actions
    assert {ACTOR, CRITIC, EXPLAINED} <= metrics.keys()


def test_what_an_algorithm_does_not_show_is_left_out_with_the_reason(folder):
    metrics, left_out = trained(folder, own.OwnClip)
    reason = "OwnClip does not clip its gradient by torch.nn.utils.clip_grad_norm_"
    assert left_out == {"gradient norm of the actor": reason, "gradient norm of the critic": reason}
    assert {KL, CLIPPED, EXPLAINED} <= metrics.keys()
    assert not {ACTOR, CRITIC} & metrics.keys()


def test_several_values_a_step_have_no_one_explained_variance(folder):
    metrics, left_out = trained(folder, own.TwoCritics)
    assert left_out == {
        "explained variance": "expected one return and one value a step, got returns of shape [8, 6, 2] and values of "
        "shape [8, 6, 1]"
    }
    assert {KL, CLIPPED, ACTOR, CRITIC} <= metrics.keys()


def test_a_storage_that_returns_lists_keeps_returning_them(folder):
    metrics, left_out = trained(folder, own.ListedBatches)
    assert left_out == {"KL and clip fraction": "the storage's mini-batches are not made one after the other"}
    assert {ACTOR, CRITIC, EXPLAINED} <= metrics.keys()


def test_settings_that_an_algorithm_lacks_are_no_knobs_and_no_failure(folder):
    metrics, left_out = trained(folder, own.OwnSettings)
    assert left_out.keys() == {"knobs of the algorithm", "clip fraction"}
    assert left_out["clip fraction"] == "OwnSettings has no clip_param"
    assert {KL, ACTOR, CRITIC, EXPLAINED} <= metrics.keys()


@pytest.mark.parametrize("extension", ["rnd_cfg", "symmetry_cfg"])
def test_rsl_rl_s_extensions_are_measured_whole(folder, extension, monkeypatch):
    monkeypatch.setattr(own.PointEnv, "step_dt", 0.02, raising=False)  # rsl-rl's RND scales its weight by it
    extensions = {"rnd_cfg": own.RND, "symmetry_cfg": own.SYMMETRY}
    metrics, left_out = trained(folder, "PPO", **{extension: dict(extensions[extension])})
    assert not left_out
    assert {KL, CLIPPED, ACTOR, CRITIC, EXPLAINED} <= metrics.keys()


def test_a_recurrent_policy_is_measured_whole(folder):
    class Recurrent:
        """Turns the actor and the critic of the tiny training into recurrent ones."""

        @staticmethod
        def construct_algorithm(obs, env, cfg, device):
            for model in ("actor", "critic"):
                cfg[model] |= {"class_name": "RNNModel", "rnn_type": "gru", "rnn_hidden_dim": 4, "rnn_num_layers": 1}
            cfg["algorithm"]["class_name"] = "PPO"
            from rsl_rl.algorithms import PPO

            return PPO.construct_algorithm(obs, env, cfg, device)

    metrics, left_out = trained(folder, Recurrent, num_mini_batches=2)
    assert not left_out
    assert {KL, CLIPPED, ACTOR, CRITIC, EXPLAINED} <= metrics.keys()


def test_a_distillation_is_steered_saved_continued_and_exported(folder, make_run):
    teacher = make_run("teacher")
    train(make_runner(str(teacher.path)), teacher)
    runner = own.make_distillation(str(folder.path), teacher)
    link, _ = steered(runner, folder)
    runner.load(str(teacher.checkpoint(2)))
    runner.learn(3)
    runner.logger.writer.close()
    names = set().union(*(body.names for body in link.of(MetricSet)))
    assert {"Loss/behavior", "Train/success_rate", "Policy/student_gradient_norm"} <= names
    assert {body.what for body in link.of(LeftOut)} == {"KL and clip fraction", "explained variance"}
    assert runner.current_learning_iteration == 2

    result = export_policy(folder, folder.checkpoint(2))
    assert (result.iteration, result.largest_difference < 1e-4) == (2, True)
    assert read_policy_description(folder).actor["class_name"] == "MLPModel"

    other = make_run("continued")
    continued = own.make_distillation(str(other.path), teacher)
    steered(continued, other)
    continued.load(str(folder.checkpoint(2)))
    assert continued.current_learning_iteration == 2
    assert continued.alg.teacher_loaded


def test_a_teacher_s_steering_does_not_steer_its_student(folder, make_run):
    teacher = make_run("teacher")
    from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued

    change = InterventionQueued(1, "person", (Change("ppo/learning_rate", 0.001, 0.01),))
    train(make_runner(str(teacher.path), schedule="fixed"), teacher, [change])
    runner = own.make_distillation(str(folder.path), teacher)
    link, _ = steered(runner, folder)
    runner.load(str(teacher.checkpoint(2)))
    runner.learn(1)
    runner.logger.writer.close()
    assert link.of(InterventionApplied) == []
    assert runner.alg.learning_rate == 1e-3


def test_a_policy_that_can_not_be_described_is_not_exported_and_trains(folder):
    runner = make_runner(str(folder.path))
    del runner.cfg["obs_groups"]["actor"]
    metrics, left_out, link = train(runner, folder, [Export()])
    assert left_out == {"export": "KeyError: 'actor'"}
    (failed,) = link.of(ExportFailed)
    assert "can't be described" in failed.reason
    assert KL in metrics
