"""A run written down as a preset that repeats it: which steps, when, and what the preset starts with."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from curricula.errors import UsageError
from presets import read_preset
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    Ramp,
    RunStarted,
)
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.run_folder import RunSpec
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.recordings.recorded_preset import launch_command, recorded_preset

WEIGHT, RATE, MASS, SPEED = "reward/upright/weight", "ppo/learning_rate", "event/mass/scale", "command/speed"
REWARD = "Train/mean_reward"
SPEC = RunSpec(
    preset="cartpole",
    backend="mjlab",
    task="Mjlab-Cartpole-Balance",
    experiment="cartpole",
    device="cpu",
    num_envs=8,
    iterations=300,
    seed=7,
)
STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=8, iterations=300, seed=7, pid=1
)
KNOBS = KnobsAvailable(
    0,
    (
        Knob(WEIGHT, "reward", 1.0, 1.0, "next iteration"),
        Knob(RATE, "algorithm", 1e-3, 1e-3, "next iteration"),
        Knob(MASS, "randomization", (1.0, 1.0), (1.0, 1.0), "re-randomized now", type="range"),
        Knob(SPEED, "command", (0.0, 1.0), (0.0, 1.0), "at the next command", type="range"),
        *(
            Knob(f"curriculum/growth/{name}", "curriculum", value, value, "next iteration")
            for name, value in (("level", 0.0), ("mode", "auto"))
        ),
        Knob("guard/kl/mode", "algorithm", "warn", "warn", "next iteration", type="choice"),
    ),
)
GROWTH = {"kind": "growth", "ranges": {MASS: {"from": [1.0, 1.0], "to": [0.5, 1.5]}}, "steps": 5}


def frames(*bodies):
    return [Frame(number, 0.0, body) for number, body in enumerate((STARTED, KNOBS, *bodies))]


def done(number, iteration, knob, old, new, origin="person", **more):
    return InterventionApplied(number, origin, iteration, number, (Change(knob, old, new),), **more)


def published(values, first=0, name=REWARD):
    """A metric's values, one an iteration."""
    for iteration, value in enumerate(values, first):
        yield IterationFinished(iteration, 0, pack_values([value]), 0, 0.0)


@pytest.fixture
def written(tmp_path):
    """Write a run's preset to a file and read it."""

    def write(spec, *bodies, **how):
        file = tmp_path / "again.toml"
        file.write_text(recorded_preset("walk", spec, frames(*bodies), **how).text, encoding="utf-8")
        return read_preset(file)

    return write


def steps_of(preset, name="recording"):
    return preset.curriculum[name]["steps"]


def test_every_kind_of_change_is_a_step(written):
    ramp = Ramp(20, "geometric", {WEIGHT: 4.0})
    preset = written(
        SPEC,
        done(1, 0, WEIGHT, 1.0, 2.0, "launch"),
        done(2, 3, WEIGHT, 2.0, 2.1, ramp=ramp, note="slowly"),
        done(3, 4, MASS, (1.0, 1.0), (0.8, 1.2), when="now"),
        done(4, 5, RATE, 1e-3, 5e-4, pinned=(RATE,)),
        done(5, 6, RATE, 5e-4, 1e-3, undoes=4, unpinned=(RATE,)),
        done(6, 7, RATE, 1e-3, 5e-4, redoes=4, pinned=(RATE,), note="once more"),
        InterventionQueued(7, "person", (), unpin=(RATE,)),
        done(7, 8, RATE, 5e-4, 5e-4, unpinned=(RATE,)),
        InterventionApplied(8, "person", 9, 8, (), stopped_ramps=(WEIGHT,)),
    )
    assert steps_of(preset) == [
        {"iteration": 3, "note": "slowly", "set": {WEIGHT: 4.0}, "ramp": {"iterations": 20, "shape": "geometric"}},
        {"iteration": 4, "when": "now", "set": {MASS: [0.8, 1.2]}},
        {"iteration": 5, "set": {RATE: 5e-4}},
        {"iteration": 6, "unpin": [RATE], "again": True, "note": "undo", "set": {RATE: 1e-3}},
        {"iteration": 7, "again": True, "note": "once more", "set": {RATE: 5e-4}},
        {"iteration": 8, "unpin": [RATE]},
        {"iteration": 9, "stop_ramps": [WEIGHT]},
    ]


def test_what_failed_waits_or_did_nothing_is_no_step(written):
    preset = written(
        SPEC,
        InterventionQueued(1, "person", (Change(WEIGHT, 1.0, 2.0),)),
        InterventionFailed(1, 3, "RuntimeError: no"),
        InterventionApplied(2, "person", 4, 2, ()),
        InterventionQueued(3, "person", (Change(WEIGHT, 1.0, 2.0),)),
    )
    assert preset.curriculum == {}
    assert "which has no changes" in preset.description


