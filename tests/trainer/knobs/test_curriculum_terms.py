"""The task's own curriculum: what it writes is found out, and a held knob is kept from it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainer_proc.knobs.slot import attribute_slot, entry_slot, parameter_slot, slot_knob


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, CurriculumTermCfg, CurriculumTerms, G1, RewardTermCfg, Simulated, reward_curriculum
    global termination_curriculum, torch, within
    import torch
    from mjlab.envs.mdp.curriculums import reward_curriculum, termination_curriculum
    from mjlab.managers.curriculum_manager import CurriculumTermCfg
    from mjlab.managers.reward_manager import RewardTermCfg

    from tests.trainer.knobs.simulated import CARTPOLE, G1, Simulated, within
    from trainer_proc.knobs.curriculum_terms import CurriculumTerms


# --- a manager of one term, whose function is the test's ---


class OneTerm:
    """A curriculum manager and the knobs of a configuration; `call` is a reset."""

    def __init__(self, func):
        self.cfg = SimpleNamespace(
            weight=1.0, span=(0.0, 1.0), ends=[0.0, 1.0], count=3, on=True, params={"std": {"knee": 0.5}}
        )
        self.term = SimpleNamespace(func=func)
        self.reports = []
        slots = {name: attribute_slot(self.cfg, name) for name in ("weight", "span", "ends", "count", "on")}
        slots["knee"] = entry_slot(parameter_slot(self.cfg, "std"), "knee")
        slots["hip"] = entry_slot(parameter_slot(self.cfg, "std"), "hip")
        self.knobs = {
            name: slot_knob(slot, name=name, kind="reward", takes_effect="next iteration", absent=0.25)
            for name, slot in slots.items()
        }
        manager = SimpleNamespace(active_terms=["step"], get_term_cfg=lambda name: self.term)
        self.terms = CurriculumTerms(manager, list(self.knobs.values()), lambda *report: self.reports.append(report))

    def call(self):
        return self.term.func(self.cfg)


def nothing(cfg):
    return (cfg.weight, cfg.span, cfg.ends, cfg.count, cfg.on, cfg.params)


def test_watching_changes_nothing():
    one = OneTerm(nothing)
    before = repr(one.cfg)
    assert one.call() == nothing(one.cfg)
    assert repr(one.cfg) == before
    assert one.reports == []


@pytest.mark.parametrize(
    ("write", "knob"),
    [
        (lambda cfg: setattr(cfg, "weight", 2.0), "weight"),
        (lambda cfg: setattr(cfg, "weight", 1.0), "weight"),
        (lambda cfg: setattr(cfg, "span", (0.0, 1.0)), "span"),
        (lambda cfg: setattr(cfg, "ends", [0.0, 1.0]), "ends"),
        (lambda cfg: cfg.ends.__setitem__(0, -1.0), "ends"),
        (lambda cfg: setattr(cfg, "count", 4), "count"),
        (lambda cfg: setattr(cfg, "on", False), "on"),
        (lambda cfg: cfg.params.update(std={"knee": 0.5}), "knee"),
        (lambda cfg: cfg.params["std"].update(hip=0.5), "hip"),
    ],
)
def test_a_write_is_seen_even_of_an_equal_value(write, knob):
    one = OneTerm(write)
    one.call()
    assert one.reports == [(knob, "curriculum term step", False)]
    assert one.terms.competing_writer_of(knob) == "curriculum term step"
    one.terms.new_iteration()
    one.call()
    assert len(one.reports) == 1


def test_a_write_is_seen_from_the_next_iteration_on():
    begun = []
    one = OneTerm(lambda cfg: begun and setattr(cfg, "weight", 2.0))
    one.call()
    begun.append(True)
    one.call()
    assert one.reports == []
    one.terms.new_iteration()
    one.call()
    assert one.reports == [("weight", "curriculum term step", False)]


def test_a_held_value_is_put_back_and_the_term_goes_on_from_its_own():
    one = OneTerm(lambda cfg: setattr(cfg, "weight", cfg.weight + 1.0))
    one.call()
    one.knobs["weight"].write(-5.0)
    assert one.terms.hold("weight")
    for _ in range(3):
        one.call()
        assert one.cfg.weight == -5.0
    one.knobs["weight"].write(-6.0)
    one.terms.hold("weight")
    one.call()
    assert one.cfg.weight == -6.0
    one.terms.release("weight")
    assert one.cfg.weight == 6.0  # as if nobody had held it
    one.call()
    assert one.cfg.weight == 7.0


def test_a_term_that_was_not_looked_at_for_long_goes_on_from_where_it_was():
    one = OneTerm(lambda cfg: setattr(cfg, "weight", cfg.weight + 1.0))
    for _ in range(20):
        one.terms.new_iteration()
        one.call()
    one.knobs["weight"].write(-5.0)
    one.terms.hold("weight")
    one.call()
    one.terms.release("weight")
    assert one.cfg.weight == 22.0


def test_a_writer_that_begins_later_is_kept_off_and_reported_as_pinned():
    begun = []
    one = OneTerm(lambda cfg: begun and setattr(cfg, "weight", cfg.weight + 1.0))
    one.call()
    one.knobs["weight"].write(-5.0)
    assert not one.terms.hold("weight")
    one.call()
    begun.append(True)
    one.call()
    assert one.cfg.weight == -5.0
    assert one.reports == [("weight", "curriculum term step", True)]
    one.terms.release("weight")
    assert one.cfg.weight == 2.0


def test_a_held_switch_and_an_entry_that_was_not_there():
    one = OneTerm(lambda cfg: (setattr(cfg, "on", True), cfg.params.update(std={"knee": 1.0})))
    one.knobs["on"].write(False)
    one.knobs["hip"].write(2.0)
    assert not one.terms.hold("on")
    assert not one.terms.hold("hip")
    one.terms.new_iteration()
    one.call()
    assert one.cfg.on is False
    assert one.cfg.params["std"] == {"knee": 1.0, "hip": 2.0}


def test_releasing_what_nobody_writes_leaves_it():
    one = OneTerm(nothing)
    one.call()
    one.knobs["weight"].write(-5.0)
    one.terms.hold("weight")
    one.call()
    one.terms.release("weight")
    one.terms.release("weight")
    one.call()
    assert one.cfg.weight == -5.0


def test_a_knob_of_another_kind_is_not_held():
    one = OneTerm(nothing)
    assert not one.terms.hold("ppo/gamma")
    one.terms.release("ppo/gamma")
    assert one.terms.competing_writer_of("ppo/gamma") == ""


def test_two_terms_that_write_the_same_knob_see_each_other():
    first, second = SimpleNamespace(), SimpleNamespace()
    cfg = SimpleNamespace(weight=1.0)
    first.func = lambda: setattr(cfg, "weight", cfg.weight * 2)
    second.func = lambda: setattr(cfg, "weight", cfg.weight + 1)
    knob = slot_knob(attribute_slot(cfg, "weight"), name="weight", kind="reward", takes_effect="next iteration")
    managed = {"first": first, "second": second}
    manager = SimpleNamespace(active_terms=list(managed), get_term_cfg=managed.get)
    terms = CurriculumTerms(manager, [knob], lambda *report: None)
    first.func(), second.func()
    knob.write(-1.0)
    terms.hold("weight")
    first.func(), second.func()
    assert cfg.weight == -1.0
    terms.release("weight")
    assert cfg.weight == (1 * 2 + 1) * 2 + 1


def test_a_term_that_is_held_off_reports_nothing():
    cfgs = {name: SimpleNamespace(weight=1.0) for name in ("one", "other")}

    def write():
        cfgs["one"].weight, cfgs["other"].weight = 4.0, 5.0
        return 0.5

    term = SimpleNamespace(func=write)
    knobs = [
        slot_knob(attribute_slot(cfg, "weight"), name=name, kind="reward", takes_effect="next iteration")
        for name, cfg in cfgs.items()
    ]
    manager = SimpleNamespace(active_terms=["step"], get_term_cfg=lambda name: term)
    log = {"Curriculum/step": 0.5, "Curriculum/stepwise": 1.0}
    terms = CurriculumTerms(manager, knobs, lambda *report: None, log=lambda: log)
    assert term.func() == 0.5
    terms.hold("one")
    assert log == {"Curriculum/stepwise": 1.0}
    assert term.func() == 0.5  # it still writes the other
    terms.hold("other")
    assert term.func() is None
    terms.release("other")
    assert term.func() == 0.5


def test_what_a_release_needs_beyond_the_configuration_is_done():
    built = []
    cfg = SimpleNamespace(weight=1.0)
    term = SimpleNamespace(func=lambda: setattr(cfg, "weight", 4.0))
    knob = slot_knob(
        attribute_slot(cfg, "weight"),
        name="weight",
        kind="reward",
        takes_effect="next iteration",
        take_effect=lambda: built.append(cfg.weight),
    )
    manager = SimpleNamespace(active_terms=["step"], get_term_cfg=lambda name: term)
    terms = CurriculumTerms(manager, [knob], lambda *report: None)
    knob.write(2.0)
    terms.hold("weight")
    term.func()
    terms.release("weight")
    assert built == [2.0, 4.0]


# --- mjlab's own ---


def own_log(training):
    """Return what the task's own command curriculum has published at the last reset."""
    prefix = "Curriculum/command_vel/"
    return {name.removeprefix(prefix) for name in training.env.extras["log"] if name.startswith(prefix)}


