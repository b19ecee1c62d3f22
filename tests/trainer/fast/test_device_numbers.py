"""Numbers that a graph reads on the device: what takes them, what notes an answer, and what takes the float."""

from __future__ import annotations

import math
import operator

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global DeviceNumbers, FLOATS, Place, Use, WatchedValues, capture_by_tape, torch
    import torch

    from tests.trainer.fast.tape import capture_by_tape
    from trainer_proc.fast.mjlab.device_number import Use
    from trainer_proc.fast.mjlab.device_numbers import DeviceNumbers
    from trainer_proc.fast.mjlab.values import Place, WatchedValues

    FLOATS = torch.linspace(-2.0, 2.0, 9)


def replayed(work, first, second):
    """Capture `work` of a number that is `first`; return its result and one of the replay after it became `second`."""
    use = Use(first, torch.device("cpu"))
    graph = capture_by_tape(lambda: [work(use.number(first))], torch.device("cpu"))
    assert torch.equal(graph.replay()[0], work(first))
    use.tensor.fill_(second)
    return use, graph.replay()[0].clone()


FOLLOWED = {
    "weight": lambda n: FLOATS * n * 0.02,
    "from the left": lambda n: 3.0 - n * FLOATS / (1.0 + n),
    "gaussian": lambda n: torch.exp(-FLOATS.square() / n**2),
    "negative": lambda n: -n + abs(n) * FLOATS,
    "in place": lambda n: FLOATS.clone().mul_(n).add_(n),
    "whole numbers": lambda n: torch.arange(5) * n,
    "double": lambda n: FLOATS.double() * n,
    "where": lambda n: torch.where(n > FLOATS, FLOATS, n),
    "threshold": lambda n: (n > FLOATS).float(),
    "clamp": lambda n: FLOATS.clamp(min=-1.0, max=n) + torch.clip(FLOATS, -n, n),
    "written": lambda n: _written(n),
}


def _written(number):
    values = FLOATS.clone()
    values[2:4] = number
    return values


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_replay_has_the_new_value(name):
    use, result = replayed(FOLLOWED[name], 0.7, 1.3)
    assert torch.equal(result, FOLLOWED[name](1.3))
    assert use.allows(1.3)


def test_random_numbers_are_drawn_in_the_new_interval():
    use, _ = replayed(lambda n: torch.empty(4).fill_(1.0) * n, 0.5, 0.5)
    graph = capture_by_tape(lambda: [torch.empty(1000).uniform_(0.0, use.number(0.5))], torch.device("cpu"))
    assert 0.4 < graph.replay()[0].max() <= 0.5
    use.tensor.fill_(4.0)
    assert 3.5 < graph.replay()[0].max() <= 4.0
    assert use.allows(4.0)


FIXED = {
    "function of Python": lambda n: FLOATS * math.exp(n),
    "size": lambda n: FLOATS[: int(n)],
    "filled": lambda n: torch.full((2,), n),
    "list": lambda n: torch.tensor([float(n), 1.0]),
    "text": lambda n: FLOATS * len(f"{n:.1f}"),
    "key": lambda n: FLOATS * {1.5: 2.0, 2.5: 3.0}[n],
    "method": lambda n: FLOATS * n.is_integer(),
    "branch on what follows": lambda n: FLOATS if n * 2 > 4.0 else -FLOATS,
}


@pytest.mark.parametrize("name", FIXED)
def test_what_takes_the_float_is_captured_again(name):
    use, result = replayed(FIXED[name], 1.5, 2.5)
    assert torch.equal(result, FIXED[name](1.5))
    assert not use.allows(2.5)


def test_an_answer_is_right_until_it_is_another_one():
    use, _ = replayed(lambda n: FLOATS * 0.0 if n == 0.0 else FLOATS * n, 1.5, 2.5)
    assert use.allows(-3.0)
    assert not use.allows(0.0)
    use, _ = replayed(lambda n: FLOATS * n if n else FLOATS, 1.5, 2.5)
    assert not use.allows(0.0)
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.ne):
        use, _ = replayed(lambda n, compare=compare: FLOATS if compare(n, 2.0) else -FLOATS, 1.5, 2.5)
        assert use.allows(1.7) is True
        assert use.allows(2.5) is (compare is operator.ne)


class Term:
    def __init__(self):
        self.weight, self.ends, self.count = 1.0, (0.0, 1.0), 2


def changed(term, numbers, watched, **values):
    vars(term).update(values)
    watched()
    return numbers.take(watched.take_changed())


def made():
    term = Term()
    watched = WatchedValues(lambda: [term])
    watched()
    watched.take_changed()
    return term, DeviceNumbers(torch.device("cpu")), watched


def stands_in(term, numbers):
    with numbers.in_place():
        return {name: type(value).__name__ for name, value in vars(term).items()}


def test_the_second_change_makes_a_tensor():
    term, numbers, watched = made()
    assert not changed(term, numbers, watched, weight=2.0)
    assert stands_in(term, numbers)["weight"] == "float"
    assert not changed(term, numbers, watched, weight=3.0)
    assert stands_in(term, numbers) == {"weight": "DeviceNumber", "ends": "tuple", "count": "int"}
    assert term.weight == 3.0
    assert changed(term, numbers, watched, weight=4.0)
    assert not changed(term, numbers, watched, weight=5)  # a whole number decides sizes
    assert stands_in(term, numbers)["weight"] == "int"


def test_a_number_that_was_decided_by_is_another_one_afterwards():
    term, numbers, watched = made()
    for value in (2.0, 3.0):
        changed(term, numbers, watched, weight=value)
    with numbers.in_place():
        assert term.weight != 0.0
    before = numbers.generation
    assert changed(term, numbers, watched, weight=4.0)
    assert numbers.generation == before
    assert not changed(term, numbers, watched, weight=0.0)
    assert numbers.generation > before  # no old graph is used again, which would read the old tensor


def test_a_number_whose_float_was_taken_stays_one():
    term, numbers, watched = made()
    for ends in ((0.0, 2.0), (0.0, 3.0)):
        changed(term, numbers, watched, ends=ends)
    with numbers.in_place():
        assert float(term.ends[1]) == 3.0
    for high in (4.0, 5.0, 6.0):
        assert not changed(term, numbers, watched, ends=(0.0, high))
        assert stands_in(term, numbers)["ends"] == "tuple"
        with numbers.in_place():
            assert type(term.ends[1]) is float


def test_what_is_given_to_unknown_code_stays_a_float():
    params = {"std": 0.5, "ranges": {"x": 1.0}}
    watched = WatchedValues(lambda: [params])
    watched()
    watched.take_changed()
    numbers = DeviceNumbers(torch.device("cpu"), [params])
    for value in (0.6, 0.7, 0.8):
        params["std"] = params["ranges"]["x"] = value
        watched()
        assert not numbers.take(watched.take_changed())
    with numbers.in_place():
        assert params == {"std": 0.8, "ranges": {"x": 0.8}}


def test_a_number_that_could_not_be_captured_stays_one():
    term, numbers, watched = made()
    for value in (2.0, 3.0):
        changed(term, numbers, watched, weight=value)
    assert numbers.fix()
    assert not numbers.fix()
    assert not changed(term, numbers, watched, weight=4.0)
    assert stands_in(term, numbers)["weight"] == "float"
