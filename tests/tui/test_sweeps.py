"""Sweeps as they are typed, and the members that they make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curricula.errors import UserError
from tests.tui.queued import experiment_of
from tui.session.experiments.experiment import Axis, ExperimentError, ExperimentFolder, member_spec
from tui.session.experiments.members import check_members, make_members
from tui.session.experiments.sweep import combinations, parse_sweeps

WEIGHT, HIDDEN = "reward/air_time/weight", "agent.actor.hidden_dims"


def test_values_of_knobs_and_of_the_configuration():
    texts = [f"{WEIGHT}=0.5,1,2", "event/push/x=-1:1,-2:2", "ppo/schedule=fixed,adaptive", f"{HIDDEN}=[64, 64],[128]"]
    axes = parse_sweeps(texts, searches=False)
    assert [axis.values for axis in axes] == [
        (0.5, 1.0, 2.0),
        ((-1.0, 1.0), (-2.0, 2.0)),
        ("fixed", "adaptive"),
        ([64, 64], [128]),
    ]


def test_a_search_takes_intervals():
    linear, log, words = parse_sweeps([f"{WEIGHT}=0.5:2", "ppo/learning_rate=1e-5:1e-2:log", "a/b=x,y"], searches=True)
    assert (linear.low, linear.high, linear.scale) == (0.5, 2.0, "linear")
    assert (log.low, log.high, log.scale) == (1e-5, 1e-2, "log")
    assert words == Axis("a/b", ("x", "y"))


@pytest.mark.parametrize(
    ("text", "searches", "line"),
    [
        ("x", False, "expected PATH=VALUE,VALUE… such as reward/air_time/weight=0.5,1,2, got x"),
        ("a/b=", False, "expected PATH=VALUE,VALUE…"),
        ("a/b=1,,2", False, "expected VALUE,VALUE…"),
        ("a/b=1,1.0", False, "1.0 is given twice"),
        ("a/b=None", False, "expected a number"),
        ("agent.x=[1", False, "agent.x"),
        ("a/b=2:1", True, "two numbers with the lower one first, got 2:1"),
        ("a/b=0:1:log", True, "two numbers above 0"),
        ("a/b=1:2:log", False, "to search, add --trials N"),
        ("a/b=x:log", True, "LOW:HIGH:log"),
    ],
)
def test_a_wrong_sweep_is_one_line(text, searches, line):
    with pytest.raises(UserError) as refused:
        parse_sweeps([text], searches=searches)
    assert line in str(refused.value)
    assert str(refused.value).startswith("--sweep")


def test_a_path_is_given_once():
    with pytest.raises(UserError, match="is given twice"):
        parse_sweeps([f"{WEIGHT}=1,2", f"{WEIGHT}=3"], searches=False)


def test_too_many_combinations_are_refused_before_they_are_made():
    axes = [Axis(f"a/{number}", tuple(range(1000))) for number in range(9)]
    with pytest.raises(UserError, match="at most 1,000 combinations"):
        combinations(axes)


def test_members_are_all_combinations_with_all_seeds():
    members = make_members(combinations([Axis(WEIGHT, (0.5, 1.0)), Axis(HIDDEN, ([64, 64],))]), [42, 43])
    assert [member.name for member in members] == ["m01_0.5_64-64_s42", "m02_0.5_64-64_s43", "m03_1_64-64_s42",
                                                   "m04_1_64-64_s43"]  # fmt: skip
    spec = member_spec(experiment_of(members), members[2], "cuda:1")
    assert (spec.seed, spec.device, spec.experiment) == (42, "cuda:1", "sweep")
    assert (spec.set, spec.overrides) == ({WEIGHT: 1.0}, {HIDDEN: [64, 64]})


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4, unique=True), st.integers(1, 3))
def test_any_value_makes_names_that_a_run_can_have(values, seeds):
    members = make_members(combinations([Axis("a/b", tuple(values))]), range(seeds))
    assert len({member.name for member in members}) == len(members)
    check_members(experiment_of([member for member in members if member.values["a/b"].isprintable()]))


def test_an_experiment_is_the_same_when_it_is_read(tmp_path):
    members = make_members(combinations([Axis("event/push/x", ((-1.0, 1.0),)), Axis(HIDDEN, ([64, 64],))]), [1, 2])
    experiment = experiment_of(members, axes=(Axis(HIDDEN, ([64, 64],)),), refused={"m01": "no"}, retries=3)
    folder = ExperimentFolder(tmp_path / experiment.name)
    folder.path.mkdir()
    folder.write(experiment)
    read = folder.read()
    assert member_spec(read, read.members[0], "cpu") == member_spec(experiment, members[0], "cpu")
    assert (read.retries, read.refused, read.axes) == (3, {"m01": "no"}, experiment.axes)


@pytest.mark.parametrize("text", ["", "name = 1", "[spec]", "x = ["])
def test_a_damaged_file_is_one_line(tmp_path, text):
    folder = ExperimentFolder(tmp_path)
    folder.file.write_text(text)
    with pytest.raises(ExperimentError, match=r"experiment\.toml can't be read") as refused:
        folder.read()
    assert "\n" not in str(refused.value)


def test_members_can_not_lead_out_of_the_folder_or_be_each_other(tmp_path):
    folder = ExperimentFolder(tmp_path)
    for names in (["../m01"], ["m01", "m01"]):
        members = [make_members([{}], [1])[0].__class__(name, 1) for name in names]
        folder.write(experiment_of(members))
        with pytest.raises(ExperimentError, match="names of their own"):
            folder.read()
