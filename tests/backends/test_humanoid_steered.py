"""A humanoid that follows velocity commands is steered while it trains: every kind of knob, by what the physics has.

The task has a curriculum of its own that writes a weight, a command range and a termination's parameter at each reset;
a velocity curriculum of this program's leads the commands.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.backends.masses import check_drawn_now, check_drawn_on_reset
from tests.backends.measured_run import MeasuredRun
from trainer_proc.contract.knob import refusal
from trainer_proc.contract.requests import Stop, Undo, Unpin

pytestmark = pytest.mark.real

LEVEL, MODE, UP = (f"curriculum/velocity/{knob}" for knob in ("level", "mode", "up"))
FORWARD = [(0.0, 0.5), (0.0, 1.0), (0.3, 1.5)]
"""Commanded forward speeds in m/s, by level."""
LATERAL, YAW = [(-0.2, 0.2), (-0.3, 0.3), (-0.4, 0.4)], [(-0.3, 0.3)]
RATE = "ppo/learning_rate"
STEPS, ENVIRONMENTS = 8, 6
SHORT = {"agent.num_steps_per_env": STEPS, "env.episode_length_s": 0.5}
"""Rollouts that are shorter than episodes, so that these don't all end in the same one."""


@pytest.fixture(scope="module")
def g1(simulator):
    return simulator.humanoid


@pytest.fixture(scope="module")
def fields(g1, mode) -> dict:
    """What is trained: at level 0 until somebody says otherwise."""
    velocity = {"kind": "velocity", "command": g1.command, "forward": FORWARD, "lateral": LATERAL, "yaw": YAW}
    limits = {"stay": 2, "episodes": 0, "up": 0.9, "down": -0.5}
    hardly_ever = {"kind": "velocity", "command": g1.command, "linear_error": 1e-6, "angular_error": 1e-6}
    stronger = {"kind": "staged", "stages": [{g1.usual: (1.0, 1.0)}, {g1.usual: (1.4, 1.5)}], "thresholds": [0.9]}
    return {
        "task": g1.own_task,
        "modules": [g1.module],
        "overrides": SHORT | g1.coarse,
        "curricula": {"velocity": velocity | limits, "stronger": stronger},
        "success": hardly_ever,
        "fast": {"mode": "on"} if mode == "captured" else {},
    }


@pytest.fixture(scope="module")
def run(work, fields, mode) -> Iterator[MeasuredRun]:
    """The humanoid, training until it is stopped."""
    run = MeasuredRun(work / "logs" / "rsl_rl" / f"humanoid_{mode}" / "steered", **fields)
    try:
        yield run.has_begun()
    finally:
        run.kill()


def within(values, low: float, high: float, slack: float = 1e-5) -> bool:
    """Tell whether there are values, all of them in a range, and not all the same."""
    values = np.array(values)
    return bool(
        values.size > 1 and (values >= low - slack).all() and (values <= high + slack).all() and np.ptp(values) > 0
    )


def gathered(run: MeasuredRun, iteration: int, what: str, at_least: int) -> list:
    """Return what was measured in rollouts from `iteration` on, until there is enough of it."""
    found: list = []
    while len(found) < at_least:
        found += run.rollout(iteration)[what]
        iteration += 1
    return found


# --- What there is ------------------------------------------------------------------------------------------


