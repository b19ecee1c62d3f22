"""Steering attached to a real rsl-rl runner: its checkpoints, and a guard that handles NaN."""

from __future__ import annotations

import math

import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    Ramp,
    RampAdvanced,
)
from trainer_proc.contract.monitoring import GuardFired, MemoryMeasured
from trainer_proc.contract.products import CheckpointLoaded, CheckpointSaved, PolicyReloaded
from trainer_proc.contract.requests import Reload, Resume, Stop
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import TrainingStopped
from trainer_proc.steering.state import INFOS_KEY, from_infos


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CheckpointError, NanOnce, PointEnv, continue_from, make_runner, make_steerable, torch
    import torch

    from tests.tiny_training import PointEnv, ResettablePoint, make_runner
    from trainer_proc.checkpoints.load import CheckpointError
    from trainer_proc.training.build import continue_from, make_steerable

    class NanOnce(ResettablePoint):
        """Its observation is NaN in one environment after one step, in the middle of the third iteration."""

        def step(self, actions):
            observations, *rest = super().step(actions)
            if len(self.weights_seen) == 20:
                observations["policy"][0] = math.nan
            return observations, *rest


EPOCHS, ENTROPY, RATE = "ppo/num_learning_epochs", "ppo/entropy_coef", "ppo/learning_rate"


class Attached:
    """A tiny training in `folder`, steered through a link made of lists."""

    def __init__(self, folder, *batches, launch=None, **arguments):
        self.folder = folder
        self.link = ListLink(*batches)
        self.steering = Steering(self.link)
        self.runner = make_runner(str(folder.path), **arguments)
        spec = RunSpec(
            preset="script",
            backend="tests",
            task="point",
            experiment="tests",
            device="cpu",
            num_envs=6,
            iterations=10,
            seed=3,
            set=launch or {},
        )
        make_steerable(self.runner, self.steering, self.link, folder, spec)

    def learn(self, iterations):
        self.runner.learn(iterations)
        self.runner.logger.writer.close()
        return self

    def of(self, kind):
        return self.link.of(kind)

    def metric(self, name):
        names = {body.id: body.names for body in self.of(MetricSet)}
        return [
            unpack_values(body.values)[names[body.metric_set].index(name)]
            for body in self.of(IterationFinished)
            if name in names[body.metric_set]
        ]


def queued(number, ramp=None, **fields):
    values = {name.replace("__", "/"): value for name, value in fields.items()}
    return InterventionQueued(number, "person", tuple(Change(n, 0.0, v) for n, v in values.items()), ramp=ramp)


# --- Checkpoints ------------------------------------------------------------------------------------------


def test_a_checkpoint_carries_the_steering_state_in_plain_containers(folder):
    change = queued(1, ppo__num_learning_epochs=2.0)
    ramp = queued(2, ramp=Ramp(10), ppo__entropy_coef=0.1)
    Attached(folder, [change, ramp]).learn(3)
    infos = torch.load(folder.checkpoint(2), weights_only=True)["infos"]
    state = from_infos(infos)
    assert state.values == {EPOCHS: 2.0, ENTROPY: pytest.approx(0.037)}
    assert [(kept.knob, kept.target, kept.iterations_left) for kept in state.ramps] == [(ENTROPY, 0.1, 7)]
    assert isinstance(infos[INFOS_KEY], dict)


def test_what_a_script_keeps_in_a_checkpoint_is_kept_beside_it(folder):
    attached = Attached(folder).learn(1)
    attached.runner.save(str(folder.checkpoint(7)), {"mine": 1})
    infos = torch.load(folder.checkpoint(7), weights_only=True)["infos"]
    assert infos["mine"] == 1
    assert from_infos(infos) is not None


def resumed(folder, checkpoint, *batches, **arguments):
    attached = Attached(folder, *batches, **arguments)
    continue_from(attached.runner, checkpoint)
    return attached


