"""Changed PPO knobs are what the next update uses."""

from __future__ import annotations

import pytest

from trainer_proc.contract.knob import refusal


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global PpoDiagnostics, discover_knobs, make_runner, torch
    import torch

    from tests.tiny_training import make_runner
    from trainer_proc.knobs.discover import discover_knobs
    from trainer_proc.metrics.ppo_diagnostics import PpoDiagnostics


RATE = "ppo/learning_rate"


class Tiny:
    """A PPO training, its knobs, the learning rate of every optimizer step and what was reported."""

    def __init__(self, **algorithm):
        self.runner = make_runner(**algorithm)
        self.reports = []
        self.training = discover_knobs(self.runner, None, lambda *report: self.reports.append(report))
        self.knobs = {knob.name: knob for knob in self.training.knobs}
        (self.schedule,) = self.training.competing_writers
        self.rates = []
        optimizer = self.runner.alg.optimizer
        optimizer.register_step_pre_hook(
            lambda *_: self.rates.append([group["lr"] for group in optimizer.param_groups])
        )

    def set(self, name, value):
        assert refusal(self.knobs[name].description, value) is None
        self.knobs[name].write(value)
        assert self.knobs[name].read() == value

    def iterate(self):
        self.rates.clear()
        self.runner.learn(1)
        for writer in self.training.competing_writers:
            writer.new_iteration()


def test_an_environment_without_managers_has_ppo_and_environment_knobs():
    tiny = Tiny()
    assert {knob.description.kind for knob in tiny.training.knobs} == {"algorithm", "environment"}
    environment = {name: knob for name, knob in tiny.knobs.items() if name.startswith("environment/")}
    assert {name: knob.read() for name, knob in environment.items()} == {
        "environment/num_envs": 6.0,
        "environment/action_size": 2.0,
        "environment/observation_size/policy": 3.0,
    }
    for knob in environment.values():
        assert "restart" in knob.description.read_only
        assert knob.description.takes_effect == "needs a restart"
        with pytest.raises(AttributeError, match="is read-only"):
            knob.write(1.0)


def test_the_learning_rate_is_the_optimizers():
    tiny = Tiny(schedule="fixed")
    tiny.set(RATE, 3e-4)
    tiny.iterate()
    assert tiny.rates == [[3e-4]] * 20
    assert tiny.runner.alg.learning_rate == 3e-4
    assert tiny.schedule.competing_writer_of(RATE) == ""
    tiny.runner.alg.optimizer.param_groups[0]["lr"] = 7e-4
    assert tiny.knobs[RATE].read() == 7e-4


def test_a_held_rate_stays_under_the_adaptive_schedule_and_moves_when_released():
    tiny = Tiny(schedule="adaptive", desired_kl=1e-6)
    assert tiny.schedule.competing_writer_of(RATE) == "the adaptive schedule"
    tiny.set(RATE, 5e-3)
    assert tiny.schedule.hold(RATE)
    tiny.iterate()
    assert tiny.rates == [[5e-3]] * 20
    assert tiny.knobs["ppo/schedule"].read() == "adaptive"
    assert tiny.schedule.competing_writer_of(RATE) == "the adaptive schedule"
    tiny.schedule.release(RATE)
    tiny.iterate()
    assert tiny.rates[-1][0] < 5e-3
    assert tiny.reports == []  # it was known from the beginning


def test_the_diagnostics_wrap_the_same_update():
    tiny = Tiny(schedule="adaptive", desired_kl=1e-6)
    diagnostics = PpoDiagnostics(tiny.runner.alg)
    tiny.set(RATE, 5e-3)
    tiny.schedule.hold(RATE)
    tiny.iterate()
    assert tiny.rates == [[5e-3]] * 20
    assert diagnostics.collect()["Policy/kl"] > 0