def test_every_kind_of_knob_is_there_with_type_unit_default_and_bounds(run, g1):
    knobs = {name: state.knob for name, state in run.see().knobs.items()}

    def told(name: str) -> tuple:
        return knobs[name].kind, knobs[name].type, knobs[name].unit, knobs[name].takes_effect

    on_reset, next_one = "at each environment's reset", "next iteration"
    assert told(g1.weight) == ("reward", "number", "", next_one)
    assert told(g1.parameter)[::3] == ("reward", next_one)
    assert knobs[g1.parameter].minimum == pytest.approx(1e-6)
    assert told(g1.mass) == ("randomization", "range", knobs[g1.mass].unit, on_reset)
    assert told(g1.friction)[:2] == ("randomization", "range")
    assert knobs[g1.friction].minimum == 0.0
    assert all(knobs[name].can_resample_now for name in (g1.mass, g1.friction, g1.usual))
    assert told(g1.usual) == ("randomization", "range", "×", on_reset)
    assert (knobs[g1.usual].default, knobs[g1.usual].usual) == ((1.0, 1.0), (0.9, 1.1))
    assert told(g1.reset) == ("randomization", "range", "m", on_reset)
    assert (knobs[g1.reset].default, knobs[g1.reset].can_resample_now) == ((-0.5, 0.5), False)
    assert told(g1.push) == ("randomization", "range", "m/s", next_one)
    assert told(g1.push_interval) == ("randomization", "range", "s", next_one)
    assert knobs[g1.push_interval].minimum == 1e-3
    assert told(g1.noise) == ("randomization", "range", "", next_one)
    assert (knobs[g1.noise].default, knobs[g1.noise].usual) == ((-0.05, 0.05), (-0.05, 0.05))
    assert told(g1.forward) == ("command", "range", "m/s", "at the next command")
    assert told(g1.fall)[::3] == ("termination", next_one)
    assert (knobs[LEVEL].type, knobs[LEVEL].maximum, knobs[MODE].choices) == (
        "integer",
        2.0,
        ("auto", "manual", "hold"),
    )
    assert all(knob.read_only for name, knob in knobs.items() if name.startswith("environment/"))
    for knob in knobs.values():
        assert knob.read_only or refusal(knob, knob.default) is None, knob.name


# --- Rewards ------------------------------------------------------------------------------------------------


def test_a_tenfold_weight_gives_tenfold_from_the_boundary_on(run, g1):
    (weight,) = run.values(g1.weight)
    applied = run.changed({g1.weight: 10 * weight})
    before, after = run.rollout(applied.iteration - 1)["ratios"], run.rollout(applied.iteration)["ratios"]
    np.testing.assert_allclose(before, weight, rtol=1e-3)
    np.testing.assert_allclose(after, 10 * weight, rtol=1e-3)
    assert min(len(before), len(after)) > 10
    run.turned({g1.weight: weight})


# --- Randomization ------------------------------------------------------------------------------------------


def test_masses_are_drawn_again_now_in_all_environments_and_never_add_up(run, g1):
    check_drawn_now(run, g1.mass)


def test_masses_are_drawn_again_on_reset_in_each_environment_by_itself(run, g1):
    check_drawn_on_reset(run, g1.mass)


def test_friction_is_what_was_drawn(run, g1):
    assert within(run.turned({g1.friction: (0.3, 0.4)}, "now")["frictions"], 0.3, 0.4)
    assert within(run.turned({g1.friction: (0.9, 1.1)}, "now")["frictions"], 0.9, 1.1)
    assert within(run.rollout(run.state.iteration + 1)["frictions"], 0.9, 1.1)


def test_a_usual_randomization_that_the_task_does_not_have_is_switched_on_and_off(run, g1):
    before = run.rollout(run.state.iteration)["strengths"]
    strong = np.array(run.turned({g1.usual: (2.0, 2.2)}, "now")["strengths"])
    assert within(strong / np.array(before), 2.0, 2.2)
    np.testing.assert_allclose(run.turned({g1.usual: (1.0, 1.0)}, "now")["strengths"], before, rtol=1e-6)


def test_resets_lie_in_the_new_range(run, g1):
    applied = run.changed({g1.reset: (2.0, 2.5)})
    assert within(gathered(run, applied.iteration, "offsets", 4), 2.0, 2.5, slack=0.05)
    applied = run.changed({g1.reset: (-0.5, 0.5)})
    assert within(gathered(run, applied.iteration, "offsets", 4), -0.5, 0.5, slack=0.05)


