"""Plans of a board's charts, their titles, reference lines and bands."""

from __future__ import annotations

import pytest

from curricula.load import make_curricula
from tests.tui.curricula_run import begun, finished_with, state_after
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionQueued, KnobsAvailable, RunStarted
from tui.session.board.lines import band_of, lines_of, shortened_path, title_of
from tui.session.board.plans import (
    DEFAULT_BOARD,
    board_of,
    leading_charts,
    named_board,
    plan_of_metrics,
    plan_of_role,
    titled_plan,
    watched_board,
)
from tui.session.state import RunState

VELOCITY = {"kind": "velocity"}
TERRAIN = {"kind": "terrain", "up": 0.9, "down": 0.5}
ERROR = {"kind": "staged", "stages": [{"a": 1.0}, {"a": 2.0}], "thresholds": [0.2], "reach": "below"}
SUCCESS, REWARD, KL = "success rate", "reward", "KL"
KL_PLAN = next(plan for plan in DEFAULT_BOARD if plan.title == KL)


def curricula(levels=None, **tables):
    made = make_curricula(tables)
    for curriculum in made:
        curriculum.move((levels or {}).get(curriculum.name, 1))
    return made


def lines(title, made, **metrics):
    state = state_after(*begun({}), *finished_with(0, metrics or {"Train/mean_reward": 1.0}))
    (plan,) = [plan for plan in board_of([one.name for one in made]) if plan.title == title]
    return lines_of(plan, state, made)


@pytest.mark.parametrize(
    ("metrics", "title"),
    [
        ({}, "success rate"),
        ({"Train/success_episodes": 20.0, "Train/success_window": 100.0}, "success rate, 20/100 episodes"),
        ({"Train/success_episodes": 131.0, "Train/success_window": 100.0}, "success rate, last 131 episodes"),
        (
            {"Train/success_episodes": 131.0, "Train/success_window": 100.0, "Train/noise_free_environments": 0.0},
            "success rate, last 131 episodes, with noise",
        ),
        (
            {"Train/success_episodes": 20.0, "Train/success_window": 100.0, "Train/noise_free_environments": 124.0},
            "success rate, 20/100 episodes",
        ),
    ],
)
def test_the_success_rate_says_how_many_episodes_it_is_of(metrics, title):
    state = state_after(*begun({}), *finished_with(0, {"Train/mean_reward": 1.0, **metrics}))
    titles = [title_of(plan, state) for plan in DEFAULT_BOARD]
    assert titles[:2] == ["reward", title]
    assert titles[2:] == [plan.title for plan in DEFAULT_BOARD[2:]]


# --- which charts ---


def test_a_run_without_curricula_has_the_usual_ten():
    assert board_of([]) == DEFAULT_BOARD
    assert [plan.title for plan in DEFAULT_BOARD] == [
        *("reward", "success rate", "KL", "episode length", "value loss", "surrogate loss", "entropy", "action std"),
        *("learning rate", "steps/s"),
    ]


def test_levels_come_behind_the_success_rate():
    board = board_of(["velocity"])
    assert [plan.title for plan in board][:4] == [REWARD, SUCCESS, "velocity level", KL]
    assert board[2].curves == (("velocity", "Curriculum/velocity/level"),)
    assert [plan for plan in board if plan != board[2]] == [*DEFAULT_BOARD[:-1]]  # the header shows the steps/s
    assert DEFAULT_BOARD[-1].title == "steps/s"
    board = board_of(["velocity", "terrain"])
    assert (board[2].title, [name for name, _ in board[2].curves]) == ("levels", ["velocity", "terrain"])


def test_reward_and_success_lead_while_they_are_at_the_head():
    assert leading_charts(board_of(["velocity"])) == 2
    assert leading_charts(watched_board(["rewards/step", "losses/c_loss"])) == 1
    assert leading_charts([DEFAULT_BOARD[2], *DEFAULT_BOARD]) == 0
    assert leading_charts([]) == 0


def test_another_library_s_run_has_the_charts_whose_metrics_it_logs():
    board = watched_board(["losses/a_loss", "losses/c_loss", "info/kl", "rewards/step", "rewards/iter", "info/epochs"])
    assert [(plan.title, plan.key) for plan in board] == [
        ("reward", "rewards/step"),
        ("KL", "info/kl"),
        ("value loss", "losses/c_loss"),
        ("surrogate loss", "losses/a_loss"),
    ]