@pytest.mark.real
def test_mjlabs_command_curriculum_is_found_and_kept_off(mode):
    with Simulated(G1, 4).in_mode(mode) as training:
        check_command_curriculum(training)


def check_command_curriculum(training):
    name = "command/twist/lin_vel_x"
    training.reset(0)
    assert {report[0] for report in training.reports} == {name, "command/twist/ang_vel_z"}
    assert set(training.reports) == {
        (name, "curriculum term command_vel", False),
        ("command/twist/ang_vel_z", "curriculum term command_vel", False),
    }
    training.set("command/twist/rel_forward_envs", 0.0)
    training.set("command/twist/rel_standing_envs", 0.0)
    training.set(name, (3.0, 3.5))
    assert training.hold(name)
    term = training.env.command_manager.get_term("twist")
    for _ in range(3):
        training.reset()
        with torch.inference_mode():
            assert within(term.vel_command_w[:, 0], 3.0, 3.5)
        training.new_iteration()
    training.env.common_step_counter = 5000 * 24  # the curriculum's next stage
    training.reset(1)
    assert term.cfg.ranges.lin_vel_x == (3.0, 3.5)
    assert term.cfg.ranges.ang_vel_z == (-0.7, 0.7)
    assert own_log(training) == {  # its own range of x is in no environment
        *("lin_vel_y_min", "lin_vel_y_max", "ang_vel_z_min", "ang_vel_z_max"),
    }
    training.hold("command/twist/lin_vel_y")
    training.hold("command/twist/ang_vel_z")
    assert own_log(training) == set()  # what an earlier reset logged is gone at once
    training.reset(1)
    assert own_log(training) == set()
    training.release("command/twist/ang_vel_z")
    training.release("command/twist/lin_vel_y")
    training.reset(1)
    assert "ang_vel_z_max" in own_log(training)
    training.release(name)
    assert term.cfg.ranges.lin_vel_x == (-1.5, 2.0)
    training.reset(1)
    assert term.cfg.ranges.lin_vel_x == (-1.5, 2.0)
    assert training.training.competing_writers[1].competing_writer_of(name) == "curriculum term command_vel"