def test_pushes_come_as_often_and_as_hard_as_the_new_ranges_say(run, g1):
    step = run.see().knobs["environment/control_step"].value
    soon = (1.5 * step, 1.6 * step)
    applied = run.changed({g1.push_interval: soon, g1.push: (3.0, 3.2)})
    assert len(run.rollout(applied.iteration - 1)["pushes"]) <= ENVIRONMENTS
    pushes = run.rollout(applied.iteration)["pushes"]  # timers that ran were drawn again
    assert ENVIRONMENTS * (STEPS // 2 - 1) <= len(pushes) <= ENVIRONMENTS * (STEPS // 2 + 1)
    assert within(pushes, 3.0, 3.2, slack=0.6)  # velocities are a physics step old
    later = run.changed({g1.push_interval: (100.0, 200.0)})
    assert run.rollout(later.iteration)["pushes"] == []


def test_noise_is_added_as_the_new_range_says(run, g1):
    assert within(run.turned({g1.noise: (0.5, 0.7)})["noise"], 0.5, 0.7)
    np.testing.assert_allclose(run.turned({g1.noise: (0.0, 0.0)})["noise"], 0.0, atol=1e-5)
    assert within(run.turned({g1.noise: (-0.05, 0.05)})["noise"], -0.05, 0.05)


# --- Terminations -------------------------------------------------------------------------------------------


def test_a_termination_s_parameter_says_when_episodes_end(run, g1):
    never = run.turned({g1.fall: g1.fall_never})
    assert never["falls"] == 0
    always = run.turned({g1.fall: g1.fall_always})
    ended = np.array(always["ended"])
    assert (always["falls"], ended.all()) == (ended.size, True)
    assert run.turned({g1.fall: g1.fall_never})["falls"] == 0


# --- The task's own curriculum ------------------------------------------------------------------------------


def test_what_the_task_s_curriculum_writes_is_reported_and_pinned_until_it_is_given_back(run, g1):
    name = g1.curriculum_weight
    run.wait(lambda state: state.knobs[name].knob.competing_writer, "its other writer")
    assert run.see().knobs[name].knob.competing_writer == "curriculum term heavier"
    assert run.values(name) == [g1.curriculum_weight_to]
    applied = run.changed({name: -7.0})
    assert name in applied.pinned
    gathered(run, applied.iteration, "offsets", 4)  # resets, at each of which it writes
    run.trains()
    assert run.values(name) == [-7.0]
    assert run.see().knobs[name].knob.pinned
    unpinned = run.applied(Unpin((name,)))
    assert name in unpinned.unpinned
    assert run.values(name) == [g1.curriculum_weight_to]
    assert not run.see().knobs[name].knob.pinned


def test_a_termination_that_the_task_s_curriculum_writes_goes_back_to_it(run, g1):
    knob = run.see().knobs[g1.fall].knob  # turned in an earlier test
    assert (knob.competing_writer, knob.pinned) == ("curriculum term stricter", True)
    run.applied(Unpin((g1.fall,)))
    run.trains()
    assert run.values(g1.fall) == [g1.curriculum_fall_to]


# --- Commands and the velocity curriculum -------------------------------------------------------------------


def check_commands(run: MeasuredRun, iteration: int, forward: tuple[float, float]) -> None:
    """Assert that what is sampled from `iteration` on lies in a range, and fills it."""
    samples = [command[0] for command in gathered(run, iteration, "commands", 8)]
    assert within(samples, *forward)
    assert np.ptp(samples) > (forward[1] - forward[0]) / 10


def test_a_level_of_the_velocity_curriculum_is_what_the_next_rollout_is_commanded(run, g1):
    assert run.values(LEVEL, MODE, g1.forward) == [0.0, "auto", FORWARD[0]]
    check_commands(run, 1, FORWARD[0])
    for level in (2, 1):
        applied = run.changed({LEVEL: float(level)})
        assert run.values(MODE, g1.forward) == ["manual", FORWARD[level]]
        check_commands(run, applied.iteration, FORWARD[level])
        assert run.metric("Curriculum/velocity/level", applied.iteration) == level
    knob = run.see().knobs[g1.forward].knob
    assert (knob.competing_writer, knob.pinned) == ("curriculum term faster", True)


def test_on_auto_success_decides_and_says_why(run, g1):
    applied = run.changed({MODE: "auto", UP: -0.1})
    run.wait(lambda state: state.knobs[LEVEL].value == 2.0, "the next level")
    decided = [one for one in run.state.interventions.values() if one.origin == "curriculum"][-1]
    assert decided.iteration >= applied.iteration
    assert decided.note.startswith("velocity: Train/success_rate")
    check_commands(run, decided.iteration, FORWARD[2])


def test_a_stage_draws_what_it_randomizes(run, g1):
    before = np.array(run.rollout(run.state.iteration)["strengths"])
    strong = np.array(run.turned({"curriculum/stronger/level": 1.0}, "now")["strengths"])
    assert within(strong / before, 1.4, 1.5)
    assert run.values(g1.usual) == [(1.4, 1.5)]
    np.testing.assert_allclose(run.turned({"curriculum/stronger/level": 0.0}, "now")["strengths"], before, rtol=1e-6)


def test_turning_a_command_range_puts_the_curriculum_on_hold_and_is_what_is_sampled(run, g1):
    applied = run.changed({g1.forward: (-2.0, -1.5)})
    assert run.values(MODE) == ["hold"]
    check_commands(run, applied.iteration, (-2.0, -1.5))
    run.trains()
    assert run.values(g1.forward) == [(-2.0, -1.5)]
    undone = run.applied(Undo())
    assert run.values(MODE, g1.forward) == ["auto", FORWARD[2]]
    check_commands(run, undone.iteration, FORWARD[2])


# --- On from a checkpoint -----------------------------------------------------------------------------------


def test_a_resumed_training_goes_on_where_it_was(run, g1, work, fields, mode):
    kept = {
        g1.weight: -0.3,
        g1.curriculum_weight: -5.0,
        g1.mass: (0.7, 0.8),
        g1.friction: (0.5, 0.55),
        LEVEL: 1.0,
        RATE: 1e-4,
    }
    applied = run.changed(kept, "now")
    run.rollout(applied.iteration)
    run.ask(Stop())
    assert run.ends() == 0
    stopped = run.state
    last = run.witness()[stopped.iteration]
    folder = work / "logs" / "rsl_rl" / f"humanoid_{mode}_resumed" / "steered"
    resumed = MeasuredRun(folder, **fields, checkpoint=str(run.folder.checkpoints()[-1]))
    try:
        first = resumed.has_begun().rollout(stopped.iteration + 1)
        assert resumed.state.first_iteration == stopped.iteration + 1
        assert first["counter"] == last["counter"] + STEPS
        for name in kept:
            assert resumed.state.knobs[name].value == stopped.knobs[name].value == kept[name], name
            assert resumed.state.knobs[name].knob.pinned == stopped.knobs[name].knob.pinned, name
        assert resumed.values(MODE, g1.forward) == ["manual", FORWARD[1]]
        np.testing.assert_allclose(first["ratios"], -0.3, rtol=1e-3)
        assert set(first["rates"]) == {1e-4}
        check_commands(resumed, stopped.iteration + 1, FORWARD[1])
        assert within(first["frictions"], 0.5, 0.55)
        masses = np.array(first["masses"]) / np.median(np.array(run.witness()[0]["masses"]), axis=0)
        assert (masses.min(axis=0) < 0.85).any()
        run_on = resumed.trains()
        assert resumed.rollout(run_on)["counter"] > first["counter"]
        assert resumed.values(g1.curriculum_weight) == [-5.0]
    finally:
        resumed.kill()