def test_a_named_board_takes_roles_and_metrics_and_several_on_one_chart():
    board = named_board(["kl", "Perf/learning_time", "value_loss + Loss/other/value", " "], ["train/approx_kl"])
    assert [plan.metrics for plan in board] == [
        ("train/approx_kl",),
        ("Perf/learning_time",),
        ("Loss/value", "Loss/other/value"),  # nothing is logged in this role: it waits for this program's own
    ]
    assert [plan.role for plan in board] == ["kl", None, "value_loss"]


def test_curves_of_one_chart_have_the_shortest_names_that_differ():
    assert [name for name, _ in plan_of_metrics("Loss/value", "Loss/surrogate").curves] == ["value", "surrogate"]
    plan = plan_of_metrics("Terrain/mean_level/flat", "Success/terrain/flat", "a")
    assert [name for name, _ in plan.curves] == ["mean_level/flat", "terrain/flat", "a"]


def test_metrics_put_on_a_chart_come_behind_its_own_once():
    plan = plan_of_role("reward", "Train/mean_reward").with_metrics(["Train/mean_reward", "Loss/value"])
    assert plan.metrics == ("Train/mean_reward", "Loss/value")
    assert plan.key == "Train/mean_reward"
    assert plan.title == REWARD
    assert plan.with_metrics(["Loss/value"]) == plan


# --- titles ---


def weight_run(*bodies):
    weight = Knob("reward/foot_slip/weight", "reward", -0.1, -0.1, "next iteration")
    return state_after(KnobsAvailable(0, (weight,)), *bodies)


def test_a_reward_term_s_title_has_its_weight_and_shows_that_it_changes():
    plan = plan_of_metrics("Episode_Reward/foot_slip")
    state, width = weight_run(), len("Episode_Reward/foot_slip ×-0.1→-0.25…")
    assert title_of(plan, state, width) == "Episode_Reward/foot_slip ×-0.1"
    change = (Change("reward/foot_slip/weight", -0.1, -0.25),)
    state = weight_run(InterventionQueued(1, "person", change))
    assert title_of(plan, state, width) == "Episode_Reward/foot_slip ×-0.1→-0.25…"
    state.knobs["reward/foot_slip/weight"].pending = None
    state.knobs["reward/foot_slip/weight"].value = -0.25
    assert title_of(plan, state, width) == "Episode_Reward/foot_slip ×-0.1→-0.25"


def test_a_reward_term_s_title_says_what_it_is_divided_by_where_that_fits():
    plan = titled_plan("foot_slip", "Episode_Reward/foot_slip")
    assert title_of(plan, weight_run()) == "foot_slip ×-0.1, sum ÷ longest possible episode"
    assert title_of(plan, weight_run(), 40) == "foot_slip ×-0.1, ÷ longest episode"
    assert title_of(plan, weight_run(), 20) == "foot_slip ×-0.1"
    rate = titled_plan("foot_slip per s of life", "Reward_Rate/foot_slip")
    assert title_of(rate, weight_run()) == "foot_slip per s of life ×-0.1"
    assert title_of(rate, weight_run(), 25) == "foot_slip per s of life"


@pytest.mark.parametrize(
    ("metric", "backend", "titles"),
    [
        ("Termination/fell", "mjlab", ["fell, share of finished episodes", "fell, share", "fell"]),
        ("Termination/fell", "isaaclab", ["fell, share of finished episodes", "fell, share", "fell"]),
        ("Episode_Termination/fell", "mjlab", ["fell, environments per step with resets", "fell, per step", "fell"]),
        ("Episode_Termination/fell", "isaaclab", ["fell, share of environments", "fell, share", "fell"]),
        ("Episode_Termination/fell", "mine", ["fell", "fell", "fell"]),
        ("Metrics/twist/error_vel_xy", "mjlab", ["fell, grows with episode length", "fell", "fell"]),
        ("Metrics/base_velocity/error_vel_yaw", "isaaclab", ["fell, mean of the episode", "fell, mean", "fell"]),
        ("Metrics/motion/error_anchor_pos", "mjlab", ["fell", "fell", "fell"]),
        ("Metrics/twist/error_vel_xy", "mine", ["fell", "fell", "fell"]),
    ],
)
def test_a_library_s_metric_has_its_unit_in_the_title_where_that_fits(metric, backend, titles):
    started = RunStarted("run", "preset", backend, "task", "cpu", 4, 10, 1, 1)
    state, plan = state_after(started), titled_plan("fell", metric)
    assert [title_of(plan, state, width) for width in (60, 14, 8)] == titles


