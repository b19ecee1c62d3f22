"""mjlab's step in stages, captured by a tape: the same numbers as eagerly, and never an old value."""

from __future__ import annotations

import gc
import math
import weakref

import pytest

from trainer_proc.fast.report import FastReport

pytestmark = pytest.mark.real


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, G1, NUM_ENVS, CurriculumTermCfg, FastStep, ManagerBasedRlEnv, RewardTermCfg
    global attach_fast_step, built, certain, equal, fast
    global played, torch
    import torch
    from mjlab.envs import ManagerBasedRlEnv
    from mjlab.managers.curriculum_manager import CurriculumTermCfg
    from mjlab.managers.reward_manager import RewardTermCfg

    from tests.trainer.fast.compared import NUM_ENVS, built, certain, equal, fast, played
    from tests.trainer.knobs.simulated import CARTPOLE, G1
    from trainer_proc.fast.environment import attach_fast_step
    from trainer_proc.fast.mjlab.step import FastStep


DEPLOY = "HumanoidTui-Velocity-Flat-Unitree-G1-Deploy"


@pytest.mark.parametrize("shares", [{}, {"forward": 1.0}, {"world": 1.0}], ids=["heading", "forward", "world"])
def test_a_captured_step_is_equal_to_the_bit(shares, taped):
    def edit(cfg):
        certain(cfg, **shares)

    env = built(G1, edit)
    _, report = fast(env)
    ours, theirs = played(env, 45), played(built(G1, edit), 45)
    assert report.eager() == {}
    assert sum(int(ended.sum()) for *_, ended, _ in theirs) >= 2 * NUM_ENVS
    equal(ours, theirs)


def test_histories_and_delays_are_equal_to_the_bit(taped):
    env = built(DEPLOY, certain)
    _, report = fast(env)
    ours, theirs = played(env, 30), played(built(DEPLOY, certain), 30)
    assert report.eager() == {}
    equal(ours, theirs)


def reward_of(history, step):
    return history[step][1]


def test_a_value_that_changes_is_captured_again(taped):
    def edit(cfg):
        certain(cfg)

    def change(env):
        env.reward_manager.get_term_cfg("upright").weight = 5.0
        env.reward_manager.get_term_cfg("track_linear_velocity").params["std"] = 0.2
        env.command_manager.get_term("twist").cfg.ranges.lin_vel_x = (0.9, 0.9)
        env.event_manager.get_term_cfg("push_robot").params["velocity_range"] = {"x": (0.4, 0.4)}

    def at(env, step, refresh):
        def before(now):
            if now == step:
                change(env)
                refresh()

        return before

    env = built(G1, edit)
    step, report = fast(env)
    ours = played(env, 30, at(env, 12, step.refresh))
    other = built(G1, edit)
    theirs = played(other, 30, at(other, 12, lambda: None))
    equal(ours, theirs)
    captures = {part.name: part.captures for part in report.parts}
    assert captures["rewards"] == 2
    assert captures["terminations"] == 1  # it reads none of the values

    forgotten = built(G1, edit)
    fast(forgotten)
    stale = played(forgotten, 14, at(forgotten, 12, lambda: None))
    assert not torch.equal(reward_of(stale, 13), reward_of(theirs, 13))  # the tape repeats old values, as a graph does


def test_a_ramp_is_captured_twice_and_its_values_are_those_of_each_step(taped):
    def edit(cfg):
        certain(cfg, forward=0.0)
        cfg.rewards["own"] = RewardTermCfg(func=scaled, weight=1.0, params={"by": 1.0})

    def ramps(env, refresh):
        def before(step):
            if step >= 8:
                share = (step - 8) / 20
                env.reward_manager.get_term_cfg("upright").weight = 1.0 + share
                env.reward_manager.get_term_cfg("track_linear_velocity").params["std"] = 0.2 + share
                env.reward_manager.get_term_cfg("own").weight = 1.0 - share  # 0 at the end: another branch
                env.reward_manager.get_term_cfg("own").params["by"] = 1.0 if step < 20 else 3.0
                env.command_manager.get_term("twist").cfg.ranges.ang_vel_z = (0.3 - share, 0.3 - share)
                env.command_manager.get_term("twist").cfg.ranges.lin_vel_x = (0.5 + share, 0.5 + share)
                refresh()

        return before

    env, other = built(G1, edit), built(G1, edit)
    step, report = fast(env)
    ours = played(env, 30, ramps(env, step.refresh))
    equal(ours, played(other, 30, ramps(other, lambda: None)))
    captures = {part.name: part.captures for part in report.parts}
    assert captures["terminations"] == 1
    # at first, and when a ramp begins; rewards also for two parameters, and for the weight of 0 and the one after it
    assert (captures["commands"], captures["rewards"]) == (2, 6)


