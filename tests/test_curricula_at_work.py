"""Each curriculum in a real training: what it decides is what the simulator uses, in the journal, and can be undone."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.backends.names import MJLAB, SMALL_TERRAIN
from tests.program import program, published
from tests.scripts import Run, train_preset
from tests.terminal import Terminal
from trainer_proc.contract.messages import InterventionApplied, RampAdvanced
from trainer_proc.contract.monitoring import CompetingWriterFound
from trainer_proc.contract.requests import Tune, Undo
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.run_index import read_state

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

AT_ONCE = {"up": -0.1, "down": -0.2, "episodes": 0}
"""Goes up as soon as there is a success rate."""
SHORT = {"agent.num_steps_per_env": 8, "env.episode_length_s": 0.4}
LEGGED = SHORT | MJLAB.humanoid.coarse
AXES = {axis: f"command/twist/{axis}" for axis in ("lin_vel_x", "lin_vel_y", "ang_vel_z")}


def witnessed(folder: Path, task: str, **tables) -> Run:
    """Train a task with curricula; what its environment uses is in `witness()`, one line a rollout."""
    return Run(folder, "tests.train_witnessed", str(folder), task, json.dumps(tables))


def in_force(run: Run, knob: str, iteration: int):
    """Return a knob's value in an iteration, as the journal tells it."""
    told = [frame.body for frame in run.frames if isinstance(frame.body, InterventionApplied | RampAdvanced)]
    changes = (change for body in told if body.iteration <= iteration for change in body.changes)
    return [change.new for change in changes if change.knob == knob][-1]


def decisions(run: Run, name: str) -> list[InterventionApplied]:
    """Return by which interventions a curriculum has moved its level."""
    return [
        applied
        for applied in run.see().interventions.values()
        if applied.origin in ("curriculum", "schedule")
        and any(change.knob == f"curriculum/{name}/level" and change.new != change.old for change in applied.changes)
    ]


def reach(run: Run, name: str, level: int) -> None:
    knob = f"curriculum/{name}/level"
    run.wait(lambda state: knob in state.knobs and state.knobs[knob].value >= level, f"level {level} of {name}")


def place(run: Run, name: str) -> tuple[object, object]:
    knobs = run.see().knobs
    return knobs[f"curriculum/{name}/level"].value, knobs[f"curriculum/{name}/mode"].value


# --- Tasks ------------------------------------------------------------------------------------------------


def test_tasks_are_unlocked_and_weighed_by_their_success(tmp_path):
    tasks = ["stand", "turn", "walk", "run", "jump"]
    curricula = {"tasks": {"kind": "tasks", "tasks": tasks, "every": 2, "start": 0, "unlock": -0.5}}
    task = "HumanoidTui-Multitask-Flat-Unitree-G1"
    run = witnessed(tmp_path / "logs" / "g1" / "tasks", task, curricula=curricula, overrides=LEGGED)
    try:
        reach(run, "tasks", 4)
        weighed = re.compile("tasks: success stand .*, jump ")  # of all tasks: some weights may change before
        run.wait(lambda state: any(weighed.search(one.note) for one in state.interventions.values()), "weights")
        run.trains()
        rollouts = run.witness()[: run.state.iteration]
        for iteration, used in enumerate(rollouts):
            assert used["weights"] == {
                name: in_force(run, f"command/twist/weights/{name}", iteration) for name in tasks
            }
        assert rollouts[0]["weights"] == {"stand": 1.0, "turn": 0.0, "walk": 0.0, "run": 0.0, "jump": 0.0}
        assert all(0.1 <= weight <= 1 for weight in rollouts[-1]["weights"].values())
        assert 0 <= run.state.latest["Success/task/stand"] <= 1
    finally:
        run.kill()


# --- Stages, growth and schedules, all at once ------------------------------------------------------------

WEIGHT, MASS, GAMMA, ENTROPY = "reward/smooth_reward/weight", "event/mass/scale", "ppo/gamma", "ppo/entropy_coef"
TABLES = {
    "masses": {
        "kind": "growth",
        "ranges": {MASS: {"from": (1.0, 1.0), "to": (0.8, 1.2)}},
        "steps": 4,
        "stay": 3,
        "episodes": 0,
        "up": 0.2,
    },
    "stages": {
        "kind": "staged",
        "stages": [{WEIGHT: 1.0}, {WEIGHT: 2.0}, {WEIGHT: 3.0}],
        "thresholds": [0.1, 0.2],
        "stay": 4,
        "episodes": 0,
    },
    "gamma": {
        "kind": "schedule",
        "points": [{"at": at, "set": {GAMMA: to}} for at, to in ((0, 0.9), (8, 0.98), (9, 0.99))],
    },
    "entropy": {
        "kind": "schedule",
        "by": "Train/success_rate",
        "points": [{"at": 0.0, "set": {ENTROPY: 0.02}}, {"at": 1.0, "set": {ENTROPY: 0.005}}],
        "shape": "geometric",
        "stay": 2,
    },
}


