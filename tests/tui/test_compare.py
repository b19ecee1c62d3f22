"""In what runs differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, Frame, InterventionApplied, InterventionFailed, KnobsAvailable
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.runs.compare import ComparedRun, Difference, KnobValues, differences, shown_value
from tui.session.runs.followed import FollowedRun
from tui.session.runs.names import distinct_names
from tui.session.runs.run_index import read_state
from tui.session.state import RunState

RECORDINGS = Path(__file__).parents[1] / "recordings"
SPEC = RunSpec(
    preset="g1-walk",
    backend="mjlab",
    task="Mjlab-Velocity-Flat-Unitree-G1",
    experiment="g1",
    device="cpu",
    num_envs=4,
    iterations=100,
    seed=42,
    name="one",
)


def run(name="run", spec=SPEC, *bodies):
    state = RunState()
    for number, body in enumerate(bodies):
        state.apply(Frame(number, 0.0, body))
    return ComparedRun(name, spec, state)


def knobs(**values):
    return KnobsAvailable(0, tuple(Knob(name, "reward", *both, "next iteration") for name, both in values.items()))


def changed(number, iteration, knob, old, new, origin="person"):
    return InterventionApplied(number, origin, iteration, number, (Change(knob, old, new),))


def test_runs_that_were_told_the_same_do_not_differ():
    bodies = (knobs(upright=(1.0, 2.0)), changed(1, 5, "upright", 1.0, 3.0))
    assert differences([run("a", SPEC, *bodies), run("b", replace(SPEC, name="two"), *bodies)]) == []
    assert differences([run()]) == []
    assert differences([]) == []


def test_fields_of_run_toml_are_told_by_their_paths():
    other = replace(SPEC, seed=7, overrides={"env.decimation": 2}, success={"kind": "time-out"}, hydra=("a=1",))
    assert differences([run(), run("b", other)]) == [
        Difference("run.toml", "seed", (42, 7)),
        Difference("run.toml", "overrides.env.decimation", (None, 2)),
        Difference("run.toml", "hydra", (None, ("a=1",))),
        Difference("run.toml", "success.kind", (None, "time-out")),
    ]


def test_knobs_differ_by_default_or_by_what_they_are_now():
    same, left, right = (1.0, 1.0), (1.0, 1.0), (2.0, 1.0)
    found = differences(
        [
            run("a", SPEC, knobs(same=same, now=left, default=(1.0, 1.0), mine=same)),
            run("b", SPEC, knobs(same=same, now=right, default=(1.0, 0.5))),
        ]
    )
    assert [(one.kind, one.name, one.default, one.short_values()) for one in found] == [
        ("knob", "now", 1.0, ["1", "2"]),
        ("knob", "default", None, ["1", "1 (default 0.5)"]),
        ("knob", "mine", 1.0, ["1", "–"]),
    ]
    assert found[0].values == (KnobValues(1.0, 1.0), KnobValues(2.0, 1.0))


def test_interventions_are_told_in_the_order_of_their_iterations():
    begun = knobs(upright=(1.0, 1.0))
    both = changed(1, 5, "upright", 1.0, 2.0)
    left = run("a", SPEC, begun, both, changed(2, 40, "upright", 2.0, 1.0, "curriculum"))
    queued = InterventionFailed(3, 7, "no")
    right = run("b", SPEC, begun, both, changed(2, 9, "upright", 2.0, 0.5), changed(3, 9, "upright", 0.5, 1.0), queued)
    assert differences([left, right]) == [
        Difference("intervention", "from iteration 9", (None, "upright 2 → 0.5; upright 0.5 → 1")),
        Difference("intervention", "from iteration 40", ("upright 2 → 1 (curriculum)", None)),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "on"),
        (0.00025, "0.00025"),
        (4096, "4096"),
        ((-1.0, 1.0), "-1:1"),
        ([1, 2, 3], "[1, 2, 3]"),
        (["a=1"], "[a=1]"),
        ("two\nlines", "two lines"),
        (KnobValues(2.0, 1.0), "2 (default 1)"),
        (KnobValues("adaptive", "adaptive"), "adaptive"),
    ],
)
def test_values_are_one_line_of_text(value, text):
    assert shown_value(value) == text


def test_recorded_runs_of_different_tasks_are_compared():
    folders = [RunFolder(RECORDINGS / name) for name in ("g1-steered", "cartpole", "g1-curricula")]
    found = differences([ComparedRun(f.name, f.read_spec(), read_state(f)) for f in folders])
    assert {one.kind for one in found} == {"run.toml", "knob", "intervention"}
    assert all(len(one.values) == 3 and len(set(map(repr, one.values))) > 1 for one in found)
    task = next(one for one in found if one.name == "task")
    assert task.values == tuple(folder.read_spec().task for folder in folders)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["2026-01-01_10-00-00_a", "2026-01-01_11-00-00_b"], ["a", "b"]),
        (["2026-01-01_10-00-00_a", "2026-01-01_11-00-00_a"], ["01-01 10:00 a", "01-01 11:00 a"]),
        (["2025-01-01_10-00-00_a", "2026-01-01_10-00-00_a"], ["2025-01-01_10-00-00_a", "2026-01-01_10-00-00_a"]),
        (["2026-01-01_10-00-00", "mine"], ["01-01 10:00", "mine"]),
    ],
)
def test_names_are_as_short_as_tells_them_apart(names, shown):
    assert distinct_names(names) == shown


def test_a_hidden_run_keeps_its_place_and_draws_nothing():
    followed = FollowedRun(RunFolder(RECORDINGS / "cartpole"), "cartpole")
    followed.history.series["a"].append(0, 1.0)
    assert followed.source.history is followed.history
    assert (followed.hidden_source.name, len(followed.hidden_source.history.series)) == ("cartpole (hidden)", 0)


# --- the command ---


def test_the_command_prints_in_what_runs_differ(prints, fails, make_run, tmp_path, monkeypatch):
    monkeypatch.setenv("HUMANOID_TUI_LOGS", str(tmp_path / "logs"))
    first, second = make_run("2026-01-01_00-00-00_a"), make_run("2026-01-01_00-00-00_b")
    second.write_spec(replace(second.read_spec(), seed=7))
    told = prints("compare", first.name, "latest", "--json")
    assert [one["name"] for one in told["runs"]] == [first.name, second.name]
    assert told["differences"] == [{"kind": "run.toml", "name": "seed", "values": [42, 7]}]
    assert "at least two different runs" in fails(2, "compare", first.name, str(first.path), "--json")
    assert "no such run: nothing" in fails(2, "compare", first.name, "nothing")
