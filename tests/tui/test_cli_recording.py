"""`record` and `fork` on the command line, with a stand-in for the trainer's process, and where a run came from."""

from __future__ import annotations

import tomllib

import pytest
from msgspec.structs import replace

from presets import read_preset
from tests.tui.conftest import NEW, RUN, STARTED
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Change, InterventionApplied, IterationFinished, KnobsAvailable, MetricSet
from trainer_proc.contract.products import CheckpointLoaded
from tui.session.backends.devices import Device

pytestmark = pytest.mark.usefixtures("empty_working_directory")
WEIGHT, MASS, MODE = "reward/upright/weight", "event/mass/scale", "guard/kl/mode"
KNOBS = KnobsAvailable(
    0,
    (
        Knob(WEIGHT, "reward", 1.0, 1.0, "next iteration", minimum=0.0),
        Knob(MASS, "randomization", (1.0, 1.0), (1.0, 1.0), "re-randomized now", type="range", usual=(0.8, 1.2)),
        Knob(MODE, "algorithm", "warn", "warn", "next iteration", type="choice", choices=("off", "warn", "act")),
    ),
)
CHANGED = (
    InterventionApplied(1, "person", 21, 1, (Change(WEIGHT, 1.0, 2.0),)),
    InterventionApplied(2, "person", 31, 2, (Change(WEIGHT, 2.0, 3.0),)),
)


@pytest.fixture
def ended(make_run):
    """Make a run that was stopped after an iteration, with checkpoints."""

    def make(*begin, last=60, changes=CHANGED, checkpoints=(20, 40, 60)):
        values = [IterationFinished(n, 0, pack_values([float(n)]), 96, 1.0) for n in range(last - 45, last + 1)]
        folder = make_run(RUN, STARTED, *begin, KNOBS, MetricSet(0, ("Train/mean_reward",)), *values, *changes)
        for iteration in checkpoints:
            folder.checkpoint(iteration).write_bytes(WHOLE_CHECKPOINT)
        return folder

    return make


# --- record ---


def test_a_run_is_recorded_and_how_to_repeat_it_is_told(prints, ended):
    ended()
    said = prints("record", RUN, "-o", "my.toml")
    assert said == (f"my.toml: 2 changes of {RUN}; repeat it with humanoid-tui launch my.toml --device cpu --seed 42\n")
    with open("my.toml", "rb") as file:
        preset = tomllib.load(file)
    assert [step["iteration"] for step in preset["curriculum"]["recording"]["steps"]] == [21, 31]
    assert prints("presets", "--validate", "my.toml").startswith("my.toml is valid")


def test_scripts_get_the_same(prints, ended):
    folder = ended(changes=CHANGED[:1])
    value = prints("record", RUN, "-o", "my.toml", "--json")
    assert value == {
        "preset": "my.toml",
        "run": str(folder.path),
        "steps": 1,
        "launch": "humanoid-tui launch my.toml --device cpu --seed 42",
    }


def test_a_run_to_which_nothing_was_done_is_a_preset_too(prints, ended, tmp_path):
    ended(changes=())
    assert "as launched: it has no changes" in prints("record", RUN, "-o", "my.toml")
    assert read_preset(tmp_path / "my.toml").curriculum == {}


def test_a_file_that_is_there_is_replaced_only_by_force(prints, fails, ended, tmp_path):
    ended()
    file = tmp_path / "my.toml"
    file.write_text("mine")
    assert "exists" in fails(1, "record", RUN, "-o", "my.toml")
    assert file.read_text() == "mine"
    prints("record", RUN, "-o", "my.toml", "--force")
    assert read_preset(file).iterations == 100


def test_it_is_printed_instead_and_nothing_else(prints, fails, ended, tmp_path):
    ended()
    assert tomllib.loads(prints("record", RUN, "-o", "-"))["iterations"] == 100
    assert fails(2, "record", RUN, "-o", "-", "--json") == "-o - and --json exclude each other"
    assert list(tmp_path.glob("*.toml")) == []


def test_where_it_can_not_be_written_is_told(fails, ended):
    ended()
    assert "ends in .toml" in fails(2, "record", RUN, "-o", "my")
    assert "nowhere" in fails(1, "record", RUN, "-o", "nowhere/my.toml")
    assert "no such run" in fails(2, "record", "other", "-o", "my.toml")


def test_by_a_metric_and_one_that_is_not_there(prints, fails, ended, tmp_path):
    ended()
    prints("record", RUN, "-o", "my.toml", "--by", "Train/mean_reward")
    steps = read_preset(tmp_path / "my.toml").curriculum["recording"]["steps"]
    assert [step["value"] for step in steps] == pytest.approx([20.0, 30.0], rel=1e-5)
    prints("record", RUN, "-o", "same.toml", "--by", "Reward")
    assert (tmp_path / "same.toml").read_text() == (tmp_path / "my.toml").read_text()
    line = fails(2, "record", RUN, "-o", "other.toml", "--by", "Train/mean", "--json")
    assert line == "no such metric: Train/mean; nearest: Train/mean_reward"
    assert not (tmp_path / "other.toml").exists()


