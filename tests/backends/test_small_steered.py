"""A small task is steered while it trains: what the update and the masses are is measured, not read back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from tests.backends.masses import check_drawn_now, check_drawn_on_reset
from tests.backends.measured_run import MeasuredRun
from tests.program import program
from trainer_proc.contract.knob import refusal
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.monitoring import GuardFired
from trainer_proc.contract.requests import Pause, Redo, Resume, Save, Stop, StopRamp, Tune, Undo, Unpin
from tui.session.runs.run_index import read_state


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global onnxruntime
    import onnxruntime


pytestmark = pytest.mark.real

RATE, EPOCHS, CLIP, ENTROPY = "ppo/learning_rate", "ppo/num_learning_epochs", "ppo/clip_param", "ppo/entropy_coef"
DESIRED_KL = "ppo/desired_kl"
CAPTURED = {"rewards", "observations", "terminations", "episode ends", "scene/update", "ppo/update"}
SHORT = {"agent.num_steps_per_env": 8, "env.episode_length_s": 1.5}
"""Rollouts that are shorter than episodes, so that these don't all end in the same one."""


@pytest.fixture(scope="module")
def run(simulator, work, mode) -> Iterator[MeasuredRun]:
    """The small task, training until it is stopped."""
    fields = {"task": simulator.small.task, "overrides": SHORT}
    fields |= {"fast": {"mode": "on"}} if mode == "captured" else {}
    run = MeasuredRun(work / "logs" / "rsl_rl" / f"small_{mode}" / "steered", **fields)
    try:
        yield run.has_begun()
    finally:
        run.kill()


@pytest.fixture(scope="module")
def weight(simulator) -> str:
    return f"reward/{simulator.small.reward}/weight"


def test_the_step_is_captured_in_fast_mode(run, mode):
    if mode == "eager":
        run.trains()
        assert run.see().step_captured is None
        return
    run.wait(lambda state: reasons_of(state).keys() >= CAPTURED, "all parts, with the ends of episodes")
    eager = {name for name, reason in reasons_of(run.state).items() if reason}
    assert eager == {"ppo/update"}  # its optimizer is watched here


def reasons_of(state):
    """Why the parts of the step run eagerly, by name; empty of those that are captured."""
    return {part.name: part.reason for part in state.step_captured.parts} if state.step_captured else {}


# --- What there is ------------------------------------------------------------------------------------------


def test_knobs_tell_type_unit_default_and_bounds(run, simulator, weight):
    knobs = {name: state.knob for name, state in run.see().knobs.items()}
    mass = knobs[simulator.small.mass]
    assert (mass.type, mass.unit, mass.default, mass.usual) == ("range", "×", (1.0, 1.0), (0.8, 1.2))
    assert (mass.minimum or 0) > 0
    assert mass.can_resample_now
    assert (knobs[weight].type, knobs[weight].takes_effect) == ("number", "next iteration")
    assert knobs[weight].metric == f"Episode_Reward/{simulator.small.reward}"
    reset = knobs[simulator.small.reset]
    assert (reset.type, reset.takes_effect) == ("range", "at each environment's reset")
    assert (knobs[RATE].type, knobs[RATE].competing_writer) == ("number", "the adaptive schedule")
    assert (knobs[EPOCHS].type, knobs[EPOCHS].minimum) == ("integer", 1.0)
    assert (knobs[CLIP].default, knobs[ENTROPY].minimum) == (0.2, 0.0)
    assert (knobs["ppo/gamma"].minimum, knobs["ppo/gamma"].maximum) == (0.0, 1.0)
    assert knobs["ppo/schedule"].choices == ("adaptive", "fixed")
    assert knobs["guard/kl/mode"].choices == ("off", "warn", "act")
    assert (knobs["environment/num_envs"].value, knobs["environment/control_step"].unit) == (6.0, "s")
    assert all(knob.read_only for name, knob in knobs.items() if name.startswith("environment/"))
    for knob in knobs.values():
        assert knob.read_only or refusal(knob, knob.default) is None, knob.name


