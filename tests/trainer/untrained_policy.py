"""Episodes of a policy that has learned nothing."""

from __future__ import annotations

from presets.success import read_success
from trainer_proc.evaluation.play import play
from trainer_proc.evaluation.suites.suite import Trial
from trainer_proc.metrics.success.rules import make_rule


class Untrained:
    """Acts by the mean of the networks as they were initialized."""

    def __init__(self, runner):
        self._actor = runner.get_inference_policy(device="cpu")

    def act(self, observations):
        return self._actor(observations)

    def reset(self, dones=None):
        self._actor.reset(dones)


def check_failure(stage, success):
    """Assert that an untrained policy succeeds in less than half of its episodes, one in each environment.

    `success` is a preset's table, or None.
    """
    count = int(stage.env.num_envs)
    stage.env.reset()  # some environments report their success from their first reset on
    rule = make_rule(read_success(success), stage.task, stage.simulator)
    played = play(stage, Untrained(stage.runner), rule, Trial(), [0] * count, seed=1, report=lambda done, total: None)
    successes = [episode["success"] for episode in played]
    assert len(successes) == count
    assert None not in successes  # every episode was judged
    assert sum(successes) < count / 2
