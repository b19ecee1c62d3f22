"""What holds for a training of Isaac Lab whichever library trains; each library's tests inherit it."""

from __future__ import annotations

import math
from threading import Event
from typing import ClassVar

import msgspec
import onnxruntime
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.robot_viewer import seen
from tests.scripts import Run
from trainer_proc.checkpoints.load import read_checkpoint
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.evaluation import Request
from trainer_proc.contract.messages import IterationFinished, MetricSet
from trainer_proc.contract.monitoring import GuardFired
from trainer_proc.contract.products import ExportFinished
from trainer_proc.contract.requests import Export, Pause, Resume, Save, Stop, Tune, Undo, Unpin
from trainer_proc.contract.robot import Selection
from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.rollout_request import ROLLOUT, RolloutRequest
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from trainer_proc.steering.state import from_infos
from tui.session.backends.work import do_work
from tui.session.evaluations.run import evaluate
from tui.session.exporting import export_checkpoint

ALIVE, RATE, CLIP, EPOCHS = "reward/alive/weight", "ppo/learning_rate", "ppo/clip_param", "ppo/num_learning_epochs"
ENTROPY, GAMMA, LAM = "ppo/entropy_coef", "ppo/gamma", "ppo/lam"
MASS, START = "event/mass/scale", "event/reset_pole_position/position_range"
GUARD = "guard/kl"

COMMON_METRICS = {
    "Train/mean_reward",
    "Train/mean_episode_length",
    "Train/success_rate",
    "Train/finished_episodes",
    "Loss/value",
    "Loss/surrogate",
    "Loss/entropy",
    "Loss/learning_rate",
    "Policy/kl",
    "Policy/desired_kl",
    "Policy/clip_fraction",
    "Policy/explained_variance",
    "Policy/mean_std",
    "Perf/total_fps",
    "Perf/collection_time",
    "Perf/learning_time",
    "Episode_Reward/alive",
    "Episode_Termination/time_out",
    "Termination/time_out",
    "Reward_Rate/alive",
}


class LibraryRun(Run):
    """A cartpole of Isaac Lab that a library trains, in short episodes."""

    def __init__(self, folder, library, overrides, **fields):
        spec = {"num_envs": 16, "iterations": 5000, "seed": 3, "physics": "newton", "library": library, **fields}
        folder.mkdir(parents=True)
        overrides = {"env.episode_length_s": 0.5, **overrides}
        task = ("cartpole", "isaaclab", "Isaac-Cartpole", "cartpole", "cpu")
        RunFolder(folder).write_spec(RunSpec(*task, **{"overrides": overrides, **spec}))
        super().__init__(folder, "trainer_proc", str(folder))

    def has_finished(self, iteration):
        """Wait until `iteration` is finished."""
        self.wait(lambda state: (state.iteration or 0) >= iteration, f"iteration {iteration}")

    def metric(self, name, iteration):
        """Return what was published of a finished iteration, NaN if nothing was."""
        names = {frame.body.id: frame.body.names for frame in self.frames if isinstance(frame.body, MetricSet)}
        for frame in self.frames:
            if isinstance(frame.body, IterationFinished) and frame.body.iteration == iteration:
                told = dict(zip(names[frame.body.metric_set], unpack_values(frame.body.values), strict=True))
                return told.get(name, math.nan)
        return math.nan

    def value(self, knob):
        return self.see().knobs[knob].value

    def told(self, kind):
        return [frame.body for frame in self.frames if isinstance(frame.body, kind)]


