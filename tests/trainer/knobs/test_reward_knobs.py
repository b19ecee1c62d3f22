"""Changed reward knobs show in the rewards that mjlab computes."""

from __future__ import annotations

import math

import pytest

from trainer_proc.contract.knob import refusal


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, RewardTermCfg, Simulated, torch
    import torch
    from mjlab.managers.reward_manager import RewardTermCfg

    from tests.trainer.knobs.simulated import CARTPOLE, Simulated


pytestmark = pytest.mark.real


def rate(training, term):
    """Return a term's weighted rate in the present state, for each environment."""
    manager = training.env.reward_manager
    with torch.inference_mode():
        manager.compute(dt=training.env.step_dt)
    return manager._step_reward[:, manager.active_terms.index(term)].clone()


def test_a_weight_scales_its_term_and_no_other(cartpole):
    manager = cartpole.env.reward_manager
    full = cartpole.step()
    cartpole.reset()
    cartpole.set("reward/smooth_reward/weight", 0.25)
    assert manager._episode_sums["smooth_reward"].eq(0).all()
    quarter = cartpole.step()
    assert torch.allclose(quarter / full, torch.tensor(0.25), atol=0.01)  # resets differ by a little
    assert torch.allclose(manager._episode_sums["smooth_reward"], quarter)
    assert cartpole.knobs["reward/smooth_reward/weight"].description.metric == "Episode_Reward/smooth_reward"


def test_a_whole_weight_is_a_number_and_takes_fractions():
    training = Simulated(CARTPOLE, 2, lambda cfg: setattr(cfg.rewards["smooth_reward"], "weight", 1))
    weight = training.knobs["reward/smooth_reward/weight"]
    assert weight.description.type == "number"
    training.set("reward/smooth_reward/weight", 0.5)
    assert training.env.reward_manager.get_term_cfg("smooth_reward").weight == 0.5


def test_a_std_changes_the_reward_as_the_formula_says(g1):
    g1.step()
    before = rate(g1, "track_linear_velocity")
    old = g1.knobs["reward/track_linear_velocity/std"].read()
    g1.set("reward/track_linear_velocity/std", 0.8)
    error = -torch.log(before / 2.0) * old**2
    assert torch.allclose(rate(g1, "track_linear_velocity"), 2.0 * torch.exp(-error / 0.8**2), rtol=1e-4)
    assert refusal(g1.knobs["reward/track_linear_velocity/std"].description, 0.0)


def test_a_parameter_that_was_copied_by_the_term_takes_effect(g1):
    g1.reset()
    g1.step(0.5, steps=3)
    with torch.inference_mode():
        g1.env.command_manager.get_term("twist").vel_command_b[:] = 0.0  # all stand
    before = rate(g1, "pose")
    g1.set("reward/pose/std_standing/.*", 0.1)
    assert torch.allclose(torch.log(rate(g1, "pose")), torch.log(before) / 4, rtol=1e-4)
    knee = g1.knobs["reward/pose/std_walking/.*knee.*"]
    with torch.inference_mode():
        g1.env.command_manager.get_term("twist").vel_command_b[:, 0] = 0.5  # all walk
    before = rate(g1, "pose")
    g1.set("reward/pose/std_walking/.*knee.*", 2 * knee.read())
    assert (rate(g1, "pose") > before).all()


class CopiesWithState:
    """Copies a parameter, and another that its class can't be built with below 0, and has state of the episode."""

    def __init__(self, cfg, env):
        self.level = cfg.params["level"]

    def __call__(self, env, level, used):
        del level
        return torch.full((env.num_envs,), self.level + used)

    def reset(self, env_ids):
        pass


class Copies:
    def __init__(self, cfg, env):
        if cfg.params["level"] < 0:
            raise ValueError("below 0")
        self.level = math.sqrt(cfg.params["level"])

    def __call__(self, env, level):
        del level
        return torch.full((env.num_envs,), self.level)


def ignoring(env, level, names=("a", "b"), foot_ids=(1, 2), whole=3, both=(1, 4), onoff=True, nested=None):
    return torch.full((env.num_envs,), float(whole + both[1] + onoff + nested["b"][0]))


@pytest.fixture(scope="module")
def odd(mode):
    """A cartpole with terms that treat their parameters in every way."""

    def edit(cfg):
        cfg.rewards["stateful"] = RewardTermCfg(func=CopiesWithState, weight=1.0, params={"level": 4.0, "used": 1.0})
        cfg.rewards["copies"] = RewardTermCfg(func=Copies, weight=1.0, params={"level": 4.0})
        cfg.rewards["ignoring"] = RewardTermCfg(
            func=ignoring,
            weight=1.0,
            params={
                "level": 1.0,
                "foot_ids": (1, 2),
                "whole": 3,
                "both": [1, 4],
                "onoff": True,
                "nested": {"b": (1.0, 2.0), 3: 0.5, "no": "text"},
            },
        )

    with Simulated(CARTPOLE, 2, edit).in_mode(mode) as training:
        yield training


def test_parameters_are_shown_as_what_they_are(odd):
    described = {name.removeprefix("reward/ignoring/"): knob.description for name, knob in odd.knobs.items()}
    types = {name: described[name].type for name in ("level", "whole", "both", "onoff", "nested/b", "nested/3")}
    assert types == {
        "level": "number",
        "whole": "integer",
        "both": "range",
        "onoff": "switch",
        "nested/b": "range",
        "nested/3": "number",
    }
    assert "reward/ignoring/foot_ids" not in odd.knobs
    assert "reward/ignoring/nested/no" not in odd.knobs


def test_what_a_term_ignores_or_keeps_is_read_only_with_the_reason(odd):
    reasons = {name: odd.knobs[f"reward/{name}"].description.read_only for name in ("ignoring/level", "stateful/level")}
    assert reasons["ignoring/level"] == "the term does not use it"
    assert "copied" in reasons["stateful/level"]
    assert not odd.knobs["reward/stateful/used"].description.read_only


def test_written_values_keep_their_kind(odd):
    params = odd.env.reward_manager.get_term_cfg("ignoring").params
    stage = params["nested"]
    odd.set("reward/ignoring/whole", 5.0)
    odd.set("reward/ignoring/both", (2.0, 6.0))
    odd.set("reward/ignoring/onoff", False)
    odd.set("reward/ignoring/nested/b", (3.0, 4.0))
    assert [params[name] for name in ("whole", "both", "onoff")] == [5, [2, 6], False]
    assert [type(params["whole"]), type(params["both"][0])] == [int, int]
    assert rate(odd, "ignoring").tolist() == [14.0, 14.0]
    assert stage["b"] == (1.0, 2.0)  # whoever else holds the old mapping has it unchanged


def test_a_term_that_refuses_a_value_keeps_the_old_one(odd):
    odd.set("reward/copies/level", 9.0)
    assert rate(odd, "copies").tolist() == [3.0, 3.0]
    with pytest.raises(ValueError, match="below 0"):
        odd.knobs["reward/copies/level"].write(-1.0)
    assert odd.knobs["reward/copies/level"].read() == 9.0
    assert rate(odd, "copies").tolist() == [3.0, 3.0]
