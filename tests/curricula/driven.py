"""A curriculum and whoever carries out what it asks for, without a training."""

from __future__ import annotations

from hypothesis import strategies as st

from curricula.curriculum import FINISHED_EPISODES, MODES, SUCCESS_RATE
from curricula.load import make_curricula

rates = st.none() | st.floats(0, 1) | st.sampled_from([float("nan"), float("inf"), -float("inf"), 0.5, 1.0])
episodes = st.none() | st.sampled_from([0.0, 1.0, 40.0, 500.0, float("nan")])


def seen(rate, finished=1000.0, metric=SUCCESS_RATE):
    """What an iteration publishes; None is nothing."""
    metrics = {metric: rate, FINISHED_EPISODES: finished}
    return {name: value for name, value in metrics.items() if value is not None}


iterations = st.builds(seen, rates, episodes)
user_changes = st.tuples(st.just("level"), st.integers(0, 30)) | st.tuples(st.just("mode"), st.sampled_from(MODES))
courses = st.lists(iterations | user_changes, max_size=60)
"""What happens to a curriculum: metrics of an iteration, or the user's changes."""


def make(**table):
    """A curriculum of the name `c`."""
    (curriculum,) = make_curricula({"c": table})
    return curriculum


class Driven:
    """`moves` holds the iteration, the level before and after, and who moved; `asked` every decision."""

    def __init__(self, curriculum, first_iteration=0):
        self.curriculum = curriculum
        self.iteration = first_iteration
        self.in_force = {}
        self.moves = []
        self.asked = []
        self._carry_out(curriculum.begin(first_iteration), "begin")

    def iterate(self, metrics):
        """Finish an iteration; return what was asked for after it."""
        self.curriculum.count(metrics)
        decisions = self.curriculum.ask(self.iteration, metrics, dict(self.in_force))
        self.iteration += 1
        for decision in decisions:
            self.asked.append((self.iteration, decision))
            self._carry_out(decision, "itself")
        return decisions

    def set(self, what, value):
        """Do what a user does who sets the level or the mode."""
        if what == "mode":
            self.curriculum.enter(value)
            return
        before = self.curriculum.level
        self.curriculum.move(min(value, self.curriculum.top))
        self.curriculum.enter("manual")
        self.in_force |= self.curriculum.values(self.curriculum.level)
        self._moved(before, "person")

    def follow(self, course):
        """Go through a course; return all that was asked for, by iteration."""
        for event in course:
            if isinstance(event, dict):
                self.iterate(event)
            else:
                self.set(*event)
        return self.asked

    def _carry_out(self, decision, who):
        before = self.curriculum.level
        if decision.level is not None:
            self.curriculum.move(decision.level)
        self.in_force |= decision.values
        self._moved(before, who)

    def _moved(self, before, who):
        if self.curriculum.level != before:
            self.moves.append((self.iteration, before, self.curriculum.level, who))
