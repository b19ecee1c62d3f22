"""A checkpoint of a GPU is loaded where that GPU is not, whatever the runner's own `load` does."""

from __future__ import annotations

import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.steering.boundary import Steering


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CheckpointError, MjlabOnPolicyRunner, OnPolicyRunner, PointEnv, continue_from, make_runner, make_steerable
    global tensors_on_cpu, torch
    import torch
    from mjlab.rl import MjlabOnPolicyRunner
    from rsl_rl.runners import OnPolicyRunner

    from tests.tiny_training import PointEnv, make_runner
    from trainer_proc.checkpoints.load import CheckpointError, tensors_on_cpu
    from trainer_proc.training.build import continue_from, make_steerable


GPU = "cuda:77"
"""No machine has it."""
SPEC = RunSpec("script", "tests", "point", "tests", "cpu", num_envs=6, iterations=10, seed=3)


@pytest.fixture
def of_a_gpu(monkeypatch, folder):
    """Save a checkpoint of this runner as a training on that GPU does."""

    def save(runner):
        runner.current_learning_iteration = 4
        monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: GPU)
        runner.save(str(folder.checkpoint(4)))
        monkeypatch.undo()
        return folder.checkpoint(4)

    return save


def without_map_location():
    class OldRunner(OnPolicyRunner):
        """Its `load` is that of many forks of rsl-rl."""

        def load(self, path):
            loaded = torch.load(path, weights_only=False)
            self.alg.load(loaded, None, True)
            self.current_learning_iteration = loaded["iter"]
            return loaded["infos"]

    return OldRunner


def counting(env_class):
    """mjlab's runner keeps the environment's counter."""
    return type("Counting", (env_class,), {"common_step_counter": 0})


@pytest.mark.parametrize("kind", ["rsl-rl", "mjlab", "a fork"])
def test_a_checkpoint_of_another_machines_gpu_is_continued_from(of_a_gpu, make_run, kind):
    runner_class = {"rsl-rl": OnPolicyRunner, "mjlab": MjlabOnPolicyRunner, "a fork": without_map_location()}[kind]
    runner, saved = ({"runner_class": runner_class, "environment": counting(PointEnv)} for _ in range(2))
    trained = make_runner(**saved, normalize=True)
    trained.cfg["upload_model"] = False  # mjlab's
    for weight in trained.alg.actor.parameters():
        weight.data += 1.0
    checkpoint = of_a_gpu(trained)
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(checkpoint)

    folder = make_run("continued")
    other = make_runner(str(folder.path), **runner, normalize=True)
    other.cfg["upload_model"] = False
    make_steerable(other, Steering(ListLink()), ListLink(), folder, SPEC)
    continue_from(other, checkpoint)
    assert other.current_learning_iteration == 5
    for weight, expected in zip(other.alg.actor.parameters(), trained.alg.actor.parameters(), strict=True):
        assert torch.equal(weight, expected)
    other.learn(1)  # the optimizer has its state where the weights are
    other.logger.writer.close()


def test_other_loads_of_the_process_stay_as_they_are(of_a_gpu):
    checkpoint = of_a_gpu(make_runner())
    with tensors_on_cpu():
        assert torch.load(checkpoint)["actor_state_dict"]["mlp.0.weight"].device.type == "cpu"
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(checkpoint)


def test_other_sizes_are_reported_in_words(of_a_gpu, make_run):
    class Wider(PointEnv):
        def get_observations(self):
            observations = super().get_observations()
            observations["policy"] = torch.nn.functional.pad(observations["policy"], (0, 2))
            return observations

    checkpoint = of_a_gpu(make_runner(environment=Wider))
    folder = make_run("continued")
    runner = make_runner(str(folder.path))
    make_steerable(runner, Steering(ListLink()), ListLink(), folder, SPEC)
    with pytest.raises(CheckpointError, match=r"actor: it takes 5 observations, this environment has 3$"):
        continue_from(runner, checkpoint)