def test_values_are_as_they_were_asked_for_where_a_simulator_has_rounded_them(written):
    rounded = 0.30000001192092896
    preset = written(
        SPEC,
        InterventionQueued(1, "person", (Change(WEIGHT, 1.0, 0.3), Change(RATE, 1e-3, 0.5))),
        InterventionApplied(1, "person", 3, 1, (Change(WEIGHT, 1.0, rounded), Change(RATE, 1e-3, 0.01))),
    )
    assert steps_of(preset)[0]["set"] == {WEIGHT: 0.3, RATE: 0.01}


def test_what_is_asked_for_in_a_pause_comes_after_what_curricula_decide(written):
    preset = written(
        SPEC,
        done(1, 3, WEIGHT, 1.0, 2.0),
        PhaseChanged("paused", "after iteration 2"),
        done(2, 3, WEIGHT, 2.0, 3.0),
        PhaseChanged("training"),
        done(3, 4, WEIGHT, 3.0, 4.0),
    )
    assert [step.get("late", False) for step in steps_of(preset)] == [False, True, False]


def test_a_ramp_is_of_what_ramps_and_not_of_what_it_brings(written):
    changes = (Change(SPEED, (0.0, 1.0), (0.0, 1.1)), Change("curriculum/growth/mode", "auto", "hold"))
    ramp = Ramp(10, targets={SPEED: (0.0, 2.0)})
    growth = {"kind": "growth", "ranges": {SPEED: {"from": [0.0, 1.0], "to": [0.0, 2.0]}}}
    preset = written(
        replace(SPEC, curricula={"growth": growth}), InterventionApplied(1, "person", 3, 1, changes, ramp=ramp)
    )
    (step,) = steps_of(preset)
    assert step["set"] == {SPEED: [0.0, 2.0], "curriculum/growth/mode": "hold"}
    assert step["ramp"] == {"iterations": 10, "knobs": [SPEED]}


def test_the_preset_starts_what_the_run_was_started_with(written):
    spec = replace(
        SPEC,
        set={WEIGHT: 2.0},
        bounds={"reward/*": (0.0, 9.0)},
        overrides={"env.episode_length_s": 5.0},
        modules=("my_tasks",),
        module_folder="/somewhere",
        success={"kind": "time-out", "window": 50},
        curricula={"growth": GROWTH},
    )
    preset = written(spec, done(1, 0, WEIGHT, 1.0, 2.0, "launch"), done(2, 3, WEIGHT, 2.0, 3.0))
    again = make_spec(preset, Overrides(seed=7, device="cpu"), [])
    assert steps_of(preset) == [{"iteration": 3, "set": {WEIGHT: 3.0}}]
    assert again == replace(spec, preset="again", curricula=preset.curriculum)
    assert preset.curriculum["growth"] == GROWTH


def test_undone_values_may_lie_beyond_the_bounds_that_a_default_lies_beyond(written):
    spec = replace(SPEC, bounds={WEIGHT: (2.0, 9.0)})
    preset = written(spec, done(1, 3, WEIGHT, 1.0, 2.0), done(2, 4, WEIGHT, 2.0, 1.0, undoes=1))
    assert [step["set"] for step in steps_of(preset)] == [{WEIGHT: 2.0}, {WEIGHT: 1.0}]


def test_a_recording_beside_another_has_a_name_of_its_own(written):
    table = {"kind": "recording", "steps": [{"iteration": 2, "set": {WEIGHT: 5.0}}]}
    preset = written(replace(SPEC, curricula={"recording": table}), done(1, 3, WEIGHT, 5.0, 2.0))
    assert preset.curriculum["recording"] == table
    assert steps_of(preset, "recording-2") == [{"iteration": 3, "set": {WEIGHT: 2.0}}]


def test_a_launch_value_that_has_put_a_curriculum_on_hold_does_so_again(written):
    spec = replace(SPEC, set={MASS: (0.9, 1.0)}, curricula={"growth": GROWTH})
    launched = (Change(MASS, (1.0, 1.0), (0.9, 1.0)), Change("curriculum/growth/mode", "auto", "hold"))
    preset = written(
        spec,
        done(1, 0, "curriculum/growth/level", 0.0, 0.0, "curriculum"),
        InterventionApplied(2, "launch", 0, 2, launched),
    )
    assert preset.curriculum["growth"]["mode"] == "hold"
    assert preset.set == {MASS: (0.9, 1.0), "curriculum/growth/mode": "hold", "curriculum/growth/level": 0.0}


