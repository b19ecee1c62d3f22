"""The queue of evaluations: one at a time, in order, each cancelled or ended exactly once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from curricula.errors import UserError
from tests.tui.evaluations import Scripted, quick
from trainer_proc.contract.evaluation import Request
from tui.session.evaluations.table import ended_news, jobs_text


def request(number=0, suite="quick"):
    return Request(run="/runs/a", checkpoint=f"/runs/a/model_{number}.pt", suite=suite)


def test_evaluations_run_one_after_the_other_in_the_order_of_asking():
    scripted = Scripted()
    for number in range(3):
        scripted.jobs.ask(request(number))
    scripted.wait(lambda: scripted.running == ["model_0.pt"], "the first one")
    scripted.wait(lambda: scripted.jobs.jobs[0].progress.done == 3, "its progress")
    assert scripted.states() == ["running", "queued", "queued"]
    assert jobs_text(scripted.jobs.jobs) == "evaluating quick of model_0.pt 30 %, 2 more"
    for number in range(3):
        scripted.end(number, quick())
    scripted.wait(lambda: scripted.states() == ["done"] * 3, "all")
    assert scripted.most_at_once == 1
    assert scripted.history[3] == ["queued", "running", "done"]
    assert jobs_text(scripted.jobs.jobs) == ""
    assert ended_news(scripted.jobs.jobs[0]).text == "quick of model_0.pt: success 96 %"


def test_the_same_evaluation_is_not_queued_twice():
    scripted = Scripted()
    assert scripted.jobs.ask(request(1)) is not None
    assert scripted.jobs.ask(request(1)) is None
    assert scripted.jobs.ask(request(1, "commands")) is not None
    scripted.jobs.close()
    scripted.wait(lambda: scripted.states() == ["cancelled"] * 2, "both")
    assert scripted.jobs.ask(request(1)) is not None  # it is over
    scripted.jobs.close()
    scripted.wait(lambda: scripted.states()[-1] == "cancelled", "the third one")


def test_a_cancelled_evaluation_leaves_the_others():
    scripted = Scripted()
    for number in range(3):
        scripted.jobs.ask(request(number))
    scripted.wait(lambda: scripted.running, "the first one")
    scripted.jobs.cancel(2)
    scripted.jobs.cancel(1)
    scripted.wait(lambda: scripted.running == ["model_2.pt"], "the third one")
    scripted.end(2, quick())
    scripted.wait(lambda: scripted.states() == ["cancelled", "cancelled", "done"], "the end")
    assert scripted.history[2] == ["queued", "cancelled"]
    assert ended_news(scripted.jobs.jobs[0]) is None


def test_a_failure_is_reported_and_the_next_one_runs():
    scripted = Scripted()
    scripted.jobs.ask(request(0))
    scripted.jobs.ask(request(1))
    scripted.end(0, UserError("no free memory on cuda:0"))
    scripted.end(1, quick())
    scripted.wait(lambda: scripted.states() == ["failed", "done"], "the end")
    assert ended_news(scripted.jobs.jobs[0]).text == "quick of model_0.pt failed: no free memory on cuda:0"


def test_an_unexpected_error_is_reported_too(caplog):
    scripted = Scripted()
    scripted.jobs.ask(request(0))
    scripted.wait(lambda: scripted.running, "the first one")
    scripted.jobs.ask(request(1))
    scripted.end(0, RuntimeError("a bug"))
    scripted.wait(lambda: scripted.states() == ["failed", "failed"], "the end")
    assert "a bug" in scripted.jobs.jobs[1].problem
    scripted.end(2, quick())
    scripted.jobs.ask(request(2))
    scripted.wait(lambda: scripted.states()[2] == "done", "a later one")


def test_a_listener_that_left_hears_nothing_more():
    scripted = Scripted()
    heard = []
    scripted.jobs.listen(heard.append)
    scripted.jobs.stop_listening(heard.append)
    scripted.end(0, quick())
    scripted.jobs.ask(request(0))
    scripted.wait(lambda: scripted.states() == ["done"], "the end")
    assert heard == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["ask", "cancel", "end", "fail"]), st.integers(0, 3)), max_size=12))
def test_every_evaluation_ends_once_whatever_the_user_does(steps):
    scripted = Scripted()
    for step, number in steps:
        if step == "ask":
            scripted.jobs.ask(request(number))
        elif step == "cancel":
            for job in scripted.jobs.jobs:
                if job.request == request(number):
                    scripted.jobs.cancel(job.number)
        else:
            scripted.end(number, quick() if step == "end" else UserError("failed"))
    scripted.jobs.close()
    scripted.wait(lambda: not any(job.is_open for job in scripted.jobs.jobs), "the end")
    assert scripted.most_at_once <= 1
    for states in scripted.history.values():
        assert states[0] == "queued"
        assert sum(state in ("done", "failed", "cancelled") for state in states) == 1
        assert states == sorted(states, key=["queued", "running", "done", "failed", "cancelled"].index)