def test_wrong_requests_are_refused_in_one_line_and_the_training_goes_on(run, simulator, weight, work):
    before = dict(run.see().interventions)
    mass = simulator.small.mass
    for setting, reason in (
        (weight.replace("weight", "weigth") + "=1", f"nearest: {weight}"),
        (f"{mass}=1.2:0.8", "expected LOW ≤ HIGH"),
        (f"{mass}=0.8", "a range LOW:HIGH"),
        (f"{mass}=-1:1", "expected at least"),
        (f"{weight}=nan", "finite"),
        (f"{EPOCHS}=2.5", "a whole number"),
        ("ppo/gamma=1.5", "expected at most 1"),
        ("environment/num_envs=9", "needs a restart"),
    ):
        assert reason in program(work, "tune", str(run.folder.path), setting, f"{CLIP}=0.1", code=1)
    assert "adaptive or fixed" in program(work, "tune", str(run.folder.path), "ppo/schedule=sometimes", code=2)
    run.trains()
    assert run.state.interventions == before
    assert run.values(CLIP) == [0.2]


def test_a_request_that_has_not_seen_the_newest_value_is_refused_with_it(run, weight, work):
    seen = run.see().revision
    run.changed({weight: 1.5})
    told = program(work, "tune", str(run.folder.path), f"{weight}=2", "--revision", str(seen), code=1)
    assert f"{weight} has changed since revision {seen}: it is 1.5" in told
    run.changed({weight: 1.0})


# --- Masses -------------------------------------------------------------------------------------------------


def test_masses_that_the_task_does_not_randomize_are_as_in_the_model(run):
    masses = np.array(run.rollout(0)["masses"])
    np.testing.assert_array_equal(masses, masses[:1].repeat(len(masses), 0))


def test_masses_are_drawn_again_now_in_all_environments_and_never_add_up(run, simulator):
    check_drawn_now(run, simulator.small.mass)


def test_masses_are_drawn_again_on_reset_in_each_environment_by_itself(run, simulator):
    check_drawn_on_reset(run, simulator.small.mass)


# --- Noise --------------------------------------------------------------------------------------------------


def test_noise_is_added_where_there_was_none_and_taken_away_again(run, simulator):
    noise = simulator.small.noise
    np.testing.assert_allclose(run.rollout(0)["noise"], 0.0, atol=1e-5)
    values = np.array(run.turned({noise: (0.2, 0.4)})["noise"])
    assert ((values >= 0.2 - 1e-4) & (values <= 0.4 + 1e-4)).all()
    assert len(np.unique(values)) == values.size
    np.testing.assert_allclose(run.turned({noise: (0.0, 0.0)})["noise"], 0.0, atol=1e-5)


# --- PPO ----------------------------------------------------------------------------------------------------


def test_epochs_change_how_often_the_next_update_steps(run):
    (epochs,) = run.values(EPOCHS)
    steps = len(run.rollout(0)["rates"])
    assert len(run.turned({EPOCHS: 2.0})["rates"]) == steps * 2 / epochs
    assert len(run.turned({EPOCHS: epochs})["rates"]) == steps


def test_a_learning_rate_is_held_against_the_adaptive_schedule_until_it_is_given_back(run):
    run.turned({RATE: 1e-3})
    applied = run.changed({RATE: 1e-5})
    rollout, before = run.rollout(applied.iteration), run.rollout(applied.iteration - 1)
    assert (set(before["rates"]), set(rollout["rates"])) == ({1e-3}, {1e-5})
    assert rollout["moved"] < before["moved"] / 10
    assert set(run.rollout(applied.iteration + 2)["rates"]) == {1e-5}
    assert run.see().knobs[RATE].knob.pinned
    unpinned = run.applied(Unpin((RATE,)))
    assert unpinned.unpinned == (RATE,)
    assert any(rate > 1e-5 for rate in run.rollout(unpinned.iteration)["rates"])  # KL is small: it asks for more
    assert not run.see().knobs[RATE].knob.pinned
    assert set(run.turned({RATE: 1e-3})["rates"]) == {1e-3}


def test_a_clip_range_changes_what_the_next_update_clips(run):
    narrow = run.changed({CLIP: 1e-6}).iteration
    assert run.metric("Policy/clip_fraction", narrow) > 0.5
    wide = run.changed({CLIP: 1000.0}).iteration
    assert run.metric("Policy/clip_fraction", wide) == 0.0
    run.turned({CLIP: 0.2})


def test_an_entropy_coefficient_changes_where_the_next_updates_lead(run):
    applied = run.changed({ENTROPY: 1000.0}).iteration
    before = run.metric("Policy/mean_std", applied - 1)
    assert run.metric("Policy/mean_std", applied + 2) > before + 0.02  # 1e-3 a step, all steps one way
    run.turned({ENTROPY: 0.01})


