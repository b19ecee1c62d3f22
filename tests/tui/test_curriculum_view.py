"""What the panel of curricula says, and what keys make of levels, without a screen."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from curricula.schema import SchemaError
from tests.tui.curricula_run import TABLES, begun, finished_with, how_it_goes, moved, started, state_after
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionQueued, PhaseChanged
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.requests import Tune
from tui.session.curricula.level_steps import LevelSteps
from tui.session.curricula.reconstruct import curricula_now, curriculum_of_knob, curriculum_records
from tui.session.curricula.view import bar_groups, has_panel, levels_text, panel_text, success_text

VELOCITY = {"velocity": TABLES["velocity"]}


def by_name(state):
    return {curriculum.name: curriculum for curriculum in curricula_now(state)}


def iterations(first, last, **metrics):
    metrics = {"Train/success_rate": 0.6, "Train/finished_episodes": 3.0, **metrics}
    return [body for number in range(first, last + 1) for body in finished_with(number, metrics)]


def heads(state, width=100, **more):
    return [text.head for text in panel_text(state, curricula_now(state), width, **more).curricula]


def said(state, name, width=200):
    texts = panel_text(state, curricula_now(state), width).curricula
    return " ".join(line.strip() for text in texts if text.name == name for line in text.body)


# --- the curricula, made again ---


def test_before_the_environment_is_built_they_are_as_their_tables_say():
    state = state_after(started(), PhaseChanged("building"))
    assert [(one.name, one.level, one.mode) for one in curricula_now(state)] == [
        ("velocity", 0, "auto"), ("terrain", 0, "auto"), ("pushes", 0, "auto"),
    ]  # fmt: skip


def test_level_mode_and_limits_are_those_of_the_knobs():
    changes = (Change("curriculum/velocity/mode", "auto", "manual"), Change("curriculum/velocity/up", 0.8, 0.7))
    state = state_after(*begun(), *iterations(0, 4), moved(1, 5, "velocity", 0.0, 3.0, "person", changes=changes))
    velocity = by_name(state)["velocity"]
    assert (velocity.level, velocity.mode, velocity.limits["up"].value) == (3, "manual", 0.7)
    assert by_name(state)["terrain"].mode == "auto"


def test_iterations_at_a_level_are_counted_from_its_first_on():
    bodies = [*begun(), *iterations(0, 4)]
    assert by_name(state_after(*bodies))["velocity"].stayed == 5
    bodies.append(moved(1, 5, "velocity", 0.0, 1.0))
    assert by_name(state_after(*bodies))["velocity"].stayed == 0
    assert by_name(state_after(*bodies, *iterations(5, 7)))["velocity"].stayed == 3
    same = moved(2, 8, "velocity", 1.0, 1.0, "person")
    assert by_name(state_after(*bodies, *iterations(5, 7), same, *iterations(8, 8)))["velocity"].stayed == 4
    assert by_name(state_after(*bodies, *iterations(5, 7)))["terrain"].stayed == 8


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_count_as_none(value):
    changes = (Change("curriculum/velocity/level", 0.0, value),)
    state = state_after(*begun(), *iterations(0, 4), moved(1, 5, "terrain", 0.0, 1.0, changes=changes))
    assert by_name(state)["velocity"].level == 0
    state = state_after(*begun(), *iterations(0, 4, **{"Train/finished_episodes": value}))
    assert by_name(state)["velocity"].episodes == 0


def test_a_resumed_run_counts_from_its_first_iteration():
    state = state_after(*begun(), CheckpointLoaded(80, "model_79.pt"), *iterations(80, 84))
    assert by_name(state)["velocity"].stayed == 5


def test_on_hold_nothing_is_counted_and_then_anew():
    hold, auto = (Change("curriculum/velocity/mode", *pair) for pair in (("auto", "hold"), ("hold", "auto")))
    bodies = [*begun(), *iterations(0, 4), moved(1, 5, "terrain", 0.0, 0.0, "person", changes=(hold,))]
    bodies += [*iterations(5, 6), moved(2, 7, "terrain", 0.0, 0.0, "person", changes=(auto,)), *iterations(7, 7)]
    assert by_name(state_after(*bodies))["velocity"].stayed == 1


def test_episodes_at_a_level_are_those_published_and_of_the_newest_iteration():
    bodies = [*begun(), *iterations(0, 0, **{"Curriculum/velocity/episodes": 40.0})]
    assert by_name(state_after(*bodies))["velocity"].episodes == 43
    assert by_name(state_after(*bodies, moved(1, 1, "velocity", 0.0, 1.0)))["velocity"].episodes == 0


def test_a_curriculum_of_another_version_is_a_problem():
    with pytest.raises(SchemaError, match=r"kind: expected one of .*, got 'dreams'"):
        curricula_now(state_after(started({"future": {"kind": "dreams"}})))


def test_a_knob_leads_to_its_curriculum():
    curricula = curricula_now(state_after(*begun()))
    for knob, name in (
        ("curriculum/terrain/mode", "terrain"),
        ("terrain/highest_level", "terrain"),
        ("command/twist/lin_vel_x", "velocity"),
        ("event/push_robot/velocity_range/x", "pushes"),
    ):
        assert curriculum_of_knob(knob, curricula).name == name
    assert curriculum_of_knob("reward/upright/weight", curricula) is None


def test_scripts_get_all_of_it():
    state = state_after(*begun(VELOCITY), *iterations(0, 4))
    (record,) = curriculum_records(state)
    assert record | {"outlook": "", "limits": {}, "needs": []} == {
        "name": "velocity", "kind": "velocity", "level": 0, "top": 5, "level_text": "slow walk, 0 to 0.5 m/s",
        "mode": "auto", "iterations_at_level": 5, "episodes_at_level": 3, "outlook": "", "limits": {}, "needs": [],
    }  # fmt: skip
    assert record["limits"] == {"up": 0.8, "down": 0.5, "stay": 20.0, "episodes": 50.0}
    assert record["outlook"].startswith("up when Train/success_rate > 0.8")
    assert record["needs"] == [
        {"what": "Train/success_rate", "have": pytest.approx(0.6), "needed": 0.8},
        {"what": "iterations", "have": 5, "needed": 20.0},
        {"what": "episodes", "have": 3, "needed": 50.0},
    ]


# --- its text ---


def test_a_line_has_name_kind_level_mode_and_what_the_level_is():
    state = state_after(*begun(), *iterations(0, 4), moved(1, 5, "velocity", 0.0, 1.0), *iterations(5, 9))
    assert heads(state) == [
        "velocity         1/5  █░░░░  auto  walk, 0 to 1 m/s, since iteration 5",
        "terrain          0/5  ░░░░░  auto  terrain up to level 0",
        "pushes (staged)  0/1  ░      auto  stage 1 of 2",
    ]


def test_bars_show_what_is_needed_for_the_next_level_in_the_charts_words():
    state = state_after(*begun(), *iterations(0, 4, **{"Train/mean_reward": 11.3}))
    velocity, _, pushes = panel_text(state, curricula_now(state), 100).curricula
    assert velocity.body == (
        "  up when success rate > 0.8",
        "  success rate 0.6 of 0.8 ███████▌░░   iterations 5 of 20 ██▌░░░░░░░   episodes 3 of 50 ▋░░░░░░░░░",
    )
    assert pushes.body[0] == "  up when reward > 12.5"
    assert pushes.body[1].startswith("  reward 11.3 of 12.5 ██████████░   iterations 5 of 50 █")


def test_in_a_narrow_panel_the_bars_stand_below_each_other_and_where_there_is_no_room_is_text():
    state = state_after(*begun(VELOCITY), *iterations(0, 4))
    (text,) = panel_text(state, curricula_now(state), 60).curricula
    assert text.body[1:] == (
        "  success rate 0.6 of 0.8 ████████████░░░░",
        "  iterations      5 of 20 ████░░░░░░░░░░░░",
        "  episodes        3 of 50 █░░░░░░░░░░░░░░░",
    )
    assert said(state, "velocity", 30).endswith("now 0.60; eligible in 15 iterations / 47 episodes")


def test_a_bar_is_full_only_if_all_is_there():
    state = state_after(*begun(VELOCITY), *iterations(0, 18), *iterations(19, 19, **{"Train/success_rate": 0.7999}))
    (text,) = panel_text(state, curricula_now(state), 60).curricula
    assert text.body[1:3] == (
        "  success rate 0.7999 of 0.8 ███████████████░",
        "  iterations        20 of 20 ████████████████",
    )


def test_at_the_top_nothing_is_needed():
    state = state_after(*begun(VELOCITY), moved(1, 0, "velocity", 0.0, 5.0), *iterations(0, 4))
    assert said(state, "velocity").startswith("at the top, down when < 0.5; now 0.60")


@pytest.mark.parametrize(
    ("mode", "begins"), [("manual", "level set by the user; in auto: up"), ("hold", "on hold, knobs set by")]
)
def test_in_other_modes_it_says_who_decides(mode, begins):
    change = Change("curriculum/velocity/mode", "auto", mode)
    state = state_after(*begun(), moved(1, 0, "velocity", 0.0, 0.0, "person", changes=(change,)), *iterations(0, 4))
    assert f"  {mode}  " in heads(state)[0]
    assert said(state, "velocity").startswith(begins)


def test_a_level_that_is_asked_for_or_wanted_is_seen_before_it_is_applied():
    change = (Change("curriculum/velocity/level", 0.0, 2.0),)
    state = state_after(*begun(), *iterations(0, 4), InterventionQueued(1, "person", change, revision=1))
    assert heads(state)[0].startswith("velocity         0→2/5  ░░░░░  auto")
    assert heads(state, wanted={"velocity": 4})[0].startswith("velocity         0→4/5")


def test_a_mode_that_is_asked_for_is_seen_before_it_is_applied():
    change = (Change("curriculum/velocity/mode", "auto", "manual"),)
    state = state_after(*begun(), *iterations(0, 4), InterventionQueued(1, "person", change, revision=1))
    assert "  auto→manual  slow walk" in heads(state)[0]


def test_what_another_version_has_not_or_has_more_of_does_no_harm():
    bodies = begun()
    some = [knob for knob in bodies[2].knobs if knob.name != "curriculum/velocity/stay"]
    bodies[2] = replace(bodies[2], knobs=tuple(some))
    state = state_after(*bodies, moved(1, 0, "velocity", 0.0, 9.0, "person"), *iterations(0, 0))
    assert (by_name(state)["velocity"].level, by_name(state)["velocity"].limits["stay"].value) == (5, 20)
    state = state_after(*begun({}), *finished_with(0, {"Terrain/share_at_level_top": 0.5, "Success/task/a": math.nan}))
    assert lines(state) == ("success by task", "  a  nan")


def test_many_levels_share_a_bar_of_ten_cells():
    tables = {"growth": {"kind": "growth", "steps": 40, "start": 10, "ranges": {"a": {"from": 0.0, "to": 1.0}}}}
    assert heads(state_after(started(tables)))[0].startswith("growth  10/40  ██░░░░░░░░  auto  25% of the full ranges")


def test_where_it_is_narrow_what_the_level_is_comes_below():
    state = state_after(*begun(VELOCITY), *iterations(0, 4))
    (text,) = panel_text(state, curricula_now(state), 40).curricula
    assert text.head == "velocity  0/5  ░░░░░  auto"
    assert text.body[0] == "  slow walk, 0 to 0.5 m/s; up when"
    assert text.body[-1].startswith("  episodes        3 of 50 ")


def test_levels_in_a_line_elsewhere():
    assert levels_text(curricula_now(state_after(*begun()))) == "velocity 0/5 auto, terrain 0/5 auto, pushes 0/1 auto"


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ({}, "success rate: no finished episodes (velocity)"),
        ({"Train/success_rate": 0.625}, "success rate 0.62 (velocity)"),
        ((1.0, 1.0, 100.0), "success rate 1.00 (1/100 episodes, velocity)"),
        ((0.5, 40.0, 100.0), "success rate 0.50 (40/100 episodes, velocity)"),
        ((0.62, 112.0, 100.0), "success rate 0.62 (112 episodes, velocity)"),
    ],
)
def test_success_is_told_with_its_window_and_the_count(metrics, text):
    if isinstance(metrics, tuple):
        names = ("Train/success_rate", "Train/success_episodes", "Train/success_window")
        metrics = dict(zip(names, metrics, strict=True))
    assert success_text(state_after(*begun(), *finished_with(0, {"Train/mean_reward": 1.0, **metrics}))) == text


def test_success_without_a_definition_is_by_time_out():
    state = state_after(*begun({}, success={}), *finished_with(0, {"Train/success_rate": 0.5}))
    assert success_text(state) == "success rate 0.50 (time-out)"


# --- terrain and tasks ---


def lines(state, width=36):
    return panel_text(state, curricula_now(state), width).bars


def test_terrain_levels_are_a_histogram_without_the_empty_end():
    state = state_after(*begun({}), *finished_with(0, how_it_goes()))
    assert lines(state)[:6] == (
        "terrain: mean 1.38, max 3, cap 9",
        "  level 0     12%  ██▏",
        "  level 1     50%  ████████▌",
        "  level 2     25%  ████▎",
        "  level 3     12%  ██▏",
        "  levels 4–5   0%",
    )


def test_the_last_levels_are_told_as_they_are():
    def of_levels(*shares):
        metrics = {f"Terrain/share_at_level_{level}": share for level, share in enumerate(shares)}
        return [line.split()[:3] for line in lines(state_after(*begun({}), *finished_with(0, metrics)))[1:]]

    assert of_levels(0.999, 0.001)[-1] == ["level", "1", "<1%"]
    assert of_levels(0.5, 0.5, 0.0)[-1] == ["level", "2", "0%"]
    assert [line[1] for line in of_levels(0.0, 1.0, 0.0, 0.0)] == ["0", "1", "2–3"]
    assert [line[1] for line in of_levels(0.0, 0.0, 0.5, 0.0, 0.5)] == ["0–1", "2", "3", "4"]


def test_a_shift_of_all_levels_is_told():
    shift = (Change("terrain/shift", 0.0, 2.0), Change("terrain/highest_level", 9.0, 5.0))
    moved_by_hand = moved(1, 0, "terrain", 0.0, 0.0, "person", changes=shift)
    state = state_after(*begun(), moved_by_hand, *finished_with(0, how_it_goes()))
    assert lines(state)[0] == "terrain: mean 1.38, max 3, cap 5"
    assert lines(state)[6] == "  shifted by   +2"


def test_types_of_terrain_and_tasks_have_a_bar_each_before_an_episode_has_finished_too():
    weight = Knob("command/twist/weights/run", "command", 0.5, 0.5, "at the next command")
    metrics = how_it_goes()
    del metrics["Success/terrain/flat"]
    state = state_after(*begun({}, weight), *finished_with(0, metrics))
    assert lines(state)[6:] == (
        "success by terrain, mean level",
        "  flat               –  2.1",
        "  random_rough    0.62  1.4  ████▍",
        "  pyramid_stairs  0.08  0.3  ▌",
        "success by task, weight",
        "  run       –  0.5",
        "  stand  0.97       ███████████████▌",
        "  turn   0.80       ████████████▊",
        "  walk   0.41       ██████▌",
    )


def test_there_is_a_panel_only_where_there_is_something_to_say():
    def has(bodies):
        state = state_after(*bodies)
        return has_panel(state, curricula_now(state))

    plain_success = {name: value for name, value in how_it_goes().items() if name.startswith("Train/")}
    assert not has([*begun({}), *finished_with(0, plain_success)])
    assert has(begun())
    assert has([*begun({}), *finished_with(0, how_it_goes())])
    assert bar_groups(state_after(*begun())) == []


@given(
    st.integers(-5, 150),
    st.dictionaries(st.from_regex(r"[\w-]{1,40}", fullmatch=True), st.sampled_from(list(TABLES.values())), max_size=1),
    st.text(max_size=40),
)
@settings(deadline=None)
def test_no_line_is_wider_than_the_panel(width, tables, terrain):
    metrics = how_it_goes({f"Success/terrain/{terrain}": 0.5})
    state = state_after(*begun(tables), *finished_with(0, metrics))
    text = panel_text(state, curricula_now(state), width)
    shown = [*text.success, *text.bars, *(line for one in text.curricula for line in (one.head, *one.body))]
    assert all(len(line) <= max(width, 8) for line in shown)


# --- keys ---


@pytest.fixture
def steps():
    return LevelSteps()


def press(steps, state, *by):
    (velocity, *_) = curricula_now(state)
    return [steps.step(velocity, state, one) for one in by]


def test_presses_add_up_to_one_request(steps):
    state = state_after(*begun())
    assert press(steps, state, 1, 1, 1, -1) == [""] * 4
    assert steps.wanted == {"velocity": 2}
    assert steps.take(curricula_now(state), state) == Tune({"curriculum/velocity/level": 2.0}, revision=0)
    assert steps.take(curricula_now(state), state) is None


def test_there_and_back_again_is_no_request(steps):
    state = state_after(*begun())
    press(steps, state, 1, -1)
    assert steps.take(curricula_now(state), state) is None


def test_presses_go_on_from_what_is_pending(steps):
    change = (Change("curriculum/velocity/level", 0.0, 2.0),)
    state = state_after(*begun(), InterventionQueued(1, "person", change, revision=7))
    press(steps, state, 1)
    assert steps.take(curricula_now(state), state) == Tune({"curriculum/velocity/level": 3.0}, revision=7)


def test_a_request_is_of_the_revision_that_was_seen_at_the_first_press(steps):
    press(steps, state_after(*begun()), 1)
    change = (Change("curriculum/velocity/level", 0.0, 4.0),)
    state = state_after(*begun(), InterventionQueued(1, "person", change, revision=7))
    assert steps.take(curricula_now(state), state) == Tune({"curriculum/velocity/level": 1.0}, revision=0)


def test_the_ends_are_told_and_nothing_is_asked(steps):
    state = state_after(*begun())
    assert press(steps, state, -1) == ["velocity is at its lowest level, 0"]
    assert press(steps, state, *[1] * 6)[-1] == "velocity is at its highest level, 5"
    assert steps.wanted == {"velocity": 5}