def test_a_narrow_title_keeps_the_weight_and_the_end_of_the_name():
    plan = plan_of_metrics("Episode_Reward/foot_slip")
    assert title_of(plan, weight_run(), 20) == "…/foot_slip ×-0.1"
    assert title_of(plan, weight_run(), 13) == "foo…lip ×-0.1"


def test_a_term_without_a_weight_to_turn_has_none_in_its_title():
    assert title_of(plan_of_metrics("Episode_Reward/upright"), weight_run(), 30) == "Episode_Reward/upright"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, "Curriculum/command_vel/lin_vel_x"),
        (31, "…/command_vel/lin_vel_x"),
        (12, "…/lin_vel_x"),
        (8, "lin_…l_x"),
        (2, "…x"),
    ],
)
def test_long_names_are_shortened_from_the_left_at_a_slash_then_in_the_middle(width, shown):
    assert shortened_path("Curriculum/command_vel/lin_vel_x", width) == shown


# --- lines and bands ---


def test_thresholds_are_on_the_chart_of_their_metric_only():
    made = curricula(velocity=VELOCITY)
    assert lines(SUCCESS, made) == [(0.8, "up"), (0.5, "down")]
    assert lines(REWARD, made) == []
    on_reward = curricula(levels={"velocity": 0}, velocity=VELOCITY | {"metric": "Train/mean_reward", "up": 20.0})
    assert lines(REWARD, on_reward) == [(20.0, "up")]
    assert lines(SUCCESS, on_reward) == []


@pytest.mark.parametrize(("level", "shown"), [(0, ["up"]), (3, ["up", "down"]), (5, ["down"])])
def test_there_is_no_way_up_from_the_top_nor_down_from_the_bottom(level, shown):
    assert [label for _, label in lines(SUCCESS, curricula({"velocity": level}, velocity=VELOCITY))] == shown


def test_only_curricula_that_decide_have_lines():
    made = curricula(velocity=VELOCITY)
    for mode in ("manual", "hold"):
        made[0].enter(mode)
        assert lines(SUCCESS, made) == []


def test_thresholds_that_agree_are_one_line_and_others_tell_whose_they_are():
    made = curricula(velocity=VELOCITY, terrain=TERRAIN)
    assert lines(SUCCESS, made) == [(0.9, "up: terrain"), (0.8, "up: velocity"), (0.5, "down")]
    staged = {"kind": "staged", "stages": [{"a": 1.0}, {"a": 2.0}], "thresholds": [0.8]}
    three = curricula({"other": 0}, velocity=VELOCITY, other=staged, terrain=TERRAIN)
    assert lines(SUCCESS, three) == [
        (0.9, "up: terrain"),
        (0.8, "up: velocity, other"),
        (0.5, "down: velocity, terrain"),
    ]


def test_an_error_leads_up_from_below():
    made = curricula({"precision": 0}, precision=ERROR | {"metric": "Train/mean_reward"})
    assert lines(REWARD, made) == [(0.2, "up below")]


def test_the_desired_kl_is_a_line_once_it_is_known():
    assert lines(KL, [], **{"Policy/kl": 0.02}) == []
    assert lines(KL, [], **{"Policy/kl": 0.02, "Policy/desired_kl": 0.01}) == [(pytest.approx(0.01), "desired KL")]


@pytest.mark.parametrize(("schedule", "band"), [("adaptive", (0.005, 0.02)), ("fixed", None)])
def test_the_kl_has_a_band_where_the_adaptive_schedule_leaves_the_learning_rate_alone(schedule, band):
    knob = Knob(
        "ppo/schedule", "ppo", schedule, schedule, "next iteration", type="choice", choices=("adaptive", "fixed")
    )
    metrics = {"Policy/kl": 0.02, "Policy/desired_kl": 0.01, "Train/mean_reward": 1.0}
    state = state_after(*begun({}), KnobsAvailable(0, (knob,)), *finished_with(0, metrics))
    assert band_of(KL_PLAN, state) == (None if band is None else pytest.approx(band))
    assert band_of(DEFAULT_BOARD[0], state) is None
    assert band_of(KL_PLAN, RunState()) is None
