"""Playing a robot's states: nothing of it knows a real clock."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.robots import state_at
from tui.session.robot.history import SECONDS, RobotHistory
from tui.session.robot.playback import SPEEDS, Playback
from tui.session.robot.time_line import time_line

STEP = 0.02


def states(first, count, every=2, **more):
    return [state_at((0, 0, 0), step=step, **more) for step in range(first, first + count * every, every)]


def recording(count=100, **more):
    history = RobotHistory(STEP)
    history.add(states(0, count, **more))
    return history


def shown_step(playback):
    return playback.history[playback.index].step


# --- history ---


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.floats(-5, 40))
def test_a_history_keeps_its_last_seconds_and_finds_states_by_time(gaps, time):
    history, step = RobotHistory(STEP), 0
    for gap in gaps:
        step += gap
        history.add([state_at((0, 0, 0), step=step)])
    played = [1 if number and (gap - 1) * STEP > 0.5 else gap for number, gap in enumerate(gaps)]  # long gaps are cut
    assert history.last == pytest.approx(sum(played) * STEP)
    assert history.last - history.first <= SECONDS + 1e-9
    times = [history.time_of(index) for index in range(len(history))]
    before = [one for one in times if one <= time + 1e-9]
    assert times[history.index_at(time)] == (before[-1] if before else times[0])


def test_a_recording_keeps_all():
    history = RobotHistory(STEP, seconds=math.inf)
    history.add(states(0, 5000))
    assert len(history) == 5000


def test_every_state_is_found_by_its_own_time():
    history = RobotHistory(STEP)
    history.add(states(10**7, 500, every=1))
    assert [history.index_at(history.time_of(index)) for index in range(500)] == list(range(500))


def test_a_trainer_that_was_started_again_begins_a_new_history():
    history = recording()
    assert not history.add(states(0, 100)[-1:])  # the newest again, of a paused training
    assert len(history) == 100
    assert history.add(states(0, 3))
    assert len(history) == 3
    assert not history.add(states(6, 3))


def test_what_is_recent_is_of_the_same_episode():
    history = RobotHistory(STEP)
    history.add(states(0, 10))
    history.add([state_at((0, 0, 0), step=20, ended="fell_over")])
    history.add(states(22, 5))
    assert history.since(15, 3.0) == range(10, 16)
    assert history.since(9, 3.0) == range(10)
    assert history.since(9, 0.1) == range(6, 10)
    assert history.since(99, 3.0) == range(0)


# --- playing ---


def test_bursts_are_played_at_simulated_time():
    """24 steps arrive at once each second: they last 0.48 s, then the view waits."""
    history = RobotHistory(STEP)
    playback = Playback(history, is_live=True)
    now, shown = 0.0, []
    for second in range(5):
        playback.arrived(history.add(states(second * 24, 12)))
        for _ in range(10):
            playback.tick(now)
            shown.append((playback.position, playback.mode))
            now += 0.1
    positions = [position for position, _ in shown]
    moves = [after - before for before, after in pairwise(positions)]
    assert max(moves) <= 0.1 + 1e-9
    assert min(moves) >= 0
    assert {mode for _, mode in shown} == {"live"}
    assert positions[-1] == history.last
    for tick in range(12):
        playback.tick(now + tick * 0.1)
    assert playback.mode == "waiting"


def test_a_fast_training_is_never_far_ahead_of_the_view():
    history = RobotHistory(STEP)
    playback = Playback(history, is_live=True)
    for tick in range(60):
        playback.arrived(history.add(states(tick * 20, 10)))  # four times as fast as real
        playback.tick(tick * 0.1)
        assert playback.behind <= 3.0
    assert playback.mode == "live"


def test_slow_motion_does_not_jump_ahead():
    history = RobotHistory(STEP)
    playback = Playback(history, is_live=True)
    history.add(states(0, 2))
    playback.tick(0.0)
    playback.change_speed(-1)
    playback.change_speed(-1)
    assert playback.speed == 0.25
    start = playback.position
    history.add(states(4, 400))
    for tick in range(1, 41):
        playback.tick(tick * 0.1)
    assert playback.position - start == pytest.approx(1.0)


def test_steps_pause_and_show_each_state():
    playback = Playback(recording(), is_live=False)
    playback.tick(0.0)
    assert shown_step(playback) == 0
    for by, step in ((1, 2), (1, 4), (-1, 2), (-1, 0), (-1, 0)):
        playback.step(by)
        playback.tick(100.0)
        assert (shown_step(playback), playback.mode) == (step, "paused")


def test_going_back_in_a_live_view_plays_on_from_there_and_follows_again_at_the_end():
    history = recording(500)
    playback = Playback(history, is_live=True)
    playback.tick(0.0)
    assert playback.mode == "live"
    playback.scrub(-5.0)
    assert (playback.mode, playback.behind) == ("playing", pytest.approx(5.0))
    for tick in range(1, 40):
        playback.tick(tick * 0.1)
    assert playback.behind == pytest.approx(1.1)  # no jump
    for tick in range(40, 60):
        playback.tick(tick * 0.1)
    assert playback.mode == "live"
    playback.scrub(-5.0)
    playback.go_live()
    assert playback.behind == 0


def test_a_recording_ends_and_begins_again():
    playback = Playback(recording(10), is_live=False)
    for tick in range(20):
        playback.tick(tick * 0.1)
    assert playback.mode == "at end"
    playback.toggle_pause()
    assert (playback.mode, shown_step(playback)) == ("playing", 0)


def test_the_moments_before_a_fall_are_found():
    history = recording(100)
    history.add([state_at((0, 0, 0), step=200, ended="time_out", is_time_out=True)])
    history.add(states(202, 49))
    history.add([state_at((0, 0, 0), step=300, ended="fell_over")])
    history.add(states(302, 100))
    playback = Playback(history, is_live=True)
    playback.tick(0.0)
    assert playback.go_to_fall(-1)
    assert playback.position == pytest.approx(300 * STEP - 1)
    assert not playback.go_to_fall(-1)
    playback.go_to(0.0)
    assert playback.go_to_fall(1)
    assert playback.position == pytest.approx(300 * STEP - 1)


def test_a_program_that_was_suspended_plays_on_where_it_was():
    playback = Playback(recording(1000), is_live=False)
    playback.tick(0.0)
    start = playback.position
    playback.tick(3600.0)
    assert playback.position - start <= 0.5


actions = st.sampled_from(("pause", "slower", "faster", "step", "back", "scrub", "unscrub", "live", "fall", "restart"))
events = st.lists(st.one_of(actions, st.integers(0, 60), st.floats(0.0, 3.0)), max_size=60)


@given(events, st.booleans())
def test_whatever_happens_a_state_of_the_history_is_shown(happening, is_live):
    """Numbers are arriving states, fractions are seconds that pass."""
    history, now, step = RobotHistory(STEP, seconds=3.0), 0.0, 0
    playback = Playback(history, is_live=is_live)
    for event in happening:
        if isinstance(event, int):
            arriving = states(step, event)
            step += event * 2
            playback.arrived(history.add(arriving))
        elif isinstance(event, float):
            before, is_behind = playback.position, playback.behind > 3.0
            now += event
            playback.tick(now)
            assert playback.position >= before
            if not is_behind:
                assert playback.position - before <= event * playback.speed + 1e-9
        elif event == "restart":
            step = 0
            playback.arrived(history.add(states(0, 1)))
        else:
            act(playback, event)
        assert -1 <= playback.index < max(len(history), 1)
        assert (playback.index == -1) == (len(history) == 0)
        assert history.first <= playback.position <= history.last
        assert playback.speed in SPEEDS
        for width in (1, 20, 80):
            assert sum(len(text) for text, _ in time_line(playback, width)) <= max(width, 30)


def act(playback, action):
    match action:
        case "pause":
            playback.toggle_pause()
        case "slower" | "faster":
            playback.change_speed(1 if action == "faster" else -1)
        case "step" | "back":
            playback.step(1 if action == "step" else -1)
        case "scrub" | "unscrub":
            playback.scrub(0.7 if action == "scrub" else -0.7)
        case "live":
            playback.go_live()
        case "fall":
            playback.go_to_fall(-1)


def test_a_fall_that_is_about_to_come_is_not_denied():
    history = RobotHistory(STEP)
    history.add([*states(0, 10), *states(20, 1, ended="fell_over"), *states(22, 100)])
    playback = Playback(history, is_live=False)
    assert playback.go_to_fall(1)
    assert playback.position == 0.0
    playback.go_to(history.last)
    assert not playback.go_to_fall(1)