class LibraryPromises:
    """Run in order on one training, which the last two stop and continue."""

    library: str
    layers: str
    """Path of the sizes of the policy's hidden layers."""
    overrides: ClassVar[dict[str, object]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, tmp_path_factory):
        folder = tmp_path_factory.mktemp(cls.library) / "logs" / "rsl_rl" / "cartpole" / "first"
        run = LibraryRun(folder, cls.library, cls.overrides)
        yield run
        run.kill()

    def test_metrics_are_published_under_the_names_of_every_run(self, run):
        run.has_finished(8)  # 128 steps of episodes that last 30 at most
        assert run.state.first_iteration == 0
        assert run.state.latest.keys() >= COMMON_METRICS - {"Train/mean_reward", "Train/mean_episode_length"}
        rewards = [run.metric("Train/mean_reward", iteration) for iteration in range(9)]
        lengths = [run.metric("Train/mean_episode_length", iteration) for iteration in range(9)]
        assert any(math.isfinite(reward) for reward in rewards)
        assert all(0 < length <= 31 for length in lengths if math.isfinite(length))
        assert run.state.latest["Policy/desired_kl"] == pytest.approx(0.008)
        assert 0 <= run.state.latest["Policy/clip_fraction"] <= 1
        for iteration in range(9):
            ended = [run.metric(f"Termination/{term}", iteration) for term in ("time_out", "cart_out_of_bounds")]
            if run.metric("Train/finished_episodes", iteration):
                assert max(ended) <= 1 <= sum(ended)
            else:
                assert all(map(math.isnan, ended))
        assert run.metric("Reward_Rate/alive", 8) == pytest.approx(1.0, abs=0.2)  # weight 1, each second of life

    def test_the_robot_of_an_environment_is_seen(self, run):
        states = seen(run.folder, Selection("best"), 40)  # an episode has 30 steps at most
        assert any(state.ended and state.time < 0.05 for state in states)
        assert all(len(state.poses) == 3 * 7 * 4 for state in states)

    def test_a_reward_weight_takes_effect_and_is_undone(self, run):
        before = run.metric("Episode_Reward/alive", run.state.iteration)
        applied = run.applied(Tune({ALIVE: 100.0}))
        assert run.value(ALIVE) == 100.0
        run.has_finished(applied.iteration + 4)  # whole episodes under it
        assert run.metric("Episode_Reward/alive", applied.iteration + 4) > 20 * before > 0
        run.applied(Undo())
        assert run.value(ALIVE) == 1.0

    def test_randomization_is_turned_and_drawn_again(self, run):
        applied = run.applied(Tune({MASS: (0.5, 2.0), START: (-0.1, 0.1)}, when="now"))
        run.has_finished(applied.iteration + 3)  # episodes that began under it, and their resets
        assert run.value(START) == (-0.1, 0.1)
        assert run.value(MASS) == (0.5, 2.0)

    def test_settings_of_ppo_are_read_back_and_a_held_rate_stays(self, run):
        settings = {RATE: 0.0005, CLIP: 0.1, EPOCHS: 3.0, ENTROPY: 0.01, GAMMA: 0.98, LAM: 0.9}
        applied = run.applied(Tune(settings))
        assert {change.knob: change.new for change in applied.changes} == settings
        run.has_finished(applied.iteration + 2)
        assert run.state.knobs[RATE].knob.pinned
        for iteration in (applied.iteration + 1, applied.iteration + 2):
            assert run.metric("Loss/learning_rate", iteration) == pytest.approx(0.0005)
        self.check_settings(run, applied.iteration + 1)
        run.applied(Unpin((RATE,)))
        run.wait(lambda state: state.knobs[RATE].value != 0.0005, "the adaptive schedule to move the rate")

    def check_settings(self, run, iteration):
        """See in what the library writes that CLIP and ENTROPY are in force."""
        raise NotImplementedError

    def test_a_guard_takes_back_what_has_spoilt_the_policy(self, run):
        armed = {"mode": "act", "action": "undo", "iterations": 1.0, "factor": 20.0}
        run.applied(Tune({f"{GUARD}/{name}": value for name, value in armed.items()}))
        applied = run.applied(Tune({RATE: 0.3}))

        def undone():
            return [fired for fired in run.told(GuardFired) if fired.action == "undone"]  # others may warn

        fired = run.wait(lambda _: undone(), "the guard")[0]
        assert fired.iteration >= applied.iteration
        assert f"model_{applied.iteration - 1}.pt loaded" in fired.message
        run.has_finished(fired.iteration + 1)
        assert run.value(RATE) < 0.3
        assert math.isfinite(run.metric("Loss/value", fired.iteration + 1))
        run.applied(Tune({f"{GUARD}/mode": "off"}))

    def test_it_pauses_saves_and_goes_on(self, run):
        run.ask(Pause())
        run.wait(lambda state: state.phase.phase == "paused", "the pause")
        at = run.state.iteration
        run.ask(Save())
        run.wait(lambda _: run.folder.checkpoint(at).exists(), "the checkpoint")
        run.ask(Export())
        (finished,) = run.wait(lambda _: run.told(ExportFinished), "the export's end")
        assert (finished.iteration, finished.folder) == (at, "exported")
        self.check_exported(run, run.folder.checkpoint(at))
        assert run.see().iteration == at
        run.ask(Resume())
        run.has_finished(at + 1)

    def check_exported(self, run, checkpoint):
        """See that the exported policy acts with the weights of the checkpoint, and is described."""
        card = msgspec.json.decode((run.folder.exported / "policy.json").read_bytes(), type=PolicyCard)
        assert (card.library, card.iteration) == (self.library, read_checkpoint(checkpoint)["iter"])
        assert [term.name for term in card.observation_terms] == ["joint_pos_rel", "joint_vel_rel"]
        assert (card.action_names, card.observation_size) == (["slider_to_cart"], 4)
        session = onnxruntime.InferenceSession(run.folder.exported / "policy.onnx", providers=["CPUExecutionProvider"])
        network = self.policy_of(read_checkpoint(checkpoint))
        for size in (0.1, 1.0, 100.0):
            row = torch.full((1, 4), size) * torch.tensor([1.0, -1.0, 0.5, -0.5])
            (exported,) = session.run(["actions"], {"obs": row.numpy()})
            assert exported == pytest.approx(self.actions(network, row).numpy(), abs=1e-5)

    def test_it_stops_with_a_checkpoint_of_its_own(self, run):
        run.ask(Stop())
        assert run.ends() == 0
        assert (run.state.phase.phase, run.state.phase.detail) == ("finished", "stopped")
        last = run.folder.checkpoints()[-1]
        assert last == run.folder.checkpoint(run.state.iteration)
        content = read_checkpoint(last)
        assert (content["library"], content["iter"]) == (self.library, run.state.iteration)
        assert from_infos(content["infos"]).values[CLIP] == 0.1
        assert content["infos"]["env_state"]["common_step_counter"] > 16 * run.state.iteration
        assert self.tags_written(run) >= COMMON_METRICS

    def tags_written(self, run):
        tags = set()
        for file in run.folder.path.rglob("events.out.tfevents.*"):
            accumulator = EventAccumulator(str(file))
            accumulator.Reload()
            tags |= set(accumulator.Tags()["scalars"])
        return tags

    def test_the_last_checkpoint_is_exported_after_the_end(self, run):
        last = run.folder.checkpoints()[-1]
        assert export_checkpoint(run.folder, last).iteration == run.state.iteration
        self.check_exported(run, last)

    def test_the_exported_policy_is_evaluated_on_the_run_s_task(self, run):
        exported = str(run.folder.exported / "policy.onnx")
        request = Request(run=str(run.folder.path), checkpoint=exported, episodes=4, num_envs=4)
        evaluation = evaluate(request, lambda _: None, Event())
        assert sum(cell.episodes for cell in evaluation.cells) == 4
        assert evaluation.iteration == run.state.iteration

    def test_a_rollout_of_a_checkpoint_is_that_of_its_export(self, run, tmp_path):
        rollouts = []
        for policy in (run.folder.checkpoints()[-1], run.folder.exported / "policy.onnx"):
            file = tmp_path / f"{policy.stem}.rollout"
            request = RolloutRequest(run=str(run.folder.path), policy=str(policy), seconds=0.4, output=str(file))
            recorded = do_work(ROLLOUT, request, "isaaclab", lambda _: None, Event())
            rollouts.append(read_rollout(file))
            assert (recorded.iteration, recorded.states) == (run.state.iteration, len(rollouts[-1].states))
        ours, exported = ([state.poses for state in one.states] for one in rollouts)
        assert len(set(ours)) > 5
        assert ours == exported

    def test_another_run_goes_on_from_it(self, run):
        last = run.folder.checkpoints()[-1]
        fields = {"checkpoint": str(last), "iterations": 2}
        other = LibraryRun(run.folder.path.with_name("second"), self.library, self.overrides, **fields)
        try:
            assert other.ends() == 0
            assert other.state.phase.phase == "finished"
            assert other.state.first_iteration == run.state.iteration + 1
            assert other.value(CLIP) == 0.1
            finished = other.folder.checkpoint(run.state.iteration + 2)
            assert other.folder.checkpoints()[-1] == finished
            before, after = (read_checkpoint(path) for path in (last, finished))
            assert after["infos"]["env_state"]["common_step_counter"] == (
                before["infos"]["env_state"]["common_step_counter"] + 2 * 16
            )
            assert weights_differ(self.policy_of(before), self.policy_of(after))
        finally:
            other.kill()

    def test_a_run_with_other_networks_refuses_it_before_the_build(self, run):
        overrides = {**self.overrides, self.layers: [8]}
        fields = {"checkpoint": str(run.folder.checkpoints()[-1]), "iterations": 2}
        other = LibraryRun(run.folder.path.with_name("third"), self.library, overrides, **fields)
        try:
            assert other.ends() == 1
            assert other.state.phase.refused
            assert f", {self.layers} is [8]" in other.state.phase.detail
        finally:
            other.kill()

    def policy_of(self, content):
        """Return the networks' weights in a checkpoint."""
        raise NotImplementedError

    def actions(self, weights, observations):
        """Return what the environment gets for `observations`, computed from the weights without the library."""
        raise NotImplementedError


def weights_differ(before, after):
    """Tell whether a continued training has moved every weight a little, and none far."""
    moved = [(after[name] - before[name]).abs().max().item() for name in before if before[name].dim() == 2]
    return all(0 < distance < 0.5 for distance in moved)


def elu_layers(weights, layers, rows):
    """Return what linear layers with ELU between them make of `rows`; `layers` are their names."""
    for name in layers[:-1]:
        rows = torch.nn.functional.elu(linear(weights, name, rows))
    return linear(weights, layers[-1], rows)


def linear(weights, name, rows):
    return torch.nn.functional.linear(rows, weights[f"{name}.weight"], weights[f"{name}.bias"])