def test_everyone_is_recorded_and_nobody_decides_again(written):
    spec = replace(SPEC, curricula={"growth": GROWTH}, set={"guard/kl/mode": "act"})
    level = (Change("curriculum/growth/level", 0.0, 1.0), Change(MASS, (1.0, 1.0), (0.9, 1.1)))
    bodies = (
        InterventionApplied(1, "curriculum", 0, 1, (Change("curriculum/growth/level", 0.0, 0.0),)),
        done(2, 0, "guard/kl/mode", "warn", "act", "launch"),
        InterventionApplied(number=3, origin="curriculum", iteration=4, revision=3, changes=level, note="growth: up"),
        done(4, 5, WEIGHT, 1.0, 2.0),
        done(5, 6, WEIGHT, 2.0, 1.0, "guard", undoes=4, note="KL"),
        done(6, 7, "curriculum/growth/mode", "hold", "auto"),
    )
    preset = written(spec, *bodies, everyone=True)
    assert preset.curriculum["growth"]["mode"] == "hold"
    assert preset.set == {"curriculum/growth/mode": "hold", "curriculum/growth/level": 0.0, "guard/kl/mode": "warn"}
    assert steps_of(preset) == [
        {"iteration": 4, "note": "growth: up", "set": {"curriculum/growth/level": 1.0, MASS: [0.9, 1.1]}},
        {"iteration": 5, "set": {WEIGHT: 2.0}},
        {"iteration": 6, "again": True, "note": "KL", "set": {WEIGHT: 1.0}},
        {"iteration": 7, "set": {"curriculum/growth/mode": "hold"}},
    ]
    assert [step["set"] for step in steps_of(written(spec, *bodies))] == [
        {WEIGHT: 2.0},
        {"curriculum/growth/mode": "auto"},
    ]


def test_a_run_that_went_on_from_a_checkpoint_keeps_its_iterations(written):
    spec = replace(SPEC, checkpoint="/runs/a b/model_79.pt", parent="/runs/a b", iterations=20)
    started = replace(STARTED, iterations=20)
    preset = written(spec, started, CheckpointLoaded(80, spec.checkpoint), done(1, 83, WEIGHT, 1.0, 2.0))
    assert preset.iterations == 20
    assert steps_of(preset)[0]["iteration"] == 83
    assert launch_command("my.toml", replace(spec, processes=2)) == (
        "humanoid-tui launch my.toml --device cpu --seed 7 --processes 2 --checkpoint '/runs/a b/model_79.pt'"
    )


# --- by a metric ---


def triggers(written, values, *iterations, first=0):
    bodies = [done(number, at, WEIGHT, 1.0, 2.0 + number) for number, at in enumerate(iterations, 1)]
    preset = written(SPEC, MetricSet(0, (REWARD,)), *published(values, first), *bodies, by=REWARD)
    return steps_of(preset)


def test_a_step_waits_for_the_value_that_the_metric_had_from_the_side_that_it_came_from(written):
    steps = triggers(written, [0.0, 1.0, 2.0, 5.0, 4.0, 3.0, 3.5], 3, 5, 6)
    assert [(step["metric"], step.get("side", "above")) for step in steps] == [
        (REWARD, "above"),  # 2, risen from 0
        (REWARD, "above"),  # 4, risen from 2
        (REWARD, "below"),  # 3, fallen from 4
    ]
    assert [step["value"] for step in steps] == pytest.approx([2.0, 4.0, 3.0], rel=1e-5)
    assert steps[0]["value"] <= 2.0
    assert steps[2]["value"] >= 3.0


def test_what_is_rounded_is_reached_by_what_was_published_as_it(written):
    for exact in (0.1, -0.1, 1 / 3, -1 / 3, 123456.789, -1e-7, 9.99999999):
        (rising,) = triggers(written, [-1e9, -1e9, exact], 3)
        (falling,) = triggers(written, [1e9, 1e9, exact], 3)
        assert rising["value"] <= exact <= falling["value"]
        assert rising["value"] == pytest.approx(exact, rel=1e-4)
        assert falling["value"] == pytest.approx(exact, rel=1e-4)


def test_changes_of_one_moment_wait_for_the_same(written):
    steps = triggers(written, [9.0, 9.0, 2.0], 3, 3)
    assert steps[0]["side"] == steps[1]["side"] == "below"
    assert steps[0]["value"] == steps[1]["value"]


def test_the_last_value_counts_and_one_that_is_not_finite_does_not(written):
    (step,) = triggers(written, [0.0, 4.0, math.nan, math.inf], 5)
    assert step["value"] == pytest.approx(4.0, rel=1e-5)


def test_what_was_asked_for_before_the_first_iteration_had_finished_keeps_its_iteration(written):
    steps = triggers(written, [0.0, 4.0], 1, 2)
    assert steps[0]["iteration"] == 1
    assert "iteration" not in steps[1]


def test_a_metric_that_was_not_there_is_told_in_one_line(written):
    with pytest.raises(UsageError, match=r"no such metric: Train/mean_rewrd; nearest: Train/mean_reward$"):
        written(SPEC, MetricSet(0, (REWARD,)), *published([1.0]), by="Train/mean_rewrd")
    with pytest.raises(UsageError, match=r"first published after iteration 5, but a change was applied @4"):
        triggers(written, [0.0, 4.0], 4, first=5)
    with pytest.raises(UsageError, match=f"no such metric: {REWARD}"):
        triggers(written, [math.nan], 3)