def test_a_run_that_went_on_is_repeated_from_its_checkpoint(prints, ended, tmp_path):
    folder = ended(CheckpointLoaded(10, "model_9.pt"))
    folder.write_spec(replace(folder.read_spec(), checkpoint=str(tmp_path / "model_9.pt")))
    value = prints("record", RUN, "-o", "my.toml", "--json")
    assert value["launch"].endswith(f"--checkpoint {tmp_path / 'model_9.pt'}")
    assert read_preset(tmp_path / "my.toml").iterations == 100


# --- fork ---


def test_a_fork_goes_on_from_the_newest_checkpoint_and_knows_its_parent(prints, started, ended):
    folder = ended()
    assert f"{NEW} is training" in prints("fork", RUN)
    (spec,) = started
    expected = replace(
        folder.read_spec(), checkpoint=str(folder.checkpoint(60)), parent=str(folder.path), iterations=39
    )
    assert spec == expected


def test_a_fork_from_an_earlier_checkpoint_with_other_values(prints, started, ended, monkeypatch):
    monkeypatch.setattr("tui.commands.fork.list_devices", lambda: [Device("cuda:0", "NVIDIA L4", 22.0, 22.5)])
    folder = ended()
    prints(
        "fork", RUN, "--at", "20", "--set", f"{WEIGHT}=4", "--set", f"{MASS}=usual", "--set", f"{MODE}=off",
        "--iterations", "7", "--name", "lighter", "--device", "cuda", "--seed", "5",
        "--num-envs", "64",
    )  # fmt: skip
    (spec,) = started
    assert spec.set == {WEIGHT: 4.0, MASS: (0.8, 1.2), MODE: "off"}
    assert (spec.checkpoint, spec.parent) == (str(folder.checkpoint(20)), str(folder.path))
    assert (spec.iterations, spec.name, spec.device, spec.seed, spec.num_envs) == (7, "lighter", "cuda:0", 5, 64)


def test_what_was_set_at_the_parent_s_launch_is_in_the_checkpoint(prints, started, ended):
    folder = ended()
    folder.write_spec(replace(folder.read_spec(), set={WEIGHT: 9.0}, bounds={WEIGHT: (0.0, 9.0)}, name="walk"))
    prints("fork", RUN, "--at", "latest")
    assert (started[0].set, started[0].bounds, started[0].name) == ({}, {WEIGHT: (0.0, 9.0)}, "walk")


def test_a_missing_checkpoint_is_told_with_the_nearest(fails, started, ended, make_run):
    ended(checkpoints=(0, 20, 30, 40, 60))
    assert fails(1, "fork", RUN, "--at", "25").endswith(
        f"no such checkpoint: 25; the nearest of {RUN}: model_20.pt, model_30.pt, model_40.pt"
    )
    never_saved = make_run("2026-03-03_12-00-00", STARTED, KNOBS)
    assert fails(1, "fork", never_saved.name, "--json") == f"{never_saved.name} has no checkpoint yet"
    assert started == []


def test_wrong_use_of_a_fork_is_told(fails, started, ended):
    ended()
    assert "expected an iteration, latest or best, got newest" in fails(2, "fork", RUN, "--at", "newest")
    assert "expected the device cpu or cuda:N, got gpu" in fails(2, "fork", RUN, "--device", "gpu")
    assert "at most 80 letters" in fails(2, "fork", RUN, "--name", "a/b")
    assert "no such knob: reward/upright/wait; nearest" in fails(2, "fork", RUN, "--set", "reward/upright/wait=2")
    assert "at least 0" in fails(2, "fork", RUN, "--set", f"{WEIGHT}=-1")
    assert started == []


def test_a_run_that_has_done_everything_needs_iterations_to_be_forked(prints, fails, started, ended):
    ended(last=99, checkpoints=(50, 99))
    assert "has finished all its 100 iterations; add --iterations N" in fails(1, "fork", RUN)
    prints("fork", RUN, "--at", "50")
    assert started[0].iterations == 49


def test_a_living_run_can_be_forked_and_hears_nothing_of_it(prints, started, folder, link):
    folder.checkpoint(5).write_bytes(WHOLE_CHECKPOINT)
    link.emit(STARTED)
    prints("fork", folder.name)
    assert started[0].parent == str(folder.path)
    assert link.receive(0.0) == []


# --- where a run came from ---


def test_the_parent_is_told_of_forked_resumed_and_launched_runs(prints, started, ended):
    folder = ended()
    for number, command in enumerate(
        (("fork", RUN, "--at", "40"), ("resume", RUN), ("launch", "cartpole", "--device", "cpu", "--checkpoint", RUN))
    ):
        prints(*command)
        assert started[-1].parent == str(folder.path)
        row, parent_row = prints("runs").splitlines()
        assert row.endswith(f"from {RUN} at {60 if number else 40}")
        assert "from" not in parent_row
        told, of_parent = prints("runs", "--json")
        assert (told["parent"], of_parent["parent"]) == (str(folder.path), None)
        assert told["checkpoint"] == started[-1].checkpoint
        assert prints("attach", NEW, "--json")["parent"] == str(folder.path)
        assert prints("attach", RUN, "--json")["parent"] is None
        new = folder.path.parent / NEW
        for path in new.iterdir():
            path.unlink()
        new.rmdir()
