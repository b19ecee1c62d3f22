"""The terrain's levels and types, which a resumed training goes on with; on real mjlab terrain."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainer_proc.contract.messages import Change, InterventionApplied, InterventionQueued
from trainer_proc.contract.run_folder import RunFolder


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global MjlabSimulator, Training, continue_from, steered_terrain, torch
    import torch

    from tests.trainer.terrain_training import Training
    from trainer_proc.metrics.terrain import steered_terrain
    from trainer_proc.simulators.mjlab.simulator import MjlabSimulator
    from trainer_proc.training.build import continue_from


HIGHEST, SHIFT, FLAT = "terrain/highest_level", "terrain/shift", "terrain/mix/flat"


def queued(number, **values):
    changes = tuple(Change(f"terrain/{name.replace('__', '/')}", 0.0, value) for name, value in values.items())
    return InterventionQueued(number, "person", changes)


@pytest.fixture(scope="module")
def steered(tmp_path_factory):
    """A training whose terrain was steered: shifted up, capped and mixed; no environment has been reset since."""
    folder = RunFolder(tmp_path_factory.mktemp("steered") / "rough" / "run")
    folder.path.mkdir(parents=True)
    orders = [queued(1, shift=1.0, highest_level=2.0), queued(2, mix__flat=0.0, mix__stairs=1.0, mix__rough=1.0)]
    return Training(folder, orders).learn(2)


def resumed(folder, steered, *batches, **arguments):
    training = Training(folder, *batches, **arguments)
    continue_from(training.runner, steered.folder.checkpoint(1))
    return training


def test_a_checkpoint_holds_where_environments_will_be_after_their_reset(steered):
    saved = steered.saved(1)
    assert saved.terrain_levels == tuple(min(level + 1, 2) for level in steered.levels())
    assert steered.types() == [0, 0, 0, 0, 1, 1, 2, 2]
    assert sorted(saved.terrain_types) == [1] * 4 + [2] * 4
    assert (saved.values[SHIFT], saved.values[HIGHEST], saved.values[FLAT]) == (1.0, 2.0, 0.0)


def test_a_resumed_training_stands_where_the_checkpoint_says_and_shifts_no_more(steered, make_run):
    saved = steered.saved(1)
    training = resumed(make_run("resumed"), steered)
    assert training.levels() == list(saved.terrain_levels)
    assert training.types() == list(saved.terrain_types)
    assert training.stands_on() == training.patches()
    training.learn(2)
    restored = training.link.of(InterventionApplied)[0]
    assert {c.knob: (c.old, c.new) for c in restored.changes if c.knob in (SHIFT, HIGHEST, FLAT)} == {
        SHIFT: (1.0, 1.0),
        HIGHEST: (3.0, 2.0),
        FLAT: (0.5, 0.0),
    }
    training.reset()
    assert training.patches() == list(zip(saved.terrain_levels, saved.terrain_types, strict=True))
    assert training.stands_on() == training.patches()
    assert training.saved(3).values[SHIFT] == 1.0


def test_a_shift_after_a_resume_goes_on_from_the_one_that_was_saved(steered, make_run):
    training = resumed(make_run("back"), steered, [queued(7, shift=0.0)]).learn(1)
    training.reset()
    assert training.levels() == [max(level - 1, 0) for level in steered.saved(1).terrain_levels]
    training = resumed(make_run("same"), steered, launch={SHIFT: 1.0}).learn(1)
    training.reset()
    assert training.levels() == list(steered.saved(1).terrain_levels)


def test_another_number_of_environments_takes_the_levels_in_turn(steered, make_run):
    training = resumed(make_run("resumed"), steered, environments=3)
    levels = list(steered.saved(1).terrain_levels[:3])
    assert training.levels() == levels
    training.learn(1)
    training.reset()
    assert training.levels() == levels
    assert sorted(training.types()) == [1, 1, 2]  # by the mix
    assert training.stands_on() == training.patches()


def test_levels_are_published_each_iteration(steered):
    for name in ("Terrain/mean_level", "Terrain/max_level", "Terrain/mean_level/flat", "Terrain/share/rough"):
        assert len(steered.metric(name)) == 2
    shares = [steered.metric(f"Terrain/share_at_level_{level}") for level in range(4)]
    assert [sum(of_iteration) for of_iteration in zip(*shares, strict=True)] == pytest.approx([1.0, 1.0])
    assert steered.metric("Terrain/mean_level")[-1] == pytest.approx(sum(steered.levels()) / 8)


# --- what has no levels ---


def on(terrain):
    return SimpleNamespace(scene=SimpleNamespace(terrain=terrain))


@pytest.mark.parametrize(
    "make",
    [
        SimpleNamespace,
        lambda: SimpleNamespace(unwrapped=SimpleNamespace()),
        lambda: on(None),
        lambda: on(SimpleNamespace(terrain_levels=torch.zeros(2), terrain_origins=None)),
    ],
)
def test_an_environment_without_such_a_terrain_has_no_levels(make):
    env = make()
    assert steered_terrain(env, MjlabSimulator(env)) is None
    assert steered_terrain(env, None) is None
