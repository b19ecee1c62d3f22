"""States are sent in stretches when a training is faster than real time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trainer_proc.robot_stream.pace import LEAD_SECONDS, Pace

STEP = 0.02


def sent(step_takes, steps):
    """Return which of the steps are sent if each takes so many seconds of real time."""
    now = [0.0]
    pace = Pace(STEP, lambda: now[0])
    answers = []
    for _ in range(steps):
        now[0] += step_takes
        answers.append(pace.is_due())
    return answers


@given(st.floats(min_value=STEP * 1.001, max_value=10.0))
def test_every_state_of_a_training_below_real_time_is_sent(step_takes):
    assert all(sent(step_takes, 300))


@given(st.floats(min_value=1e-4, max_value=STEP / 2))
def test_a_faster_training_sends_whole_stretches_and_real_time_in_all(step_takes):
    answers = sent(step_takes, 20_000)
    assert abs(sum(answers) * STEP - 20_000 * step_takes) <= LEAD_SECONDS + 2 * STEP
    stretches = "".join("x" if answer else " " for answer in answers).split()
    assert all(len(stretch) * STEP >= LEAD_SECONDS for stretch in stretches[:-1])