@pytest.fixture(scope="module")
def cartpole(tmp_path_factory):
    """A cartpole driven by four curricula."""
    work = tmp_path_factory.mktemp("cartpole")
    run = train_preset(work / "logs" / "rsl_rl" / "cartpole" / "driven", num_envs=8, curricula=TABLES, overrides=SHORT)
    run.work = work
    yield run
    run.kill()


def test_several_curricula_each_go_their_way(cartpole):
    reach(cartpole, "masses", 4)
    reach(cartpole, "stages", 2)
    reach(cartpole, "gamma", 2)
    knobs = cartpole.see().knobs
    assert (knobs[MASS].value, knobs[WEIGHT].value, knobs[GAMMA].value) == ((0.8, 1.2), 3.0, 0.99)
    assert [in_force(cartpole, GAMMA, at) for at in (0, 8, 9)] == [0.9, 0.98, 0.99]
    assert in_force(cartpole, GAMMA, 4) == pytest.approx(0.94)
    ups = [applied.iteration for applied in decisions(cartpole, "masses")]
    assert all(later - earlier >= 3 for earlier, later in pairwise(ups))
    assert {applied.origin for applied in decisions(cartpole, "gamma")} == {"schedule"}
    entropy = [applied.changes[0] for applied in decisions(cartpole, "entropy")]
    assert all(change.new > change.old for change in entropy)


def test_a_growth_that_went_too_far_is_taken_back(cartpole):
    undone = cartpole.applied(Undo(decisions(cartpole, "masses")[-1].number))
    assert {change.knob: change.new for change in undone.changes} == {
        "curriculum/masses/level": 3.0,
        MASS: (0.85, 1.15),
    }
    cartpole.applied(Tune({"curriculum/stages/level": 0.0}))
    assert cartpole.state.knobs[WEIGHT].value == 1.0
    assert place(cartpole, "stages") == (0.0, "manual")


def test_keys_set_the_level_of_a_living_training(cartpole):
    cartpole.applied(Tune({"curriculum/stages/stay": 1000.0, "curriculum/stages/mode": "auto"}))
    terminal = Terminal(cartpole.work, "attach", "driven")
    try:
        terminal.wait_until(lambda text: "t curricula: " in text and "stages 0/2 auto" in text, "the dashboard")
        terminal.press(b"t")
        terminal.wait_until(lambda text: "▸ masses (growth)" in text, "the panel")
        terminal.press(b"\x1b[B")
        terminal.wait_until(lambda text: re.search(r"▸ stages \(staged\) +0/2", text), "the curriculum below")
        terminal.press(b"++")  # one request
        terminal.wait_until(lambda text: re.search(r"stages \(staged\) +2/2 +██ +manual", text), "the level")
        by_hand = [body for body in cartpole.see().interventions.values() if body.origin == "person"][-1]
        assert {change.knob: change.new for change in by_hand.changes} == {
            "curriculum/stages/level": 2.0, "curriculum/stages/mode": "manual", WEIGHT: 3.0
        }  # fmt: skip
        terminal.wait_until(lambda text: "▼" in text and "◆" in text, "marks of the user and of the curriculum")
        terminal.press(b"+")
        terminal.wait_until(lambda text: "stages is at its highest level, 2" in text, "the end")
        terminal.press(b"-")
        terminal.wait_until(lambda text: re.search(r"stages \(staged\) +1/2 +█░ +manual", text), "the level below")
        terminal.press(b"a")
        terminal.wait_until(lambda text: re.search(r"stages \(staged\) +1/2 +█░ +auto", text), "the mode")
        assert "up when success rate > 0.2" in terminal.text
        assert cartpole.see().knobs[WEIGHT].value == 2.0
        terminal.press(b"q")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()


def test_a_resumed_run_goes_on_with_all_of_them(cartpole):
    cartpole.applied(Tune({"curriculum/masses/level": 2.0, "curriculum/masses/stay": 1000.0}))
    program(cartpole.work, "stop", "driven")
    assert cartpole.ends() == 0
    answer = json.loads(program(cartpole.work, "resume", "driven", "--iterations", "2", "--wait", "--json"))
    resumed = read_state(RunFolder(Path(answer["run"])))
    stopped = cartpole.state
    assert resumed.first_iteration == stopped.iteration + 1
    for knob in stopped.knobs:
        if knob.startswith("curriculum/") or knob in (MASS, WEIGHT, GAMMA):
            assert resumed.knobs[knob].value == stopped.knobs[knob].value, knob
    assert [applied.origin for applied in resumed.interventions.values()][:1] == ["checkpoint"]


