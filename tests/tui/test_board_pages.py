"""Pages of a board, by the metrics that a run publishes."""

from __future__ import annotations

import pytest

from tests.tui.screens.recorded import frames_of
from tui.session.board.chart_source import ChartSource, curves_of
from tui.session.board.layout import BoardLayout
from tui.session.board.metric_find import find_metrics
from tui.session.board.pages import MAX_CHARTS, BoardContent, names_of, pages_of, replaced_of
from tui.session.board.plans import DEFAULT_BOARD, titled_plan
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
    assert list(of_run) == ["overview", "rewards", "terminations", "curricula", "pinned", "other", "shares"]
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


def test_one_page_has_one_set_of_terrain_levels():
    """The task's own are read at resets and before shifts: beside the present ones they seem to contradict them."""
    of_run = pages(recorded("g1-curricula"))
    assert "Terrain/mean_level" in titles(of_run["curricula"])
    assert not [title for title in titles(of_run["curricula"]) if "terrain_levels" in title]
    assert "Curriculum/terrain_levels/mean" in titles(of_run["other"])
    without = BoardContent(names=("Curriculum/terrain_levels/mean",))
    assert titles(pages(without)["curricula"]) == ["terrain_levels/mean"]


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


# --- terminations ---


def run_with(name, *, backend="", **firsts):
    """A run with one iteration; `own` terminations by this program's name, `library` by the library's."""
    history = MetricHistory()
    for prefix, values in firsts.items():
        start = {"own": "Termination/", "library": "Episode_Termination/"}[prefix]
        for term, value in values.items():
            history.series[f"{start}{term}"].append(0, value)
    return ChartSource(name, history, backend=backend)


def terminations_of(*sources):
    """Titles and metrics of the pages `terminations` and `other`."""
    content = pages(BoardContent(names_of(sources), replaced=replaced_of(sources)))
    return [[(plan.title, plan.key) for plan in content[page].plans] for page in ("terminations", "other")]


def drawn(metric, *sources):
    """The newest value of each run on a metric's chart; None if it is not drawn."""
    return [curve.series.last for curve in curves_of(titled_plan("fell", metric), sources)]


COUNTS, SHARES = {"fell": 80.0, "time_out": 20.0}, {"fell": 0.01, "time_out": 0.0}


def test_terminations_are_shares_of_episodes_and_the_library_s_are_on_another_page():
    run = run_with("a", own={"fell": 0.8}, library=COUNTS)
    assert terminations_of(run) == [
        [("fell", "Termination/fell"), ("time_out", "Episode_Termination/time_out")],
        [("Episode_Termination/fell", "Episode_Termination/fell")],
    ]


@pytest.mark.parametrize("backends", [("mjlab", "isaaclab"), ("", "")], ids=["runs of this program", "watched runs"])
def test_runs_with_other_units_are_on_charts_of_their_own(backends):
    counts, shares = (
        run_with(name, backend=backend, library=values)
        for name, backend, values in zip("ab", backends, (COUNTS, SHARES), strict=True)
    )
    assert terminations_of(counts, shares)[0] == [
        ("fell (count)", "Episode_Termination/fell (count)"),
        ("fell (share)", "Episode_Termination/fell (share)"),
        ("time_out (count)", "Episode_Termination/time_out (count)"),
        ("time_out (share)", "Episode_Termination/time_out (share)"),
    ]
    assert drawn("Episode_Termination/fell (count)", counts, shares) == [80.0, None]
    assert drawn("Episode_Termination/fell (share)", counts, shares) == [None, pytest.approx(0.01)]
    assert drawn("Episode_Termination/fell", counts, shares) == [80.0, None]  # a pin of the user's
    assert drawn("Episode_Termination/fell", shares, counts) == [pytest.approx(0.01), None]
    found = find_metrics("fell", names_of([counts, shares]), [counts, shares], layout=BoardLayout())
    assert sorted((metric.name, metric.value) for metric in found) == [
        ("Episode_Termination/fell (count)", 80.0),
        ("Episode_Termination/fell (share)", pytest.approx(0.01)),
    ]


def test_runs_with_the_same_unit_share_a_chart():
    few = run_with("few", library={"fell": 1.0, "time_out": 0.1})  # a count of few environments
    many = run_with("many", library=COUNTS)
    assert terminations_of(few, many)[0] == [
        ("fell", "Episode_Termination/fell"),
        ("time_out", "Episode_Termination/time_out"),
    ]
    assert drawn("Episode_Termination/fell", few, many) == [1.0, 80.0]
    old, new = run_with("old", backend="mjlab", library=COUNTS), run_with("new", own=SHARES, library=SHARES)
    assert [title for title, _ in terminations_of(old, new)[0]][:2] == ["fell (count)", "fell (share)"]
    assert drawn("Termination/fell", old, new) == [None, pytest.approx(0.01)]


# --- velocity errors ---

ERROR = "Metrics/twist/error_vel_xy"


def run_with_error(name, backend, value, *more):
    history = MetricHistory()
    for metric in (ERROR, *more):
        history.series[metric].append(0, value)
    return ChartSource(name, history, backend=backend)


def test_a_mean_error_takes_the_place_of_the_library_s_sum():
    old, new = run_with_error("old", "mjlab", 0.4), run_with_error("new", "mjlab", 0.1, "Success/error/linear")
    contents = [BoardContent(names_of([run]), replaced=replaced_of([run])) for run in (old, new)]
    assert [ERROR in [plan.key for plan in pages(one)["curricula"].plans] for one in contents] == [True, False]
    assert [ERROR in [plan.key for plan in pages(one)["other"].plans] for one in contents] == [False, True]
    assert "Success/error/linear" in [plan.key for plan in pages(contents[1])["curricula"].plans]
    assert replaced_of([old, new]) == frozenset()  # one of them has nothing else


def test_a_sum_and_a_mean_of_one_name_are_on_charts_of_their_own():
    sums, means = run_with_error("a", "mjlab", 0.4), run_with_error("b", "isaaclab", 0.1)
    content = BoardContent(names_of([sums, means]))
    assert [plan.key for plan in pages(content)["curricula"].plans] == [f"{ERROR} (mean)", f"{ERROR} (sum)"]
    assert drawn(f"{ERROR} (sum)", sums, means) == [pytest.approx(0.4), None]
    assert drawn(f"{ERROR} (mean)", sums, means) == [None, pytest.approx(0.1)]


def test_rates_of_rewards_follow_the_library_s_terms():
    content = BoardContent(("Reward_Rate/upright", "Episode_Reward/upright", "Reward_Rate/slip", "Episode_Reward/slip"))
    assert titles(pages(content)["rewards"]) == ["upright", "slip", "upright per s of life", "slip per s of life"]