def bounded(env, limit):
    return torch.zeros(env.num_envs, dtype=torch.bool) & (env.episode_length_buf > limit)


def level(env, low):
    return torch.full((env.num_envs,), float(low))


class Growing:
    """A class-based curriculum with state, as Isaac Lab's style has them."""

    def __init__(self, cfg, env):
        self.resets = 0

    def __call__(self, env, env_ids):
        return {}

    def reset(self, env_ids):
        self.resets += 1


BEGINNING = 50
"""Step at which curricula begin to write."""


@pytest.mark.real
def test_mjlabs_staged_curricula_that_begin_in_the_run_are_kept_off(mode):
    def edit(cfg):
        from mjlab.managers.termination_manager import TerminationTermCfg

        cfg.rewards["level"] = RewardTermCfg(func=level, weight=1.0, params={"low": 1.0})
        cfg.terminations["bounded"] = TerminationTermCfg(func=bounded, params={"limit": 10.0})
        stages = [{"step": BEGINNING, "weight": 2.0, "params": {"low": 5.0}}]
        limits = [{"step": BEGINNING, "params": {"limit": 20.0}}]
        cfg.curriculum = {
            "harder": CurriculumTermCfg(func=reward_curriculum, params={"reward_name": "level", "stages": stages}),
            "shorter": CurriculumTermCfg(
                func=termination_curriculum, params={"termination_name": "bounded", "stages": limits}
            ),
            "growing": CurriculumTermCfg(func=Growing),
        }

    with Simulated(CARTPOLE, 3, edit).in_mode(mode) as training:
        check_staged_curricula(training)


def check_staged_curricula(training):
    growing = training.env.curriculum_manager.get_term_cfg("growing").func
    resets = growing.resets
    training.reset()
    assert growing.resets == resets + 1
    assert training.reports == []
    training.set("reward/level/low", 3.0)
    assert not training.hold("reward/level/low")
    training.new_iteration()
    training.env.common_step_counter = BEGINNING
    training.reset(0)
    assert sorted(training.reports) == [
        ("reward/level/low", "curriculum term harder", True),
        ("reward/level/weight", "curriculum term harder", False),
        ("termination/bounded/limit", "curriculum term shorter", False),
    ]
    manager = training.env.reward_manager
    training.step()
    assert manager._step_reward[:, manager.active_terms.index("level")].tolist() == [6.0] * 3
    training.release("reward/level/low")
    training.step()
    assert manager._step_reward[:, manager.active_terms.index("level")].tolist() == [10.0] * 3
