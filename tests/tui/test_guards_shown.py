"""What guards have reported: episodes in the state of a run, in its header, its history and on its charts."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.conftest import STARTED
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    MetricSet,
    PhaseChanged,
    Ramp,
)
from trainer_proc.contract.monitoring import GuardCalmed, GuardFired, LeftOut
from trainer_proc.contract.products import PolicyReloaded
from trainer_proc.contract.requests import Reload, Resume, Stop
from tui.session.guards import asks_how_to_go_on, present_text, ways_on
from tui.session.interventions.history_text import history_row
from tui.session.interventions.listing import list_history, list_interventions, list_reloads, list_troubles
from tui.session.interventions.marks import marks_of
from tui.session.notifications.news import news_of
from tui.session.state import RunState
from tui.session.status_text import progress

KL = GuardFired("kl", 61, "KL 0.41 exceeded 5× desired KL (0.01) for 5 iterations", "warned")
NAN = GuardFired("not_finite", 70, "Loss/value is nan", "paused")


def after(*bodies):
    state = RunState()
    for number, body in enumerate((STARTED, MetricSet(0, ()), *bodies)):
        state.apply(Frame(number, 0.0, body))
    return state


def at(iteration):
    return IterationFinished(iteration, 0, b"", 96, 60.0)


def test_reports_of_a_guard_are_one_episode_until_it_has_calmed():
    later = replace(KL, iteration=65, message="KL 0.5", action="paused")
    state = after(KL, NAN, later, GuardCalmed("kl", 90), replace(KL, iteration=99))
    assert [(one.guard, one.iteration, one.ended, one.reports, one.action) for one in list_troubles(state)] == [
        ("kl", 99, None, 1, "warned"),
        ("not_finite", 70, None, 1, "paused"),
        ("kl", 61, 90, 2, "paused"),
    ]
    assert list_troubles(state)[2].message == "KL 0.5"
    assert present_text(state.troubles.present) == "! not_finite @70, kl @99"


def test_a_training_that_is_started_again_is_in_no_trouble():
    state = after(at(80), KL, STARTED)
    assert state.troubles.present == []
    assert [one.ended for one in list_troubles(state)] == [80]


def test_trouble_ends_with_the_training():
    state = after(at(80), KL, PhaseChanged("finished"))
    assert [one.ended for one in list_troubles(state)] == [80]
    assert present_text(state.troubles.present) == ""


def test_the_first_warning_of_an_episode_and_whatever_a_guard_does_is_news():
    again, acted = replace(KL, iteration=66), replace(KL, iteration=71, action="paused")
    other = replace(KL, iteration=120)
    state = after(KL, again, acted, GuardCalmed("kl", 91), other)
    assert [state.troubles.is_new(body) for body in (KL, again, acted, other)] == [True, False, True, True]


def test_the_header_shows_trouble_for_as_long_as_it_lasts():
    training = (PhaseChanged("training"), at(61))
    line = "▶ training  iteration 62 of 100  ██████░░░░ 62%  1 min left"
    assert progress(after(*training, KL), True, 10) == f"{line}  ! kl @61"
    assert progress(after(*training, KL, GuardCalmed("kl", 61)), True, 10) == line
    assert "kl" not in progress(after(*training, KL), False, 10)  # killed


def test_a_pause_names_its_reason_once_and_the_ways_on():
    paused = PhaseChanged("paused", "guard not_finite: Loss/value is nan", is_resumable=False)
    assert progress(after(at(70), NAN, paused), True, 1).endswith("left  stop  guard not_finite: Loss/value is nan")
    reloadable = replace(paused, good_checkpoint="model_50.pt")
    assert "  reload model_50.pt or stop  guard" in progress(after(at(70), NAN, reloadable), True, 1)
    by_user = PhaseChanged("paused", "after iteration 70")
    assert progress(after(at(70), KL, by_user), True, 1).endswith("left  ! kl @61  after iteration 70")


@pytest.mark.parametrize(
    ("is_resumable", "checkpoint", "ways"),
    [
        (True, "", {"continue": Resume(), "stop": Stop()}),
        (True, "model_50.pt", {"reload": Reload(), "continue": Resume(), "stop": Stop()}),
        (False, "model_50.pt", {"reload": Reload(), "stop": Stop()}),
        (False, "", {"stop": Stop()}),
    ],
)
def test_every_pause_has_a_way_on(is_resumable, checkpoint, ways):
    phase = PhaseChanged("paused", "guard x: y", is_resumable=is_resumable, good_checkpoint=checkpoint)
    assert {name: request for name, (_, request) in ways_on(phase).items()} == ways
    assert asks_how_to_go_on(phase) == (ways.keys() != {"continue", "stop"})


CHANGE = InterventionApplied(1, "person", 66, 1, (Change("reward/x/weight", 1.0, 2.0),))


def test_the_history_lists_reports_and_reloads_among_the_changes():
    queued = InterventionQueued(2, "person", (Change("reward/x/weight", 2.0, 3.0),))
    state = after(KL, GuardCalmed("kl", 65), CHANGE, NAN, PolicyReloaded(71, "model_50.pt"), queued)
    assert [history_row(listed) for listed in list_history(state)] == [
        "#2                     user        queued   reward/x/weight 2 → 3",
        "      iteration 71     user        applied  model_50.pt loaded into the policy",
        "      iteration 70     guard       paused   guard not_finite: Loss/value is nan (lasts)",
        "#1    iteration 66     user        applied  reward/x/weight 1 → 2",
        f"      iteration 61     guard       warned   guard kl: {KL.message} (until 65)",
    ]
    assert [one.path for one in list_reloads(state)] == ["model_50.pt"]


def test_what_could_not_be_observed_is_news_and_stands_at_the_end_of_the_history():
    body = LeftOut("KL and clip fraction", "Distillation has no actor with log-probabilities")
    assert news_of(body).text == "no KL and clip fraction: Distillation has no actor with log-probabilities"
    state = after(body, CHANGE, STARTED)  # a script's run is started anew once its length is known
    rows = [history_row(listed) for listed in list_history(state)]
    assert rows[0].startswith("#1")
    assert rows[1:] == [f"{'':22} trainer     missing  {news_of(body).text}"]


def test_a_reload_is_news_and_marked_on_the_charts():
    body = PolicyReloaded(71, "model_50.pt")
    assert news_of(body).text == "model_50.pt loaded into the policy @71"
    (mark,) = marks_of(after(body))
    assert (mark.iteration, mark.kind, mark.text) == (71, "user", "model_50.pt loaded into the policy")


def test_a_ramp_is_listed_with_its_length_and_its_targets():
    ramp = Ramp(20, "geometric")
    queued = InterventionQueued(1, "person", (Change("reward/x/weight", 1.0, 3.0),), ramp=ramp)
    whole = Ramp(20, "geometric", {"reward/x/weight": 3.0})
    assert list_interventions(after(queued))[0].ramp == whole
    begun = replace(CHANGE, changes=(Change("reward/x/weight", 1.0, 1.1),), ramp=whole)
    assert list_interventions(after(queued, begun))[0].ramp == whole
    assert list_interventions(after(CHANGE))[0].ramp is None