def test_every_knob_of_a_stage_is_among_its_values():
    from tests.trainer.knobs.simulated import Simulated

    training = Simulated(G1, 4)
    read = {"reward", "termination", "command", "event", "observation", "noise"}
    seen = 0
    with training.in_mode("captured"):
        for name, knob in training.knobs.items():
            description = knob.description
            if description.read_only or name.split("/")[0] not in read or description.type == "switch":
                continue
            if knob.resample is not None:
                continue  # it writes fields of the model, which graphs read
            before = [stage.read() for stage in training.fast._stages]
            value = knob.read()
            changed = tuple(end + 0.01 for end in value) if isinstance(value, tuple) else value + 0.01
            knob.write(changed)
            assert [stage.read() for stage in training.fast._stages] != before, name
            knob.write(value)
            seen += 1
    assert seen > 40


class Growing:
    """A term that counts on the host."""

    def __init__(self, cfg, env):
        self.calls = 0

    def __call__(self, env):
        self.calls += 1
        return torch.full((env.num_envs,), float(self.calls))

    def reset(self, env_ids):
        pass


FACTOR = [1.0]


def by_factor(env):
    return env.episode_length_buf * FACTOR[0]


def by_counter(env):
    return torch.full((env.num_envs,), float(env.common_step_counter))


def by_branch(env):
    scale = 1.0 if env.episode_length_buf.float().mean() > 5 else 2.0
    return env.episode_length_buf * scale


def scaled(env, by):
    return env.episode_length_buf * by


def harmless(env):
    return env.episode_length_buf * 0.5


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        ("Growing", "it changes its attributes on the host"),
        ("by_counter", "it reads common_step_counter, which changes at each step"),
        ("by_branch", "it decides or loops in Python"),
        ("by_factor", "its value is not what its graph repeats"),
        ("harmless", ""),
    ],
)
def test_a_user_s_own_term_is_never_frozen(term, reason, taped, monkeypatch):
    def edit(cfg):
        cfg.scene.num_envs, cfg.seed = 4, 3
        cfg.rewards["own"] = RewardTermCfg(func=globals()[term], weight=1.0)
        cfg.episode_length_s = 100.0

    def own(env):
        values = []

        def before(step):
            FACTOR[0] = 1.0 if step < 6 else 3.0
            if step:
                values.append(env.reward_manager._step_reward[0, -1].item())

        played(env, 20, before)
        return values

    monkeypatch.setattr("tests.trainer.fast.test_fast_step.FACTOR", FACTOR)
    env = built(CARTPOLE, edit)
    _, report = fast(env)
    ours, theirs = own(env), own(built(CARTPOLE, edit))
    assert report.eager().get("rewards/own", "") == reason
    late = 16 if term == "by_factor" else 0  # found at the next look, which gets rarer
    assert ours[late:] == theirs[late:]


def test_an_environment_with_its_own_step_stays_eager():
    class Own(ManagerBasedRlEnv):
        def step(self, action):
            return super().step(action)

    report = FastReport()
    env = Own.__new__(Own)
    assert attach_fast_step(env, report) is None
    assert report.eager() == {"environment": "Own has its own step"}
    assert attach_fast_step(object(), FastReport()) is None


def test_what_is_removed_is_mjlab_s_again(taped):
    env = built(CARTPOLE, lambda cfg: setattr(cfg.scene, "num_envs", 4))
    step, _ = fast(env)
    played(env, 4)
    step.remove()
    assert not {"compute", "process_action", "apply"} & {
        name
        for manager in (env.action_manager, env.event_manager, env.reward_manager, env.observation_manager)
        for name in vars(manager)
    }
    assert math.isfinite(played(env, 3)[-1][1].sum().item())