def test_a_failing_update_leaves_the_schedule_adaptive(monkeypatch):
    tiny = Tiny(schedule="adaptive")
    tiny.schedule.hold(RATE)
    monkeypatch.setattr(tiny.runner.alg.storage, "mini_batch_generator", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tiny.runner.alg.update()
    assert tiny.runner.alg.schedule == "adaptive"


def test_a_schedule_that_becomes_adaptive_is_reported_and_a_held_rate_stays():
    tiny = Tiny(schedule="fixed", desired_kl=1e-6)
    tiny.set(RATE, 5e-3)
    assert not tiny.schedule.hold(RATE)
    tiny.set("ppo/schedule", "adaptive")
    tiny.iterate()
    assert tiny.rates == [[5e-3]] * 20
    assert tiny.reports == [(RATE, "the adaptive schedule", True)]
    tiny.iterate()
    assert len(tiny.reports) == 1
    assert refusal(tiny.knobs["ppo/schedule"].description, "cosine")


def test_desired_kl_is_the_lever_of_the_adaptive_schedule():
    tiny = Tiny(schedule="adaptive", desired_kl=1e-6)
    tiny.set("ppo/desired_kl", 100.0)
    tiny.iterate()
    assert tiny.rates[-1][0] == pytest.approx(1e-2)


def test_holding_other_knobs_is_nothing_to_the_schedule():
    tiny = Tiny(schedule="adaptive")
    assert not tiny.schedule.hold("ppo/gamma")
    tiny.schedule.release("ppo/gamma")
    assert tiny.schedule.competing_writer_of("ppo/gamma") == ""


def test_epochs_and_clipping_are_read_at_each_update(monkeypatch):
    tiny = Tiny(schedule="fixed")
    clips = []
    clip = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda p, norm: (clips.append(norm), clip(p, norm))[1])
    tiny.set("ppo/num_learning_epochs", 2.0)
    tiny.set("ppo/max_grad_norm", 0.125)
    tiny.iterate()
    assert len(tiny.rates) == 2 * 4
    assert set(clips) == {0.125}
    assert refusal(tiny.knobs["ppo/num_learning_epochs"].description, 0.0)
    assert refusal(tiny.knobs["ppo/num_learning_epochs"].description, 2.5)


def returns_of(tiny):
    """Return the returns that one rollout is given, always the same rollout."""
    seen = []
    compute = tiny.runner.alg.compute_returns

    def watched(obs):
        compute(obs)
        seen.append(tiny.runner.alg.storage.returns.clone())

    tiny.runner.alg.compute_returns = watched
    torch.manual_seed(11)
    tiny.iterate()
    return seen[0]


def test_without_a_future_returns_are_rewards():
    tiny = Tiny(schedule="fixed")
    tiny.set("ppo/gamma", 0.0)
    rewards = []
    step = tiny.runner.env.step
    tiny.runner.env.step = lambda actions: (rewards.append(step(actions)), rewards[-1])[1]
    returns = returns_of(tiny)
    assert torch.allclose(returns[..., 0], torch.stack([reward for _, reward, _, _ in rewards]), atol=1e-5)
    assert not torch.allclose(returns, returns_of(Tiny(schedule="fixed")))


def test_lambda_changes_returns():
    tiny = Tiny(schedule="fixed")
    tiny.set("ppo/lam", 0.1)
    assert not torch.allclose(returns_of(tiny), returns_of(Tiny(schedule="fixed")))
    assert refusal(tiny.knobs["ppo/lam"].description, 1.1)


@pytest.mark.parametrize(
    ("name", "value"), [("clip_param", 1e-4), ("entropy_coef", 1.0), ("value_loss_coef", 0.0), ("desired_kl", 1e-9)]
)
def test_coefficients_change_what_is_learned(name, value):
    learned = []
    for turned in (False, True):
        tiny = Tiny(schedule="adaptive" if name == "desired_kl" else "fixed")
        if turned:
            tiny.set(f"ppo/{name}", max(value, tiny.knobs[f"ppo/{name}"].description.minimum))
        torch.manual_seed(11)
        tiny.iterate()
        parts = (tiny.runner.alg.actor, tiny.runner.alg.critic)
        learned.append(torch.cat([parameter.detach().flatten() for part in parts for parameter in part.parameters()]))
    assert not torch.allclose(learned[0], learned[1], atol=1e-6)


def test_what_is_not_set_is_no_knob():
    tiny = Tiny(schedule="fixed", desired_kl=None)
    assert "ppo/desired_kl" not in tiny.knobs
    assert tiny.schedule.competing_writer_of(RATE) == ""
