"""Guards that act between two iterations, and several ranks."""

from __future__ import annotations

import msgspec
import pytest

from tests.trainer.recorded_training import NAN, Training, queued
from trainer_proc.contract.messages import Change, InterventionQueued, PhaseChanged
from trainer_proc.contract.monitoring import GuardCalmed, GuardFired
from trainer_proc.contract.products import CheckpointFailed, PolicyReloaded
from trainer_proc.contract.requests import Pause, Reload, Resume, Stop
from trainer_proc.steering.ranks import OneProcess


@pytest.fixture
def training():
    training = Training()
    training.begin()
    training.link.emitted.clear()
    return training


# --- Guards -----------------------------------------------------------------------------------------------


def arm(training, **knobs):
    """Set knobs of the guard against NaN, such as `mode="act"`, and clear the records."""
    changes = tuple(Change(f"guard/not_finite/{name}", "", value) for name, value in knobs.items())
    training.boundary([InterventionQueued(90, "person", changes)], after=0)
    training.link.emitted.clear()
    training.done.clear()


def test_a_guard_warns_and_training_continues(training):
    assert training.boundary(metrics=NAN) == [GuardFired("not_finite", 3, "Loss/value is nan", "warned")]
    assert training.boundary(metrics=NAN) == []


def test_a_guard_may_pause_the_training_until_it_is_resumed(training):
    arm(training, mode="act", action="pause")
    fired, paused, resumed = training.boundary([], [], [Resume()], metrics=NAN)
    assert fired == GuardFired("not_finite", 3, "Loss/value is nan", "paused")
    assert paused == PhaseChanged("paused", "guard not_finite: Loss/value is nan", good_checkpoint="model_0.pt")
    assert resumed == PhaseChanged("training")
    assert training.done == [("look", 3), "renew"]  # a checkpoint from before; environments whose state is NaN