# --- Interventions ------------------------------------------------------------------------------------------


def test_undo_and_redo_set_back_and_do_again(run, weight):
    (before,) = run.values(weight)
    first = run.changed({weight: 3.0, CLIP: 0.3})
    run.changed({weight: 4.0})
    run.applied(Undo(first.number))
    assert run.values(weight, CLIP) == [before, 0.2]
    run.applied(Redo())
    assert run.values(weight, CLIP) == [3.0, 0.3]
    run.applied(Undo(first.number))
    assert run.values(weight, CLIP) == [before, 0.2]


def test_a_ramp_takes_equal_steps_and_ends_at_its_target(run, weight):
    run.turned({weight: 1.0})
    begun = run.applied(Tune({weight: 5.0}, ramp=Ramp(4)))
    assert begun.changes[0].new == 2.0
    run.wait(lambda state: state.knobs[weight].value == 5.0, "the ramp's end")
    assert run.see().knobs[weight].ramp is None
    assert run.state.iteration >= begun.iteration + 2
    run.applied(Tune({weight: 1.0}, ramp=Ramp(100_000)))
    run.applied(StopRamp((weight,)))
    (left,) = run.values(weight)
    run.trains()
    assert run.values(weight) == [left]
    run.turned({weight: 1.0})


def test_a_pause_holds_the_training_and_what_is_asked_for_is_done_meanwhile(run, weight):
    run.ask(Pause())
    run.wait(lambda state: state.phase.phase == "paused", "the pause")
    held_at = run.state.iteration
    assert run.applied(Tune({weight: 2.0})).iteration == held_at + 1
    run.ask(Save())
    run.wait(lambda state: run.folder.checkpoint(held_at) in run.folder.checkpoints(), "the checkpoint")
    assert run.see().iteration == held_at
    run.ask(Resume())
    assert run.trains() > held_at


def test_a_guard_takes_back_what_it_was_told_to_watch(run, weight):
    armed = {"mode": "act", "action": "undo", "iterations": 1.0, "factor": 20.0}
    run.changed({f"guard/kl/{knob}": value for knob, value in armed.items()})
    run.changed({weight: 6.0})
    reckless = run.applied(Tune({DESIRED_KL: 1e-6}))
    fired = run.wait(
        lambda state: next((fired for fired in state.guards_fired if fired.action == "undone"), None),
        "the guard",
    )
    assert isinstance(fired, GuardFired)
    assert fired.guard == "kl"
    undone = run.wait(
        lambda state: next((one for one in state.interventions.values() if one.undoes == reckless.number), None),
        "the undo",
    )
    assert undone.origin == "guard"
    assert run.values(DESIRED_KL, weight) == [0.01, 6.0]
    run.changed({"guard/kl/mode": "warn"})
    run.trains()


# --- Export, stop, and on from there ------------------------------------------------------------------------


def test_the_living_policy_is_exported_while_the_training_goes_on(run, weight, work, pool):
    exporting = pool.submit(program, work, "export", str(run.folder.path), "--json")
    started = run.wait(lambda state: state.export, "the export")
    assert run.trains() > started.iteration
    run.ask(Pause())  # a busy machine has another core for the rest of it now
    answer = json.loads(exporting.result())
    assert answer["largest_difference"] <= 1e-5
    assert answer["rate_hz"] > 0
    card = json.loads((run.folder.exported / "policy.json").read_text())
    files = {path.name for path in run.folder.exported.iterdir() if path.is_file()}
    assert files == {*card["files"], "policy.json"} >= {"policy.onnx", "policy.pt", "robot.xml"}
    assert weight in {change["knob"] for body in card["interventions"] for change in body["changes"]}
    session = onnxruntime.InferenceSession(run.folder.exported / "policy.onnx")
    size = sum(card["observation_sizes"][group] for group in card["observation_groups"]["actor"])
    (actions,) = session.run(None, {"obs": np.zeros((1, size), dtype=np.float32)})
    assert actions.shape == (1, card["num_actions"])
    run.ask(Resume())


def test_a_stop_ends_the_training_with_a_checkpoint(run):
    run.ask(Stop())
    assert run.ends() == 0
    assert run.state.status(False) == "stopped"
    assert run.folder.checkpoints()[-1] == run.folder.checkpoint(run.state.iteration)
    assert read_state(run.folder).iteration == run.state.iteration
