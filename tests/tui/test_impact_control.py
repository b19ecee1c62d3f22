"""A change beside a control: the same iterations of a run without it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trainer_proc.contract.codec import encode, pack_values
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
)
from tui.cli import run

REWARD, KNOB = "Train/mean_reward", "reward/upright/weight"
AT, LAST = 50, 100


def written(make_run, name, rise, *others):
    """A run whose reward rises by `rise` at iteration AT, with noise of 1."""
    noise = np.random.default_rng(len(name)).normal(size=LAST)
    knob = Knob(KNOB, "reward", 1.0, 1.0, "next iteration")
    folder = make_run(name)
    journal = JournalWriter(folder.journal)
    bodies = [KnobsAvailable(0, (knob,)), MetricSet(0, (REWARD,))]
    for number in range(LAST):
        bodies += [body for body in others if body.iteration == number]
        value = float(noise[number]) + rise * (number >= AT)
        bodies.append(IterationFinished(number, 0, pack_values([value]), number, 1.0))
    for number, body in enumerate(bodies):
        journal.append(encode(Frame(number, 1e9 + number, body)))
    journal.close()
    return folder


def change(number=1, iteration=AT):
    return InterventionApplied(number, "person", iteration, number, (Change(KNOB, 1.0, 2.0),))


@pytest.fixture
def compared(make_run, capsys, tmp_path):
    def compared(rise, *in_control):
        changed = written(make_run, "2026-01-01_10-00-00_changed", rise, change())
        control = written(make_run, "2026-01-01_11-00-00_control", 0.0, *in_control)
        arguments = ["impact", changed.name, "--against", control.name, "--logs", str(tmp_path / "logs")]
        assert run([*arguments, "--json"]) == 0
        record = json.loads(capsys.readouterr().out)["control"]
        assert run(arguments) == 0
        return record, capsys.readouterr().out

    return compared


def test_what_differs_from_the_control_is_told_with_its_interval(compared):
    record, text = compared(5.0)
    assert record["window"] == {"first": AT, "last": LAST - 1}
    (reward,) = [one for one in record["metrics"] if one["metric"] == REWARD]
    low, high = reward["interval"]
    assert reward["verdict"] == "higher"
    assert low < 5.0 < high
    assert low > 3.0
    assert "beside 2026-01-01_11-00-00_control: iterations 50 to 99" in text
    assert any(line.startswith(REWARD) and line.endswith("higher") for line in text.splitlines())
    assert record["remarks"] == ["two runs of one seed: a difference may be chance"]


def test_the_same_is_no_clear_change_and_a_control_that_was_changed_too_is_named(compared):
    record, text = compared(0.0, change(3, 60))
    (reward,) = [one for one in record["metrics"] if one["metric"] == REWARD]
    assert reward["verdict"] == "no clear change"
    assert "changed in the control itself: #3" in text
