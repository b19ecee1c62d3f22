"""Which charts a run has, and the lines on them."""

from __future__ import annotations

import pytest

from curricula.load import make_curricula
from tests.tui.curricula_run import begun, finished_with, state_after
from tui.session.board import DEFAULT_BOARD, board_of, lines_of, title_of

VELOCITY = {"kind": "velocity"}
TERRAIN = {"kind": "terrain", "up": 0.9, "down": 0.5}
ERROR = {"kind": "staged", "stages": [{"a": 1.0}, {"a": 2.0}], "thresholds": [0.2], "reach": "below"}
SUCCESS, REWARD, KL = "success rate", "reward", "KL"


def curricula(levels=None, **tables):
    made = make_curricula(tables)
    for curriculum in made:
        curriculum.move((levels or {}).get(curriculum.name, 1))
    return made


def lines(title, made, **metrics):
    state = state_after(*begun({}), *finished_with(0, metrics or {"Train/mean_reward": 1.0}))
    (plan,) = [plan for plan in board_of(made) if plan.title == title]
    return lines_of(plan, state, made)


@pytest.mark.parametrize(
    ("metrics", "title"),
    [
        ({}, "success rate"),
        ({"Train/success_episodes": 20.0, "Train/success_window": 100.0}, "success rate, 20 of 100 episodes"),
        ({"Train/success_episodes": 131.0, "Train/success_window": 100.0}, "success rate, last 131 episodes"),
    ],
)
def test_the_success_rate_says_how_many_episodes_it_is_of(metrics, title):
    state = state_after(*begun({}), *finished_with(0, {"Train/mean_reward": 1.0, **metrics}))
    titles = [title_of(plan, state) for plan in DEFAULT_BOARD]
    assert titles[:2] == ["reward", title]
    assert titles[2:] == [plan.title for plan in DEFAULT_BOARD[2:]]


def test_a_run_without_curricula_has_the_usual_eight():
    assert board_of([]) == DEFAULT_BOARD
    assert len(DEFAULT_BOARD) == 8


def test_levels_take_one_place_of_the_eight():
    board = board_of(curricula(velocity=VELOCITY))
    assert [plan.title for plan in board][:3] == [REWARD, SUCCESS, "velocity level"]
    assert board[2].curves == (("velocity", "Curriculum/velocity/level"),)
    assert {plan.title for plan in DEFAULT_BOARD} - {plan.title for plan in board} == {"surrogate loss"}
    board = board_of(curricula(velocity=VELOCITY, terrain=TERRAIN))
    assert len(board) == 8
    assert (board[2].title, [name for name, _ in board[2].curves]) == ("levels", ["velocity", "terrain"])


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


def test_thresholds_that_agree_are_one_line():
    made = curricula(velocity=VELOCITY, terrain=TERRAIN)
    assert lines(SUCCESS, made) == [(0.9, "up"), (0.8, "up"), (0.5, "down")]


def test_an_error_leads_up_from_below():
    made = curricula({"precision": 0}, precision=ERROR | {"metric": "Train/mean_reward"})
    assert lines(REWARD, made) == [(0.2, "up below")]


def test_the_desired_kl_is_a_line_once_it_is_known():
    assert lines(KL, [], **{"Policy/kl": 0.02}) == []
    assert lines(KL, [], **{"Policy/kl": 0.02, "Policy/desired_kl": 0.01}) == [(pytest.approx(0.01), "desired KL")]
