"""Pages of a board, by the metrics that a run publishes."""

from __future__ import annotations

import pytest

from tests.tui.screens.recorded import frames_of
from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.pages import MAX_CHARTS, BoardContent, names_of, pages_of
from tui.session.board.plans import DEFAULT_BOARD
from tui.session.curricula.reconstruct import curricula_now
from tui.session.metrics.history import MetricHistory
from tui.session.state import RunState

NOTHING_YET = BoardContent()


def recorded(recording):
    """The content of a recorded run's board."""
    history, state = MetricHistory(), RunState()
    frames = frames_of(recording)
    history.apply(frames)
    for frame in frames:
        state.apply(frame)
    names = names_of([ChartSource(recording, history)])
    return BoardContent(names, tuple(one.name for one in curricula_now(state)))


def pages(content, layout=None):
    return {page.title: page for page in pages_of(content, layout or BoardLayout())}


def titles(page):
    return [plan.title for plan in page.plans]


@pytest.mark.parametrize("recording", ["g1-levels", "g1-curricula", "g1-gpu", "g1-walk", "cartpole"])
def test_every_published_metric_is_on_a_page(recording):
    content = recorded(recording)
    shown = [metric for page in pages_of(content, BoardLayout()) for plan in page.plans for metric in plan.metrics]
    shown += [plan.reference for plan in DEFAULT_BOARD]
    assert set(content.names) <= set(shown)


def test_pages_of_a_run_with_a_curriculum():
    of_run = pages(recorded("g1-levels"))
    assert list(of_run) == ["overview", "rewards", "terminations", "curricula", "pinned", "other"]
    assert titles(of_run["overview"])[:3] == ["reward", "success rate", "velocity level"]
    assert len(of_run["rewards"].plans) == 14
    assert titles(of_run["rewards"])[-1] == "upright"
    assert titles(of_run["terminations"]) == ["fell_over", "time_out"]
    assert titles(of_run["curricula"]) == [
        *("velocity level", "twist/error_vel_xy", "twist/error_vel_yaw"),
        *("command_vel/ang_vel_z", "command_vel/lin_vel_x", "command_vel/lin_vel_y"),
    ]
    steps = "Perf/total_fps"  # in place of which the overview has the levels
    assert titles(of_run["other"])[:3] == [steps, "Policy/clip_fraction", "Policy/explained_variance"]


def test_both_ends_of_a_range_are_on_one_chart():
    (plan,) = [plan for plan in pages(recorded("g1-levels"))["curricula"].plans if "lin_vel_x" in plan.title]
    prefix = "Curriculum/command_vel/lin_vel_x"
    assert plan.curves == (("min", f"{prefix}_min"), ("max", f"{prefix}_max"))


def test_success_by_terrain_stands_with_the_curricula():
    assert "success, stairs" in titles(pages(recorded("g1-curricula"))["curricula"])


def test_before_the_first_iteration_the_usual_charts_wait_and_other_pages_say_so():
    of_run = pages(NOTHING_YET)
    assert of_run["overview"].plans == DEFAULT_BOARD
    assert {of_run[title].empty for title in ("rewards", "terminations", "curricula", "other")} == {"no data yet"}


def test_a_page_without_metrics_says_why():
    of_run = pages(BoardContent(names=("Loss/value",)))
    assert of_run["rewards"].plans == ()
    assert of_run["rewards"].empty == "no reward terms yet: published when the first episodes end"
    assert of_run["pinned"].empty == "no pinned charts: f finds a metric, Enter pins it"


def test_a_watched_run_has_the_charts_that_its_library_logs():
    names = ("rollout/ep_rew_mean", "train/approx_kl", "train/loss")
    of_run = pages(BoardContent(names, is_own=False))
    assert [plan.key for plan in of_run["overview"].plans] == ["rollout/ep_rew_mean", "train/approx_kl"]
    assert titles(of_run["other"]) == ["train/loss"]
    assert pages(BoardContent(is_own=False))["overview"].plans == ()


def test_a_watched_run_without_roles_shows_what_there_is():
    names = ("epoch_loss", "epoch_learning_rates", "Episode_Reward/alive")
    assert titles(pages(BoardContent(names, is_own=False))["overview"]) == list(names)
    own = BoardContent(names, charts=("reward", "Loss/x"), is_own=False)  # a board for other runs
    assert titles(pages(own)["overview"]) == list(names)


def test_the_user_s_own_board_is_the_first_page():
    of_run = pages(BoardContent(names=("Loss/value", "Loss/x"), charts=("kl", "Loss/x")))
    assert [plan.metrics for plan in of_run["overview"].plans] == [("Policy/kl",), ("Loss/x",)]
    assert titles(of_run["other"]) == ["Loss/value"]


def test_what_is_found_is_a_page_only_while_something_is_looked_for():
    content = recorded("g1-levels")
    assert "search" not in pages(content)
    found = pages(BoardContent(content.names, search="grad norm"))["search"]
    assert titles(found) == ["Policy/actor_gradient_norm", "Policy/critic_gradient_norm"]
    assert pages(BoardContent(content.names, search="qqq"))["search"].empty == "no match"


def test_a_page_has_an_end():
    names = tuple(f"Episode_Reward/{number}" for number in range(MAX_CHARTS + 7))
    rewards = pages(BoardContent(names))["rewards"]
    assert (len(rewards.plans), rewards.left_out) == (MAX_CHARTS, 7)


# --- what the user has arranged ---


def test_pins_are_a_page_of_their_own_in_their_order():
    layout = BoardLayout().with_pin(["Loss/value"]).with_pin(["Policy/kl", "Loss/entropy"])
    pinned = pages(BoardContent(("Loss/value",)), layout)["pinned"]
    assert [plan.metrics for plan in pinned.plans] == [("Loss/value",), ("Policy/kl", "Loss/entropy")]


def test_charts_that_were_moved_stay_there_and_new_ones_come_behind():
    names = [f"Episode_Reward/{name}" for name in "abc"]
    layout = BoardLayout().with_moved("rewards", names, names[2], -2)
    assert titles(pages(BoardContent(tuple(names)), layout)["rewards"]) == ["c", "a", "b"]
    assert titles(pages(BoardContent((*names, "Episode_Reward/aa")), layout)["rewards"]) == ["c", "a", "b", "aa"]


def test_metrics_put_on_a_chart_are_curves_of_it():
    layout = BoardLayout().with_added("Loss/value", ["Loss/surrogate"])
    (plan,) = [plan for plan in pages(NOTHING_YET, layout)["overview"].plans if plan.key == "Loss/value"]
    assert plan.curves == (("value loss", "Loss/value"), ("surrogate", "Loss/surrogate"))