def test_a_guard_may_undo_the_last_change_with_the_weights_from_before_it(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    assert training.done == [("save", 3)]  # the checkpoint from before the change
    training.boundary([queued(2, upright=3.0, effort=-1.0)], after=4)
    training.boundary(after=5)
    undone, fired = training.boundary(after=6, metrics=NAN)
    assert training.weights == {"upright": 2.0, "effort": -0.5}
    assert training.done[-2:] == [("reload", 4), "renew"]
    assert (undone.origin, undone.undoes, undone.number, undone.iteration) == ("guard", 2, 0, 7)
    assert undone.note == f"Loss/value is nan; {training.checkpoint} loaded"
    assert fired.action == "undone"
    assert fired.message == "Loss/value is nan; #2 undone, model_0.pt loaded"


def test_a_guard_that_acts_has_a_checkpoint_saved_before_each_intervention_and_no_other(training):
    training.boundary([queued(1, upright=2.0)])
    assert training.done == []
    arm(training, mode="act")
    training.boundary()
    assert training.done == []
    training.boundary([queued(2, upright=3.0), queued(3, upright=4.0)], after=8)
    assert training.done == [("save", 8)]


def test_with_nothing_to_undo_a_guard_pauses(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    training.boundary(after=4, metrics=NAN)
    training.boundary(after=5, metrics={"Loss/value": 1.0})
    fired, paused, _ = training.boundary([], [Resume()], after=6, metrics=NAN)
    assert fired.action == "paused"
    assert "guard not_finite: Loss/value is nan" in paused.detail


COLLAPSED = {"Evaluation/score": 0.1, "Evaluation/best": 0.8}


def arm_evaluation(training, **knobs):
    changes = tuple(Change(f"guard/evaluation/{name}", "", value) for name, value in knobs.items())
    training.boundary([InterventionQueued(90, "person", changes)], after=0)
    training.link.emitted.clear()
    training.done.clear()


def test_a_policy_that_has_collapsed_is_replaced_by_the_best_checkpoint(training):
    training.boundary([queued(1, upright=2.0)], after=0)
    arm_evaluation(training, mode="act")
    fired, reloaded = training.boundary(after=3, metrics=COLLAPSED)
    message = "Evaluation/score 0.1 is far below the best, 0.8"
    assert fired == GuardFired("evaluation", 3, message, "warned")
    assert reloaded == PolicyReloaded(4, "model_best.pt")
    assert training.done == [("reload", "model_best.pt"), "renew"]
    assert training.weights["upright"] == 2.0  # knobs keep their values
    (calmed,) = training.boundary(after=4)
    assert calmed == GuardCalmed("evaluation", 4)
    assert PolicyReloaded(6, "model_best.pt") in training.boundary(after=5, metrics=COLLAPSED)


def test_without_a_best_checkpoint_the_guard_of_evaluations_pauses(training):
    arm_evaluation(training, mode="act")
    training.checkpoint = None
    fired, paused, _ = training.boundary([], [Resume()], after=3, metrics=COLLAPSED)
    assert fired.action == "paused"
    assert fired.message.endswith("; model_best.pt can't be loaded")
    assert paused.phase == "paused"


def test_the_guard_of_evaluations_may_pause_or_warn_instead(training):
    arm_evaluation(training, mode="warn")
    assert [fired.action for fired in training.boundary(after=3, metrics=COLLAPSED)] == ["warned"]
    arm_evaluation(training, mode="act", action="pause")
    fired, paused, _ = training.boundary([], [Resume()], after=4, metrics=COLLAPSED)
    assert (fired.action, paused.phase) == ("paused", "paused")
    assert ("reload", "model_best.pt") not in training.done


def test_retention_is_told_what_guards_may_return_to(training):
    training.boundary([queued(1, upright=2.0)], after=3)  # in force from iteration 4 on
    for after in (4, 5, 6):
        training.boundary(after=after, metrics={"Policy/kl": 1.0, "Policy/desired_kl": 0.01})
    needed = training.steering.needed_checkpoints(6)
    assert needed.exactly == (3,)
    assert needed.changes == (4,)
    assert needed.below == (4,)  # the first of the iterations with such a KL
    training.boundary([queued(2, upright=3.0)], after=7, metrics={"Train/mean_reward": 10.0})
    for after in (8, 9):
        training.boundary(after=after)
        assert training.steering.needed_checkpoints(after).below == (8,)  # the reward may have fallen since 8


def test_a_guard_that_may_act_does_not_undo_that(training):
    arm(training, mode="act")
    fired, _, _ = training.boundary([], [Resume()], metrics=NAN)
    assert fired.action == "paused"
    assert training.steering.guards.may_undo


def test_without_a_checkpoint_to_reload_a_guard_pauses_and_changes_nothing(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    training.checkpoint = None
    fired, paused, _ = training.boundary([], [Resume()], after=4, metrics=NAN)
    assert fired == GuardFired("not_finite", 4, "Loss/value is nan; no checkpoint to return to", "paused")
    assert paused.phase == "paused"
    assert training.weights["upright"] == 2.0


def test_an_intervention_that_the_user_has_undone_is_not_undone_twice(training):
    arm(training, mode="act")
    training.boundary([queued(1, upright=2.0)], after=3)
    training.boundary([msgspec.structs.replace(queued(2, upright=1.0), undoes=1)], after=4)
    fired, _, _ = training.boundary([], [Resume()], after=5, metrics=NAN)
    assert fired.action == "paused"


def test_a_drop_is_measured_from_the_last_intervention(training):
    before, after = {"Train/mean_reward": 10.0}, {"Train/mean_reward": 5.0}
    training.boundary(metrics=before)
    assert training.boundary(metrics=after) == []
    training.boundary([queued(1, upright=2.0)], metrics=before)
    (fired,) = training.boundary(metrics=after)
    assert (fired.guard, fired.action) == ("reward", "warned")


# --- The ways on from a pause -----------------------------------------------------------------------------


@pytest.fixture
def broken(training):
    """A training whose policy is NaN, and whose guard pauses."""
    arm(training, mode="act", action="pause")
    training.is_finite = False
    return training


def test_a_policy_that_is_not_finite_is_not_resumed_but_reloaded(broken):
    fired, paused, reloaded, continued = broken.boundary([], [], [Resume()], [Reload()], after=7, metrics=NAN)
    assert fired.action == "paused"
    reason = "guard not_finite: Loss/value is nan"
    assert paused == PhaseChanged("paused", reason, is_resumable=False, good_checkpoint="model_0.pt")
    assert reloaded == PolicyReloaded(8, "model_0.pt")
    assert continued == PhaseChanged("training")
    assert broken.done == [("look", 7), ("look", 7), ("reload", "model_0.pt"), "renew"]


def test_a_policy_that_is_broken_again_after_the_reload_pauses_again(broken):
    broken.boundary([], [Reload()], metrics=NAN)
    ended, fired, paused, *_ = broken.boundary([], [Reload()], after=4, metrics=NAN)
    assert ended == GuardCalmed("not_finite", 4)  # what comes is another episode, with a notification of its own
    assert (fired.action, paused.phase) == ("paused", "paused")


def test_without_a_good_checkpoint_the_training_can_only_be_stopped(broken):
    broken.checkpoint = None
    _, paused, failed, stopping = broken.stops([], [Reload()], [Stop()], after=7, metrics=NAN)
    assert paused == PhaseChanged("paused", "guard not_finite: Loss/value is nan", is_resumable=False)
    assert failed == CheckpointFailed(7, "nothing reloaded: there is no good checkpoint")
    assert stopping.phase == "stopping"


def test_a_resume_from_before_the_pause_does_not_end_it(training):
    arm(training, mode="act", action="pause")
    fired, paused, _ = training.boundary([Resume()], [], [Resume()], metrics=NAN)
    assert (fired.action, paused.phase) == ("paused", "paused")


def test_a_pause_on_request_keeps_the_reason_of_the_guard(training):
    arm(training, mode="act", action="pause")
    _, paused, _ = training.boundary([], [Pause()], [Resume()], metrics=NAN)
    assert paused.detail == "guard not_finite: Loss/value is nan"


def test_a_paused_policy_that_is_not_finite_can_not_be_resumed_whoever_has_paused(training):
    training.is_finite = False
    paused, reloaded, _ = training.boundary([Pause()], [Resume()], [Reload()])
    assert paused == PhaseChanged("paused", "after iteration 3", is_resumable=False, good_checkpoint="model_0.pt")
    assert reloaded == PolicyReloaded(4, "model_0.pt")


def test_a_checkpoint_from_before_the_problem_is_looked_for(training):
    changes = (Change("guard/kl/mode", "warn", "act"), Change("guard/kl/iterations", 5.0, 3.0))
    training.boundary([InterventionQueued(90, "person", changes)], after=0)
    training.done.clear()
    high = {"Policy/kl": 1.0, "Policy/desired_kl": 0.01}
    for iteration in (1, 2):
        training.boundary(after=iteration, metrics=high)
    training.boundary([], [Resume()], after=3, metrics=high)
    assert training.done[0] == ("look", 1)  # iterations 1, 2 and 3 show it


def test_a_running_training_reloads_on_request(training):
    reloaded, *_ = training.boundary([Reload()], after=9)
    assert reloaded == PolicyReloaded(10, "model_0.pt")
    assert training.done == [("look", None), ("reload", "model_0.pt"), "renew"]


def test_the_end_of_a_problem_is_published(training):
    training.boundary(after=0, metrics=NAN)
    ends = [body for after in range(1, 40) for body in training.boundary(after=after, metrics={"Loss/value": 1.0})]
    assert ends == [GuardCalmed("not_finite", 20)]


# --- Several ranks ----------------------------------------------------------------------------------------


class OtherRank(OneProcess):
    """Rank 1: receives what rank 0 has shared, not its own orders."""

    rank = 1

    def __init__(self):
        self.shared = []
        self.others_fail = False

    def share(self, orders):
        return self.shared.pop(0) if self.shared else []

    def all(self, is_so):
        return is_so and not self.others_fail


def test_a_rank_above_0_does_what_rank_0_shares_and_nothing_of_its_own():
    ranks = OtherRank()
    training = Training(ranks)
    training.begin()
    training.steering.request_stop()
    training.boundary([Stop(), queued(1, upright=9.0)], metrics=NAN)
    assert training.weights["upright"] == 1.0
    ranks.shared = [[queued(1, upright=2.0)]]
    (applied,) = training.boundary()
    assert applied.changes == (Change("upright", 1.0, 2.0),)
    ranks.shared = [[Stop()]]
    training.stops()


def test_what_another_rank_rejects_is_applied_by_none():
    ranks = OtherRank()
    training = Training(ranks)
    training.begin()
    ranks.others_fail = True
    ranks.shared = [[queued(1, upright=2.0, effort=-1.0)]]
    (failed,) = training.boundary()
    assert failed.reason == "another training process could not apply it"
    assert training.weights == {"upright": 1.0, "effort": -0.5}
