"""How smoothly a policy moves is compared with the training's simulator, which shows faults that it walks with."""

from __future__ import annotations

import msgspec
import pytest

from tests.verification.test_gap import cell, suite
from trainer_proc.verification.smoothness import smoothness_problems

COUNT = 12


def moving(rates, *, group="commands", survived=True, **values):
    made = cell("walk", [1.0 if survived else 0.0] * len(rates), group=group)
    return suite(msgspec.structs.replace(made, values=made.values | {"action_rate": tuple(rates)} | values))


def spread(middle):
    """Return rates around a middle, by up to 2 %."""
    return [middle * (1.0 + 0.02 * (-1) ** number) for number in range(COUNT)]


@pytest.mark.parametrize(
    ("factor", "is_found"), [(1.0, False), (1.04, False), (0.97, False), (1.08, True), (0.9, True), (2.0, True)]
)
def test_another_rate_of_actions_is_a_problem(factor, is_found):
    reference = moving([3.0] * COUNT)
    assert bool(smoothness_problems(moving(spread(3.0 * factor)), reference)) == is_found


def test_the_line_says_what_differs_by_how_much_and_what_to_check():
    jerk = tuple(spread(100.0))
    (line,) = smoothness_problems(moving(spread(3.9), jerk=jerk), moving([3.0] * COUNT, jerk=(100.0,) * COUNT))
    assert line.startswith(
        "smoothness: expected changes of actions within 5% of those in the training's simulator, "
        "got +30% (+28% to +32%) over 12 episodes: check control rate"
    )


def test_few_falling_or_disturbed_episodes_show_nothing():
    reference = moving([3.0] * COUNT)
    assert not smoothness_problems(moving([6.0] * 7), moving([3.0] * 7))
    assert not smoothness_problems(moving([6.0] * COUNT, survived=False), reference)
    assert not smoothness_problems(moving([6.0] * COUNT, group="pushes"), moving([3.0] * COUNT, group="pushes"))
    assert not smoothness_problems(moving([None] * COUNT), reference)


def test_one_wild_episode_is_no_problem():
    rates = [3.0] * (COUNT - 1) + [9.0]
    assert not smoothness_problems(moving(rates), moving([3.0] * COUNT))