def test_a_resumed_training_continues_with_values_and_ramps_at_the_next_iteration(folder, make_run):
    change = queued(1, ramp=Ramp(4), ppo__entropy_coef=0.04)
    fixed = queued(2, ppo__num_learning_epochs=2.0)
    Attached(folder, [change, fixed]).learn(2)  # at model_1: two of four steps
    other = resumed(make_run("resumed"), folder.checkpoint(1)).learn(3)
    assert other.of(CheckpointLoaded) == [CheckpointLoaded(2, str(folder.checkpoint(1)))]
    restored, ramp = other.of(InterventionApplied)
    assert (restored.origin, restored.iteration) == ("checkpoint", 2)
    assert {change.knob: change.new for change in restored.changes} == {EPOCHS: 2.0, ENTROPY: 0.025}
    assert ramp.ramp.iterations == 3
    steps = [c.new for body in other.of(RampAdvanced) for c in body.changes if c.knob == ENTROPY]
    assert steps == pytest.approx([0.0325, 0.04])
    assert [body.iteration for body in other.of(IterationFinished)] == [2, 3, 4]
    assert other.runner.alg.num_learning_epochs == 2


def test_a_plain_checkpoint_of_rsl_rl_is_continued_from_too(folder, make_run):
    plain = make_runner(str(folder.path))
    plain.learn(2)
    plain.logger.writer.close()
    other = resumed(make_run("resumed"), folder.checkpoint(1)).learn(1)
    assert other.of(CheckpointLoaded) == [CheckpointLoaded(2, str(folder.checkpoint(1)))]
    assert other.of(InterventionApplied) == []
    assert [body.iteration for body in other.of(IterationFinished)] == [2]


def test_a_learning_rate_that_is_tuned_in_a_resumed_training_reaches_the_optimizer(folder, make_run):
    Attached(folder, schedule="fixed").learn(1)
    tune = queued(1, ppo__learning_rate=0.25)
    other = resumed(make_run("resumed"), folder.checkpoint(0), [tune], schedule="fixed").learn(2)
    assert [group["lr"] for group in other.runner.alg.optimizer.param_groups] == [0.25]


def test_a_learning_rate_that_the_checkpoint_brings_is_reported_before_the_first_iteration(folder, make_run):
    Attached(folder, schedule="fixed", learning_rate=0.005).learn(1)
    other = resumed(make_run("resumed"), folder.checkpoint(0), schedule="fixed", learning_rate=0.001)
    (offered,) = other.of(KnobsAvailable)
    assert {knob.name: knob.value for knob in offered.knobs}[RATE] == 0.001
    other.learn(1)
    (moved,) = other.of(RampAdvanced)
    assert (moved.iteration, moved.changes) == (1, (Change(RATE, 0.001, 0.005),))


def test_a_checkpoint_of_another_network_is_refused_in_one_line(folder, make_run):
    Attached(folder, normalize=True).learn(1)
    with pytest.raises(CheckpointError, match="doesn't fit this training") as refused:
        resumed(make_run("resumed"), folder.checkpoint(0))
    assert len(str(refused.value).splitlines()) == 1


def test_a_checkpoint_of_another_library_is_refused_by_name(folder, make_run):
    torch.save({"library": "rl_games", "iter": 3, "infos": None}, folder.checkpoint(3))
    with pytest.raises(CheckpointError, match="expected a checkpoint of rsl_rl, got one of rl_games"):
        resumed(make_run("resumed"), folder.checkpoint(3))


def test_a_steering_state_that_is_none_is_refused_in_one_line(folder, make_run):
    Attached(folder).learn(1)
    content = torch.load(folder.checkpoint(0))
    content["infos"][INFOS_KEY] = {"values": 5}
    torch.save(content, folder.checkpoint(0))
    with pytest.raises(CheckpointError, match="doesn't fit this training"):
        resumed(make_run("resumed"), folder.checkpoint(0))


# --- The learning rate under the adaptive schedule --------------------------------------------------------


def test_the_learning_rate_is_reported_whenever_the_schedule_has_moved_it(folder):
    attached = Attached(folder, schedule="adaptive", desired_kl=1e-6, learning_rate=1e-3).learn(3)
    (offered,) = attached.of(KnobsAvailable)
    told = {knob.name: knob.value for knob in offered.knobs}[RATE]
    for body in attached.of(RampAdvanced):
        assert body.changes == (Change(RATE, told, body.changes[0].new),)
        told = body.changes[0].new
    assert told == attached.runner.alg.learning_rate < 1e-3


# --- Guards -----------------------------------------------------------------------------------------------


