"""Tables of a preset: what doesn't fit is told in one line, and nothing else ever happens."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curricula.load import KINDS, make_curricula
from curricula.schema import SchemaError
from curricula.velocity import PARTS

MASS, WEIGHT = "event/mass/scale", "reward/pose/weight"
GROWTH = {"kind": "growth", "ranges": {MASS: {"from": [1, 1], "to": [0.8, 1.2]}}}
STAGED = {"kind": "staged", "stages": [{WEIGHT: 1}, {WEIGHT: 2}]}
SCHEDULE = {"kind": "schedule", "points": [{"at": 0, "set": {WEIGHT: 1}}, {"at": 10, "set": {WEIGHT: 2}}]}
TASKS = {"kind": "tasks", "tasks": ["stand", "walk"]}
RECORDING = {"kind": "recording", "steps": [{"iteration": 3, "set": {WEIGHT: 2.0}}]}
VELOCITY, TERRAIN = {"kind": "velocity"}, {"kind": "terrain"}
GOOD = (GROWTH, STAGED, SCHEDULE, TASKS, RECORDING, VELOCITY, TERRAIN)


def problem(**tables):
    with pytest.raises(SchemaError) as problem:
        make_curricula(tables)
    assert "\n" not in str(problem.value)
    return str(problem.value)


@pytest.mark.parametrize("table", GOOD, ids=lambda table: table["kind"])
def test_every_kind_is_made_with_its_defaults(table):
    (curriculum,) = make_curricula({"one": table})
    assert (curriculum.name, curriculum.kind, curriculum.mode) == ("one", table["kind"], "auto")
    assert curriculum.outlook(0, {})


def test_whole_numbers_and_lists_of_a_file_are_numbers_and_ranges():
    growth, staged = make_curricula({"a": GROWTH, "b": STAGED})
    assert growth.values(10) == {MASS: (0.8, 1.2)}
    assert staged.values(1) == {WEIGHT: 2.0}
    assert type(staged.values(1)[WEIGHT]) is float


def test_several_at_once_are_made_in_their_order():
    made = make_curricula({"b": GROWTH, "a": STAGED, "session": RECORDING})
    assert [curriculum.name for curriculum in made] == ["b", "a", "session"]


@pytest.mark.parametrize(
    ("one", "other", "knob"),
    [
        (STAGED, SCHEDULE, WEIGHT),
        (GROWTH, GROWTH, MASS),
        (VELOCITY, {"kind": "velocity", "forward": [[0, 9]]}, "command/twist/ang_vel_z"),
        (TERRAIN, {"kind": "staged", "stages": [{"terrain/highest_level": 1}]}, "terrain/highest_level"),
        (TASKS, {"kind": "tasks", "tasks": ["walk"]}, "command/twist/weights/walk"),
    ],
)
def test_a_knob_has_one_owner(one, other, knob):
    assert problem(one=one, other=other) == f"curriculum one and curriculum other both set {knob}: a knob has one owner"


def test_parts_of_the_command_have_levels_of_their_own():
    yaw = VELOCITY | {"parts": ["yaw"], "yaw": [[-0.3, 0.3], [-1, 1]]}
    forward, lateral, turning = make_curricula(
        {"forward": VELOCITY | {"parts": ["forward"]}, "lateral": VELOCITY | {"parts": ["lateral"]}, "yaw": yaw}
    )
    assert [one.metric for one in (forward, lateral, turning)] == [f"Success/part/{one}" for one in PARTS]
    assert turning.knobs == {"command/twist/ang_vel_z"}
    assert (turning.top, turning.values(1)) == (1, {"command/twist/ang_vel_z": (-1.0, 1.0)})
    assert turning.level_text(1) == "yaw -1 to 1 rad/s"
    assert (forward.level_text(0), lateral.level_text(0)) == ("slow walk, 0 to 0.5 m/s", "lateral -0.2 to 0.2 m/s")
    expected = "curriculum yaw and curriculum whole both set command/twist/ang_vel_z: a knob has one owner"
    assert problem(yaw=yaw, whole=VELOCITY) == expected


def test_a_velocity_curriculum_of_several_parts_decides_by_the_whole_success_unless_told():
    several, told = make_curricula(
        {
            "walk": VELOCITY | {"parts": ["forward", "lateral"]},
            "yaw": VELOCITY | {"parts": ["yaw"], "metric": "Success/score/yaw"},
        }
    )
    assert (several.metric, told.metric) == ("Train/success_rate", "Success/score/yaw")
    assert several.values(0).keys() == {"command/twist/lin_vel_x", "command/twist/lin_vel_y"}


@pytest.mark.parametrize("knob", ["curriculum/velocity/level", "curriculum/c/mode"])
def test_no_curriculum_turns_another(knob):
    stages = {"kind": "staged", "stages": [{knob: 1}]}
    assert problem(c=stages, velocity=VELOCITY) == f"curriculum c can't set {knob}: only the user sets levels and modes"


def test_curricula_of_different_commands_are_no_conflict():
    make_curricula(
        {"one": VELOCITY, "other": {"kind": "velocity", "command": "other"}, "session": RECORDING} | {"s": STAGED}
    )


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"kind": "velocty"}, "recording, got 'velocty'"),
        ({}, "curriculum c: kind: expected one of velocity, terrain, staged, growth"),
        ({"kind": ["velocity"]}, "recording, got ['velocity']"),
        ("velocity", "curriculum c: expected a table, got 'velocity'"),
        (VELOCITY | {"foward": [[0, 1]]}, "curriculum c: foward: no such key; nearest: forward"),
        (GROWTH | {"step": 3}, "step: no such key; nearest: steps"),
        (STAGED | {"treshold": [0.5]}, "treshold: no such key; nearest: thresholds"),
        (SCHEDULE | {"points": [{"att": 0, "set": {}}]}, "points[0].att: no such key; nearest: at"),
        (GROWTH | {"ranges": {MASS: {"from": 1, "two": 2}}}, f"ranges.{MASS}.two: no such key; nearest: to"),
        (TASKS | {"zzz": 1}, "zzz: no such key; there are tasks, command, every"),
        (VELOCITY | {"up": "high"}, 'up: expected a number, got "high"'),
        (VELOCITY | {"stay": 0}, "stay: expected a whole number from 1 to 1000000000, got 0"),
        (VELOCITY | {"stay": 2.5}, "stay: expected a whole number from 1 to 1000000000, got 2.5"),
        (VELOCITY | {"mode": "often"}, 'mode: expected one of auto, hold, manual, got "often"'),
        (VELOCITY | {"forward": []}, "forward: expected at least one range, got none"),
        (VELOCITY | {"parts": []}, "parts: expected one or several of forward, lateral, yaw, each once, got none"),
        (VELOCITY | {"parts": ["yaw", "yaw"]}, "each once, got yaw, yaw"),
        (VELOCITY | {"parts": ["turn"]}, 'parts[0]: expected one of forward, lateral, yaw, got "turn"'),
        (VELOCITY | {"parts": ["yaw"], "start": 9}, "start: expected a level from 0 to 5, got 9"),
        (VELOCITY | {"forward": [[1, 0]]}, "forward: expected LOW ≤ HIGH, got 1:0"),
        (VELOCITY | {"forward": [[0, 1, 2]]}, "forward[0]: expected a list of 2 numbers, got [0, 1, 2]"),
        (VELOCITY | {"start": 6}, "start: expected a level from 0 to 5, got 6"),
        (VELOCITY | {"up": 0.4}, "down: expected a number below up (0.4), got 0.5"),
        (VELOCITY | {"up": 0.5}, "down: expected a number below up (0.5), got 0.5"),
        (VELOCITY | {"up": 1}, "up: expected a number below 1, got 1; Train/success_rate never exceeds 1"),
        (VELOCITY | {"up": math.nan}, "up: expected a finite number, got nan"),
        (GROWTH | {"up": 80}, "up: expected a number below 1, got 80"),
        (TERRAIN | {"lowest": 5, "highest": 4}, "lowest: expected at most highest (4), got 5"),
        (TERRAIN | {"highest": 10**6}, "highest: expected a whole number of at least 0 and below 1000, got 1000000"),
        (GROWTH | {"ranges": {}}, "ranges: expected at least one, got none"),
        (GROWTH | {"ranges": {MASS: {"from": 1, "to": [0, 2]}}}, f"{MASS}: expected `from` and `to` of one type"),
        (GROWTH | {"ranges": {MASS: {"from": [1, 1], "to": [2, 0]}}}, f"{MASS}: expected LOW ≤ HIGH, got 2:0"),
        (GROWTH | {"steps": 0}, "steps: expected a whole number from 1 to 1000, got 0"),
        (GROWTH | {"steps": 10**9}, "steps: expected a whole number from 1 to 1000, got 1000000000"),
        (STAGED | {"stages": []}, "stages: expected at least one"),
        (STAGED | {"stages": [{}, {}]}, "of which the first sets a knob"),
        (STAGED | {"stages": [{WEIGHT: 1}] * 6}, "thresholds: expected 5 for 6 stages, got 3"),
        (STAGED | {"thresholds": [1.5]}, "threshold 0: expected a number below 1, got 1.5"),
        (STAGED | {"stages": [{WEIGHT: 1}, {MASS: 1}]}, f"stage 1 sets {MASS}: set it in the first stage too"),
        (SCHEDULE | {"points": []}, "points: expected at least one"),
        (SCHEDULE | {"points": SCHEDULE["points"][::-1]}, "points: expected rising values of `at`"),
        (SCHEDULE | {"points": [{"at": 0.5, "set": {WEIGHT: 1}}]}, "at least 0, got 0.5"),
        (SCHEDULE | {"points": [{"at": -1, "set": {WEIGHT: 1}}]}, "at: expected an iteration"),
        (SCHEDULE | {"points": [{"at": 0, "set": {WEIGHT: "x"}}]}, f"{WEIGHT} can't be interpolated"),
        (
            SCHEDULE | {"shape": "geometric", "points": [{"at": 0, "set": {WEIGHT: 0}}]},
            f"{WEIGHT}: expected values above 0 for shape geometric: use shape linear",
        ),
        (TASKS | {"tasks": []}, "tasks: expected at least one, each once"),
        (TASKS | {"tasks": ["walk", "walk"]}, "tasks: expected at least one, each once"),
        (TASKS | {"start": 2}, "start: expected a level from 0 to 1, got 2"),
        (TASKS | {"floor": 1.5}, "floor: expected a number from 0 to 1, got 1.5"),
        (TASKS | {"unlock": 1.0}, "unlock: expected a number below 1, got 1; Success/task/stand never exceeds 1"),
        (RECORDING | {"steps": [{"set": {WEIGHT: 1}}]}, "step 1: expected either an iteration or a metric"),
        (RECORDING | {"steps": [{"iteration": 1}]}, "step 1: expected one of set, unpin and stop_ramps"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_told_in_one_line(table, told):
    assert told in problem(c=table)


def test_other_metrics_than_shares_may_be_above_1():
    make_curricula({"c": VELOCITY | {"metric": "Train/mean_reward", "up": 40.0, "down": 20.0}})
    make_curricula({"c": STAGED | {"metric": "Train/mean_reward", "thresholds": [40.0]}})
    make_curricula({"c": STAGED | {"reach": "below", "thresholds": [1.5]}})


@pytest.mark.parametrize("name", ["a b", "", "a/b", "a.b", "a\nb"])
def test_a_name_is_part_of_a_knob_s(name):
    assert "curriculum name: expected letters, digits" in problem(**{name: VELOCITY})


# --- Whatever is in a file --------------------------------------------------------------------------------

keys = sorted(
    {key for table in GOOD for key in table} | {"stay", "up", "down", "start", "mode", "metric", "from", "at"}
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 12)
    | st.sampled_from([10**400, -(10**30)])
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["auto", "step", "geometric", "Train/success_rate", WEIGHT])
)
contents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*keys, "at", "set", "to", WEIGHT, "a\nb"]) | st.text(max_size=3), inner, max_size=4
        )
    ),
    max_leaves=8,
)
kinds = st.sampled_from(sorted(KINDS))


@st.composite
def changed_tables(draw):
    """A good table of which some keys are something else."""
    table = dict(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        table[draw(st.sampled_from(keys))] = draw(contents)
    return table


@settings(max_examples=600)
@given(st.dictionaries(st.sampled_from(["a", "b", "ö", "a b", ""]), changed_tables() | contents, max_size=3))
def test_whatever_is_in_a_file_is_made_or_told_in_one_line(tables):
    told, made = "one line", []
    try:
        made = make_curricula(tables)
    except SchemaError as problem:
        told = str(problem)
    assert len(told.splitlines()) == 1
    for curriculum in made:
        for level in range(curriculum.top + 1):
            assert set(curriculum.values(level)) >= curriculum.knobs
            assert curriculum.agrees(level, curriculum.values(level))
            assert isinstance(curriculum.level_text(level), str)
        assert isinstance(curriculum.outlook(0, {}), str)
