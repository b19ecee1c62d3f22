"""Periodic evaluation and goals as folds over frames, and as text."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.conftest import STARTED
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.products import (
    CheckpointSaved,
    CheckpointsDeleted,
    EvaluationFailed,
    EvaluationFinished,
    EvaluationStarted,
)
from trainer_proc.steering.goal import HELD as PUBLISHED
from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.pages import BoardContent, names_of, pages_of
from tui.session.evaluation_text import HELD, evaluation_result, evaluation_text, goal_text
from tui.session.metrics.history import MetricHistory
from tui.session.metrics.traits import limits_of
from tui.session.notifications.news import news_of
from tui.session.state import RunState
from tui.session.status_text import progress_line

METRICS = MetricSet(0, ("Train/success_rate", HELD))
GOAL = {"metric": "Train/success_rate", "at_least": 0.9, "for": 50}
TRAINING = PhaseChanged("training")


def iteration(number, success=0.5, held=0.0):
    return IterationFinished(number, 0, pack_values([success, held]), 96, 60.0)


def finished(number, success, score, is_best=False):
    values = {"Evaluation/success": success, "Evaluation/score": score}
    return EvaluationFinished(number, "quick", values, f"evaluations/model_{number}", 100, 20.0, is_best)


def frames(*bodies, **started):
    return [Frame(at, float(at), body) for at, body in enumerate((replace(STARTED, **started), METRICS, *bodies))]


def after(*bodies, **started):
    state = RunState()
    state.apply_all(frames(*bodies, **started))
    return state


RUNNING = (TRAINING, iteration(40), EvaluationStarted(40, "quick", "cpu", 12.0), iteration(41), iteration(42))
FIRST = (*RUNNING, finished(40, 0.75, 0.6, is_best=True))
SECOND = (*FIRST, EvaluationStarted(60, "quick", "cpu", 12.0), iteration(61), finished(60, 0.5, 0.45))


def test_the_trainer_and_the_screen_call_the_progress_of_a_goal_the_same():
    assert HELD == PUBLISHED


def test_charts_draw_an_evaluation_at_the_iteration_of_its_checkpoint():
    history = MetricHistory()
    history.apply(frames(*SECOND))
    points = history.series["Evaluation/score"]
    assert points.xs.tolist() == [40, 60]
    assert points.ys.tolist() == pytest.approx([0.6, 0.45])
    assert after(*SECOND).latest["Evaluation/score"] == 0.45


def test_the_success_of_evaluations_is_a_curve_beside_that_of_the_training():
    history = MetricHistory()
    history.apply(frames(*FIRST))
    content = BoardContent(names=names_of([ChartSource("run", history, [])]))
    success = pages_of(content, BoardLayout())[0].plans[1]
    assert success.curves == (("training", "Train/success_rate"), ("evaluation", "Evaluation/success"))
    assert success.role == "success"
    assert limits_of("Evaluation/score") == limits_of("Evaluation/success") == (0.0, 1.0)
    assert limits_of("Evaluation/error/linear")[0] == 0.0


def test_the_header_shows_the_newest_evaluation_the_best_and_the_running_one():
    assert evaluation_text(after(TRAINING, iteration(3)), is_alive=True) == ""
    assert evaluation_text(after(*RUNNING), is_alive=True) == "evaluating @40"
    assert evaluation_text(after(*RUNNING), is_alive=False) == ""
    assert evaluation_text(after(*FIRST), is_alive=True) == "evaluated @40: success 75%, score 0.60 (best)"
    assert evaluation_text(after(*SECOND), is_alive=True) == "evaluated @60: success 50%, score 0.45 (best @40)"


def test_the_header_shows_how_far_the_goal_is():
    assert goal_text(after(TRAINING)) == ""
    assert goal_text(after(TRAINING, goal=GOAL)) == "goal: Train/success_rate – of 0.9, 0 of 50 iterations"
    state = after(TRAINING, iteration(40, success=0.95, held=12.0), goal=GOAL)
    assert goal_text(state) == "goal: Train/success_rate 0.95 of 0.9, 12 of 50 iterations"
    once = after(TRAINING, iteration(40), goal=GOAL | {"for": 1})
    assert goal_text(once) == "goal: Train/success_rate 0.5 of 0.9"


def test_goal_and_evaluation_are_in_the_header_where_there_is_room():
    state = after(*SECOND, goal=GOAL)
    goal, evaluation = goal_text(state), evaluation_text(state, is_alive=True)
    wide, narrow, narrowest = (progress_line(state, True, width, 60.0) for width in (200, 160, 80))
    assert wide.endswith(f"{goal}  {evaluation}")
    assert narrow.endswith(goal)
    assert "goal" not in narrowest
    assert all(len(line) <= width for line, width in ((wide, 200), (narrow, 160), (narrowest, 80)))


def test_a_goal_that_is_reached_finishes_the_run():
    reached = after(*FIRST, PhaseChanged("finished", "goal reached: it is high"), goal=GOAL)
    assert reached.has_reached_goal
    assert reached.status(is_alive=False) == "finished"
    assert "goal reached: it is high" in progress_line(reached, False, 200, 60.0)
    stopped = after(*FIRST, PhaseChanged("finished", "stopped"), goal=GOAL)
    assert stopped.status(is_alive=False) == "stopped"


def test_deleted_checkpoints_are_listed_no_more():
    saved = [CheckpointSaved(at, f"model_{at}.pt") for at in (0, 50, 100)]
    state = after(*saved, CheckpointsDeleted(("model_0.pt", "model_50.pt")))
    assert [body.path for body in state.checkpoints] == ["model_100.pt"]


@pytest.mark.parametrize(
    ("body", "text", "severity"),
    [
        (
            finished(40, 0.75, 0.6, is_best=True),
            "iteration 40 evaluated: success 75%, score 0.60, the best so far",
            "information",
        ),
        (
            EvaluationFinished(4, "pushes", {"Evaluation/recovery_time": 1.25}, "evaluations/model_4", 8, 2.0),
            "iteration 4 evaluated: recovery_time 1.25",
            "information",
        ),
        (EvaluationFailed(8, "no memory"), "evaluation of iteration 8: no memory", "warning"),
        (
            CheckpointsDeleted(("model_0.pt", "model_1.pt")),
            "checkpoints deleted: model_0.pt, model_1.pt",
            "information",
        ),
    ],
)
def test_what_happens_beside_the_training_is_news(body, text, severity):
    assert (news_of(body).text, news_of(body).severity) == (text, severity)


def test_an_evaluation_without_values_says_so():
    assert evaluation_result(EvaluationFinished(4, "pushes", {}, "evaluations/model_4", 8, 2.0)).endswith("no values")