def test_a_guard_undoes_what_made_nan_and_the_training_continues_learning(folder):
    launch = {"guard/not_finite/mode": "act", "guard/reward/mode": "off", "ppo/schedule": "fixed"}
    attached = Attached(folder, [], [queued(7, ppo__learning_rate=1e30)], launch=launch, normalize=True).learn(8)
    fired = attached.of(GuardFired)
    assert [(body.guard, body.action) for body in fired] == [("not_finite", "undone")]
    assert "#7 undone, model_1.pt loaded" in fired[0].message
    undone = attached.of(InterventionApplied)[-1]
    assert (undone.origin, undone.undoes) == ("guard", 7)
    assert attached.runner.alg.learning_rate == 0.001
    losses = attached.metric("Loss/value")
    assert not math.isfinite(losses[2])
    assert all(map(math.isfinite, losses[fired[0].iteration + 1 :]))
    assert len(losses) == 8
    for parameter in attached.runner.alg.actor.parameters():
        assert torch.isfinite(parameter).all()


def test_the_checkpoint_that_a_guard_may_reload_is_saved_before_the_intervention(folder):
    launch = {"guard/not_finite/mode": "act"}
    attached = Attached(folder, [], [queued(7, ppo__num_learning_epochs=2.0)], launch=launch).learn(3)
    saved = next(body for body in attached.of(CheckpointSaved) if body.iteration == 1)
    applied = attached.of(InterventionApplied)[-1]
    assert attached.link.emitted.index(saved) < attached.link.emitted.index(applied)
    assert EPOCHS not in from_infos(torch.load(folder.checkpoint(1), weights_only=True)["infos"]).values


@pytest.fixture
def nan_rewards(monkeypatch):
    """Make the environment's rewards NaN from its 12th step on, in the second iteration."""
    step = PointEnv.step

    def broken_step(self, actions):
        observations, rewards, dones, extras = step(self, actions)
        return observations, rewards * (math.nan if len(self.weights_seen) > 12 else 1.0), dones, extras

    monkeypatch.setattr(PointEnv, "step", broken_step)


def test_without_a_guard_that_acts_rsl_rl_ends_the_training_at_nan(folder, nan_rewards):
    attached = Attached(folder)
    with pytest.raises(ValueError, match="NaN"):
        attached.learn(8)
    assert len(attached.of(IterationFinished)) == 1


def test_a_guard_pauses_at_nan_when_there_is_nothing_to_undo(folder, nan_rewards):
    attached = Attached(folder, [], [], [], [Stop()], launch={"guard/not_finite/mode": "act"})
    with pytest.raises(TrainingStopped):
        attached.learn(8)
    assert [(body.iteration, body.action) for body in attached.of(GuardFired)] == [(1, "paused")]
    (paused,) = [body for body in attached.of(PhaseChanged) if body.phase == "paused"]
    assert paused.detail == "guard not_finite: Loss/value is nan"
    assert (paused.is_resumable, paused.good_checkpoint) == (False, "model_0.pt")


@pytest.mark.parametrize("distribution", ["GaussianDistribution", "HeteroscedasticGaussianDistribution"])
def test_a_training_paused_by_a_nan_observation_is_reloaded_and_continues_learning(folder, distribution):
    launch = {"guard/not_finite/mode": "act", "ppo/schedule": "fixed"}
    attached = Attached(
        folder,
        *([], [], [], [Resume()], [Reload()]),
        launch=launch,
        normalize=True,
        environment=NanOnce,
        distribution=distribution,
    )
    attached.learn(6)
    assert [(body.iteration, body.action) for body in attached.of(GuardFired)] == [(2, "paused")]
    assert attached.of(PolicyReloaded) == [PolicyReloaded(3, "model_0.pt")]
    assert [body.iteration for body in attached.of(IterationFinished)] == list(range(6))
    losses = attached.metric("Loss/value")
    assert [math.isfinite(loss) for loss in losses] == [True, True, False, True, True, True]
    for module in (attached.runner.alg.actor, attached.runner.alg.critic):
        assert all(torch.isfinite(tensor).all() for tensor in module.state_dict().values())


def test_the_memory_of_the_device_is_reported_once_the_training_has_begun(folder):
    emitted = Attached(folder).learn(4).link.emitted
    kinds = [type(body) for body in emitted if isinstance(body, IterationFinished | MemoryMeasured)]
    assert kinds == [*[IterationFinished] * 3, MemoryMeasured, IterationFinished]