class Recording:
    """A term whose record grows at each end of an episode."""

    def __init__(self, cfg, env):
        self.record = torch.zeros(env.num_envs, 1)

    def __call__(self, env):
        return env.episode_length_buf * 0.5

    def reset(self, env_ids):
        self.record = torch.cat((self.record, self.record[:, :1] + 1.0), dim=1)


def test_a_tensor_that_grows_leaves_the_training_as_it_was(taped):
    def edit(cfg):
        cfg.scene.num_envs, cfg.seed, cfg.episode_length_s = 4, 3, 0.5
        cfg.rewards["own"] = RewardTermCfg(func=Recording, weight=1.0)
        for event in cfg.events.values():
            if event.mode == "reset":
                event.params |= {name: (0.1, 0.1) for name in event.params if name.endswith("_range")}

    env = built(CARTPOLE, edit)
    _, report = fast(env)
    assert report.eager()["episode ends"] == "Recording: its reset is not mjlab's"
    ours, theirs = played(env, 30), played(built(CARTPOLE, edit), 30)
    equal(ours, theirs)
    assert report.eager()["rewards"] == "record of Recording changes its shape"
    assert "compute" not in vars(env.reward_manager)


class Unreadable:
    """A parameter that can't be looked into any more from some step on."""

    is_broken = False

    @property
    def __dict__(self):
        if Unreadable.is_broken:
            raise RuntimeError("gone")
        return {"scale": 0.5}


def raise_weight(env, env_ids):
    if Unreadable.is_broken:
        env.reward_manager.get_term_cfg("upright").weight = 5.0


@pytest.mark.parametrize("in_a_reset", [False, True])
def test_values_that_can_not_be_read_leave_the_training_as_it_was(taped, monkeypatch, in_a_reset):
    def edit(cfg):
        certain(cfg)
        cfg.rewards["upright"].note = Unreadable()
        if in_a_reset:
            cfg.curriculum = {"own": CurriculumTermCfg(func=raise_weight)}

    def breaks(env, step):
        def before(now):
            monkeypatch.setattr(Unreadable, "is_broken", now >= 12)
            if now == 12 and not in_a_reset:
                raise_weight(env, None)
                if step is not None:
                    step.refresh()

        return before

    env = built(G1, edit)
    step, report = fast(env)
    ours = played(env, 20, breaks(env, step))
    monkeypatch.setattr(Unreadable, "is_broken", False)
    other = built(G1, edit)
    equal(ours, played(other, 20, breaks(other, None)))
    assert report.eager()["rewards"] == "values can't be read: RuntimeError: gone"
    assert "compute" not in vars(env.reward_manager)
    step.refresh()


def test_a_step_that_can_t_be_attached_leaves_no_trace(monkeypatch):
    env = built(CARTPOLE, lambda cfg: setattr(cfg.scene, "num_envs", 4))
    before = {name: dict(vars(getattr(env, name))) for name in ("action_manager", "reward_manager", "scene")}
    monkeypatch.setattr(FastStep, "_observations", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        FastStep(env, FastReport())
    assert {name: dict(vars(getattr(env, name))) for name in before} == before


def test_a_graph_that_is_used_again_keeps_what_it_reads(taped, monkeypatch):
    from trainer_proc.fast.mjlab.constants import HostConstants

    made, init = [], HostConstants.__init__

    def noted(self):
        init(self)
        made.append(weakref.ref(self))

    monkeypatch.setattr(HostConstants, "__init__", noted)
    env = built(CARTPOLE, lambda cfg: setattr(cfg.scene, "num_envs", 4))
    step, _ = fast(env)
    played(env, 4)
    gc.collect()
    in_graphs = [reference for reference in made if reference() is not None]
    assert in_graphs
    term = env.reward_manager.get_term_cfg("smooth_reward")
    term.note = "new"
    step.refresh()
    del term.note  # and no step between
    step.refresh()
    played(env, 1)
    gc.collect()
    assert all(reference() is not None for reference in in_graphs)
