import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.robots import packed, scene_of, sphere, state_at
from trainer_proc.contract.robot import Selection
from tui.charts.robot.camera import Camera
from tui.charts.robot.drawing import RobotPainter
from tui.charts.robot.focus import Focus
from tui.charts.robot.view import fall_text, paint_view
from tui.session.robot.choices import choices_for, title_of
from tui.session.robot.gait import gait_lines
from tui.session.robot.readout import Moment, largest_torque, nearest_limit, readout
from tui.session.robot.reward_bars import nice_above, reward_lines, signed_bar
from tui.session.text import distinct_parts

COMMAND = ("forward (m/s)", "lateral (m/s)", "yaw (rad/s)")
FEET = ("base", "left_ankle_roll_link", "right_ankle_roll_link")


def text(line):
    return "".join(piece for piece, _ in line)


def walking():
    """A scene with everything that a state can tell, and a second of it."""
    scene = scene_of(
        sphere(0, 0.3),
        bodies=FEET,
        feet=(1, 2),
        joints=("left_knee_joint", "right_knee_joint", "free_joint"),
        joint_limits=((0.0, 2.0), (0.0, 2.0), (-math.inf, math.inf)),
        torque_limits=(100.0, 100.0, math.inf),
        rewards=("track_velocity", "action_rate", "unused"),
        command=COMMAND,
    )
    recent = [
        state_at(
            *[(0, 0, 0.3)] * 3,
            step=step,
            velocity=packed(0.5, 0.01, -0.1),
            command=packed(0.7, 0, 0.2),
            joints=packed(1.0, 1.96, 5.0),
            torques=packed(-30, 100, 900),
            contacts=packed(200, 0) if step < 25 else packed(0, 200),
            rewards=packed(1.5, -0.75, 0),
            weights=packed(2, -0.1, 0),
        )
        for step in range(50)
    ]
    return Moment(scene, recent[-1], recent)


def test_a_readout_tells_what_the_state_has():
    shown = "\n".join(map(text, readout(walking(), 50, 30)))
    assert "env 0 of 8" in shown
    assert "forward (m/s)   +0.70  +0.50" in shown
    assert "2% to upper right_knee" in shown
    assert "100% (1 sat.)" in shown
    assert "track_velocity +1.500      2" in shown
    assert shown.count("█") > 10


def test_a_state_that_has_nothing_but_poses_is_enough():
    moment = Moment(scene_of(num_envs=3), state_at((0, 0, 0)), [state_at((0, 0, 0))])
    assert [text(line) for line in readout(moment, 60, 20)] == ["env 0 of 3    0.00 s  iteration 1"]


@given(st.integers(1, 120), st.integers(0, 40))
def test_a_readout_fits_any_size(width, height):
    lines = readout(walking(), width, height)
    assert len(lines) <= height
    assert all(len(text(line)) <= width for line in lines)


@given(st.integers(0, 120), st.integers(0, 30))
def test_a_view_fits_any_size(width, height):
    moment = walking()
    grid = paint_view(RobotPainter(moment.scene), moment, Camera(), Focus((0, 0), 0), width=width, height=height)
    assert (grid.width, grid.height) == (width, height)


def test_contacts_are_drawn_over_time_without_what_all_feet_are_called():
    moment = walking()
    left, right = map(text, gait_lines(moment.scene, moment.recent, 36))
    assert left.startswith("left ")
    assert right.startswith("right ")
    assert left[6:].strip() == "█" * 5 + "·" * 5  # 3 s are 30 cells
    assert right[6:].strip() == "·" * 5 + "█" * 5
    later = [*moment.recent, state_at(*[(0, 0, 0.3)] * 3, step=50, contacts=packed(0, 200))]
    assert text(gait_lines(moment.scene, later, 36)[0])[5:] == left[6:] + "·"


@pytest.mark.parametrize(
    ("share", "bar"),
    [
        (1.0, "    │████"),
        (-1.0, "████│    "),
        (0.5, "    │██  "),
        (-0.375, "  ▐█│    "),
        (7.0, "    │████"),
        (0.0, "    │    "),
    ],
)
def test_bars_have_their_zero_in_the_middle(share, bar):
    assert text(signed_bar(share, 4)) == bar


@given(st.floats(1e-12, 1e12))
def test_the_scale_of_bars_is_the_next_round_number(size):
    scale = nice_above(size)
    assert size * (1 - 1e-6) <= scale <= 2.5 * size * (1 + 1e-6)


def test_with_little_room_the_largest_terms_are_shown_in_their_order():
    moment = walking()
    lines = [text(line) for line in reward_lines(moment.scene, moment.recent, 60, 3)]
    assert lines[0].startswith("reward/s (+1 more)")
    assert [line.split()[0] for line in lines[1:]] == ["track_velocity", "action_rate"]


def test_values_that_are_not_finite_are_shown_as_such():
    moment = walking()
    broken = state_at(*[(0, 0, 0)] * 3, rewards=packed(math.nan, math.inf, 0), joints=packed(math.nan, 1, 1),
                      torques=packed(math.nan, math.nan, 1), command=packed(math.nan, 0, 0))  # fmt: skip
    shown = "\n".join(map(text, readout(Moment(moment.scene, broken, [broken]), 60, 30)))
    assert "+nan" in shown
    assert text(nearest_limit(moment.scene, broken)).endswith("right_knee")
    assert largest_torque(moment.scene, broken) == ()


def test_a_joint_beyond_its_limit_is_at_it():
    scene = walking().scene
    assert "at lower" in text(nearest_limit(scene, state_at((0, 0, 0), joints=packed(-0.1, 1, 0))))


def test_a_fall_is_shown_for_a_moment_and_a_time_out_is_none():
    def told(seconds, **how):
        began = state_at((0, 0, 0), step=0, **how)
        now = state_at((0, 0, 0), step=int(seconds / 0.02))
        return fall_text(Moment(scene_of(), now, [began, now]))

    assert told(0.2, ended="fell_over") == "fell_over"
    assert told(2.0, ended="fell_over") == ""
    assert told(0.2, ended="time_out", is_time_out=True) == ""


def test_environments_are_chosen_by_number_by_value_or_by_type():
    scene = scene_of(num_envs=64, environment_types=("stairs", "flat"))
    by_number = choices_for(scene, " 17 ", "me")
    assert [choice.selection for choice in by_number] == [Selection("env", "17")]
    assert choices_for(scene, "64", "me") == []
    assert [choice.selection for choice in choices_for(scene, "stai", "me")] == [Selection("type", "stairs")]
    assert [choice.selection.kind for choice in choices_for(scene, "", "me")] == [
        *("best", "worst", "tilted", "noise-free", "random", "type", "type"),
    ]
    assert Selection("random", "me") in [choice.selection for choice in choices_for(scene, "random", "me")]
    assert title_of(Selection("env", "17")) == "env 17"
    assert title_of(Selection("tilted")) == "most tilted"


def test_names_lose_what_all_of_them_have():
    assert distinct_parts(["left_foot_link", "right_foot_link"]) == ["left", "right"]
    assert distinct_parts(["foot"]) == ["foot"]
    assert distinct_parts(["a_foot", "foot"]) == ["a", "foot"]
    assert distinct_parts(["a", "a"]) == ["a", "a"]