# --- Velocity and terrain: last, since this training goes on until the last test ---------------------------


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A Go1 whose commanded speeds and terrain grow; its folder is where the command line looks for runs."""
    work = tmp_path_factory.mktemp("walk")
    curricula = {
        "terrain": {"kind": "terrain", "highest": 2, "stay": 2, **AT_ONCE},
        "velocity": {"kind": "velocity", "stay": 2, **AT_ONCE},
    }
    task = "Mjlab-Velocity-Rough-Unitree-Go1"
    run = witnessed(
        work / "logs" / "rsl_rl" / "go1" / "walk", task, curricula=curricula, overrides=LEGGED | SMALL_TERRAIN
    )
    run.work = work
    yield run
    run.kill()


def check_commands(run: Run) -> None:
    """Assert that every rollout was commanded what the journal says, whatever the task's own curriculum wants."""
    run.trains()
    rollouts = run.witness()[: run.state.iteration]
    for iteration, used in enumerate(rollouts):
        for axis, knob in AXES.items():
            assert tuple(used[axis]) == in_force(run, knob, iteration), (iteration, axis)


def test_commanded_speeds_grow_with_success(walk):
    reach(walk, "velocity", 2)
    check_commands(walk)
    assert tuple(walk.witness()[0]["lin_vel_x"]) == (0.0, 0.5)
    ups = decisions(walk, "velocity")
    assert all(re.match(r"velocity: Train/success_rate [\d.]+ is above -0.1", applied.note) for applied in ups)
    levels = published(walk.folder, "Curriculum/velocity/level")
    assert levels[ups[0].iteration - 1] == 0
    assert levels[ups[0].iteration] == 1


def test_the_highest_terrain_rises_with_success_and_levels_stay_below_it(walk):
    reach(walk, "terrain", 2)
    walk.trains()
    rollouts = walk.witness()[: walk.state.iteration]
    highest = [used["highest"] for used in rollouts]
    assert highest == [in_force(walk, "terrain/highest_level", iteration) for iteration in range(len(highest))]
    assert (highest[0], highest[-1]) == (0, 2)
    for before, used in pairwise(rollouts):  # what is above waits for its reset
        assert all(
            now <= max(used["highest"], then) for then, now in zip(before["levels"], used["levels"], strict=True)
        )
    assert max(rollouts[-1]["levels"]) <= 2
    assert walk.state.latest["Terrain/max_level"] <= 2


def test_the_task_s_own_curriculum_is_pinned_and_overwrites_nothing(walk):
    walk.wait(lambda state: state.knobs[AXES["lin_vel_x"]].knob.pinned, "the pin")
    assert walk.state.knobs[AXES["lin_vel_x"]].knob.competing_writer == "curriculum term command_vel"
    assert any(isinstance(frame.body, CompetingWriterFound) and frame.body.pinned for frame in walk.frames)
    assert not [name for name in walk.state.latest if name.startswith("Curriculum/command_vel")]  # it would contradict
    check_commands(walk)


def test_the_person_takes_over_and_gives_back_where_it_is(walk):
    program(walk.work, "tune", "walk", "curriculum/velocity/level=3", "--applied")
    assert place(walk, "velocity") == (3.0, "manual")
    for _ in range(5):
        walk.trains()
    assert place(walk, "velocity") == (3.0, "manual")
    program(walk.work, "tune", "walk", "curriculum/velocity/mode=auto", "--applied")
    reach(walk, "velocity", 4)
    assert decisions(walk, "velocity")[-1].changes[0].old >= 3.0
    check_commands(walk)


def test_a_decision_is_undone_from_the_command_line(walk):
    program(walk.work, "tune", "walk", "curriculum/velocity/stay=1000", "--applied")
    last = decisions(walk, "velocity")[-1]
    program(walk.work, "undo", "walk", str(last.number), "--applied")
    for change in last.changes:
        assert walk.see().knobs[change.knob].value == change.old
    assert place(walk, "velocity")[1] == "auto"
    check_commands(walk)
    refused = program(walk.work, "tune", "walk", "curriculum/velocity/level=6", code=1)
    assert "curriculum/velocity/level: expected at most 5, got 6" in refused


def test_turning_what_it_owns_puts_it_on_hold(walk):
    program(walk.work, "tune", "walk", f"{AXES['lin_vel_x']}=-0.5:0.5", "--applied")
    assert place(walk, "velocity")[1] == "hold"
    walk.trains()
    check_commands(walk)
    program(walk.work, "undo", "walk", "--applied")
    assert place(walk, "velocity")[1] == "auto"
    check_commands(walk)
