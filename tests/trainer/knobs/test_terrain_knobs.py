"""Terrain knobs on real mjlab terrain: robots stand where they say, from each one's next reset on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets.success import Success
from trainer_proc.contract.errors import TrainingError
from trainer_proc.metrics.terrain_mix import environments_by_type, moved_to, moved_to_columns


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global Operations, ROWS, Rough, STARTS, Simulated, SuccessRate, TYPES, TYPES_OF, simulator_of, small
    global steered_terrain, torch, without_curriculum
    import torch

    from tests.operations import Operations
    from tests.trainer.knobs.rough import ROWS, STARTS, TYPES, TYPES_OF, Rough, small, without_curriculum
    from tests.trainer.knobs.simulated import Simulated
    from trainer_proc.metrics.success.rate import SuccessRate
    from trainer_proc.metrics.terrain import steered_terrain
    from trainer_proc.simulators.registry import simulator_of


HIGHEST, SHIFT = "terrain/highest_level", "terrain/shift"
FLAT, STAIRS, ROUGHNESS = "terrain/mix/flat", "terrain/mix/stairs", "terrain/mix/rough"


@pytest.fixture(scope="module")
def built():
    return Rough()


@pytest.fixture(scope="module")
def built_in_mode(built, mode):
    with built.in_mode(mode) as training:
        yield training


@pytest.fixture
def rough(built_in_mode):
    built_in_mode.begin()
    return built_in_mode


@pytest.fixture(scope="module")
def built_constant():
    return Rough(without_curriculum)


@pytest.fixture(scope="module")
def constant_in_mode(built_constant, mode):
    with built_constant.in_mode(mode) as training:
        yield training


@pytest.fixture
def constant(constant_in_mode):
    """A task that has no terrain curriculum: levels stay what they were drawn."""
    constant_in_mode.begin()
    return constant_in_mode


def test_the_knobs_say_what_the_terrain_has(rough):
    described = {name: rough.knobs[name].description for name in (HIGHEST, SHIFT, FLAT, STAIRS, ROUGHNESS)}
    assert {knob.kind for knob in described.values()} == {"terrain"}
    assert {knob.takes_effect for knob in described.values()} == {"at each environment's reset"}
    assert [knob.value for knob in described.values()] == [3.0, 0.0, 0.5, 0.25, 0.25]
    bounds = [(knob.minimum, knob.maximum, knob.type) for knob in described.values()]
    assert bounds == [(0, 3, "integer"), (-3, 3, "integer"), *[(0, None, "number")] * 3]
    published = rough.terrain.metrics()
    assert all(knob.metric in published for knob in described.values())


def test_a_flat_plane_has_none(g1):
    assert steered_terrain(g1.env, simulator_of(g1.env)) is None
    assert not any(name.startswith("terrain/") for name in g1.knobs)


def test_a_random_grid_has_none():
    def random(cfg):
        small(cfg)
        cfg.scene.terrain.terrain_generator.curriculum = False
        cfg.curriculum = {}

    env = Simulated("Mjlab-Velocity-Rough-Unitree-G1", 1, random).env
    assert steered_terrain(env, simulator_of(env)) is None


# --- shift ---


def test_nothing_changes_before_an_environment_is_reset(rough):
    before = rough.env.scene.env_origins.clone()
    rough.set(SHIFT, 1.0)
    rough.set(HIGHEST, 2.0)
    rough.set(FLAT, 0.0, "on reset")
    rough.step()
    assert rough.levels() == STARTS
    assert rough.types() == list(TYPES_OF)
    assert torch.equal(rough.env.scene.env_origins, before)


@pytest.mark.parametrize("fixture", ["rough", "constant"])
def test_a_shift_moves_each_environment_once_at_its_reset(fixture, mode, request):
    training = request.getfixturevalue(fixture)
    training.set(SHIFT, 1.0)
    training.reset(0, 3, 6)
    assert training.levels() == [1, 1, 2, 3, 0, 1, 3, 3]
    assert training.stands_on() == [(1, 0), (1, 0), (2, 0), (3, 0), (0, 1), (1, 1), (3, 2), (3, 2)]
    assert training.terrain.metrics()["Terrain/mean_level"] == pytest.approx(14 / 8)
    training.reset(0, 1)
    assert training.levels()[:2] == [1, 2]
    training.reset()
    training.reset()
    assert training.levels() == [1, 2, 3, 3, 1, 2, 3, 3]
    assert training.stands_on() == training.patches()
    training.terrain.metrics()
    assert not training.terrain.has_queued_changes


def test_shifts_add_up_to_the_knob(rough):
    rough.set(SHIFT, 2.0)
    rough.set(SHIFT, 1.0)
    rough.set(SHIFT, 2.0)
    rough.set(SHIFT, 0.0)
    rough.reset()
    assert rough.levels() == STARTS
    rough.set(SHIFT, -2.0)
    rough.reset()
    assert rough.levels() == [0, 0, 0, 1, 0, 0, 0, 1]


def test_the_tasks_rule_goes_by_the_distance_from_where_the_robot_began(rough):
    rough.set(SHIFT, 1.0)
    rough.step(steps=2)
    rough.walk(4)
    rough.reset(0, 4)
    assert rough.levels()[0] == 1  # shifted, and not promoted: it has not walked
    assert rough.levels()[4] == 2  # shifted and promoted
    rough.step(steps=2)
    rough.reset(0, 4)
    assert (rough.levels()[0], rough.levels()[4]) == (1, 2)


# --- highest level ---


@pytest.mark.parametrize("fixture", ["rough", "constant"])
def test_environments_above_the_highest_level_come_down_at_their_reset(fixture, mode, request):
    training = request.getfixturevalue(fixture)
    training.set(HIGHEST, 1.0)
    training.reset(2, 3)
    assert max(training.levels()[2:4]) <= 1
    assert training.levels()[6:] == [2, 3]
    training.reset()
    assert max(training.levels()) <= 1
    assert [training.levels()[i] for i in (0, 1, 4, 5)] == [0, 1, 0, 1]
    assert training.stands_on() == training.patches()


def test_no_robot_walks_above_the_highest_level(rough):
    rough.set(HIGHEST, 1.0)
    for _ in range(3):
        rough.walk(*range(len(STARTS)))
        rough.reset()
        assert max(rough.levels()) <= 1
    rough.set(SHIFT, 3.0)
    rough.reset()
    assert rough.levels() == [1] * 8
    rough.set(HIGHEST, 3.0)
    rough.walk(*range(len(STARTS)))
    rough.reset()
    assert rough.levels() == [2] * 8


# --- mix ---


@pytest.mark.parametrize("fixture", ["rough", "constant"])
def test_environments_are_shared_out_by_the_mix(fixture, mode, request):
    training = request.getfixturevalue(fixture)
    training.set(FLAT, 0.0)
    training.set(STAIRS, 3.0)
    training.set(ROUGHNESS, 1.0, "on reset")
    training.reset(0, 4)
    assert training.types() == [1, 0, 0, 0, 1, 1, 2, 2]
    training.reset()
    assert training.types() == [1, 1, 1, 1, 1, 1, 2, 2]
    assert training.levels() == STARTS
    assert training.stands_on() == training.patches()
    published = training.terrain.metrics()
    assert {name: published[f"Terrain/share/{name}"] for name in TYPES} == {"flat": 0, "stairs": 0.75, "rough": 0.25}
    assert "Terrain/mean_level/flat" not in published


def test_the_generators_own_proportions_move_nobody(rough):
    before = rough.types()
    rough.knobs[FLAT].resample("now")
    rough.reset()
    assert rough.types() == before


def test_a_mix_that_is_taken_back_before_a_reset_moves_nobody(rough):
    rough.set(FLAT, 0.0, "on reset")
    rough.set(FLAT, 0.5, "on reset")
    rough.reset()
    assert rough.types() == list(TYPES_OF)


def test_a_mix_of_nothing_is_refused(rough):
    for name in (FLAT, STAIRS, ROUGHNESS):
        rough.set(name, 0.0)
    with pytest.raises(TrainingError, match="terrain mix: expected a weight above 0"):
        rough.knobs[FLAT].resample("on reset")


@given(st.lists(st.sampled_from((0.0, 0.1, 1.0, 7.0)), min_size=1, max_size=6), st.integers(1, 60), st.randoms())
def test_as_few_move_as_the_mix_allows(weights, environments, random):
    if not any(weights):
        weights[0] = 1.0
    types = [random.randrange(len(weights)) for _ in range(environments)]
    counts = environments_by_type(weights, environments)
    wanted = moved_to(counts, types)
    assert [wanted.count(kind) for kind in range(len(weights))] == counts
    moved = sum(a != b for a, b in zip(types, wanted, strict=True))
    assert moved == sum(max(0, types.count(kind) - count) for kind, count in enumerate(counts))
    for weight, count in zip(weights, counts, strict=True):
        assert abs(count - environments * weight / sum(weights)) <= len(weights)
        assert weight > 0 or count == 0
        assert not weight or count or environments < len(weights)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(1, 60), st.randoms())
def test_environments_of_a_type_are_shared_out_over_its_columns(columns_of_type, environments, random):
    types = [kind for kind, count in enumerate(columns_of_type) for _ in range(count)]
    columns = [random.randrange(len(types)) for _ in range(environments)]
    only = random.randrange(len(columns_of_type))
    counts = [environments * (kind == only) for kind in range(len(columns_of_type))]
    moved = moved_to_columns(counts, columns, types)
    assert [types[column] for column in moved] == [only] * environments
    assert all(new == old for new, old in zip(moved, columns, strict=True) if types[old] == only)
    newcomers = [new for new, old in zip(moved, columns, strict=True) if types[old] != only]
    fewest = min(moved.count(column) for column, kind in enumerate(types) if kind == only)
    assert all(moved.count(column) <= fewest + 1 for column in newcomers)
    one_each = [random.randrange(len(types)) for _ in range(environments)]
    shares = environments_by_type([1.0] * len(types), environments)
    assert moved_to_columns(shares, one_each, range(len(types))) == moved_to(shares, one_each)  # as mjlab has them


def test_what_waits_for_a_reset_is_carried_out_without_waiting_for_the_device(rough):
    rough.set(SHIFT, 1.0)
    rough.set(FLAT, 0.0, "on reset")
    env_ids = torch.tensor([0, 5])
    with torch.inference_mode(), Operations() as operations:
        rough.terrain._apply_queued(env_ids)  # what it adds to the simulator's own reset
    assert len(operations.names) <= 18, operations.names
    assert not {"_local_scalar_dense.default", "nonzero.default", "item.default"} & set(operations.names)


# --- what is published ---


def test_metrics_are_a_histogram_of_levels(rough):
    published = rough.terrain.metrics()
    shares = [published[f"Terrain/share_at_level_{level}"] for level in range(ROWS)]
    assert shares == [0.25] * 4
    assert (published["Terrain/mean_level"], published["Terrain/max_level"]) == (1.5, 3.0)
    means = {name: published[f"Terrain/mean_level/{name}"] for name in TYPES}
    assert means == {"flat": 1.5, "stairs": 0.5, "rough": 2.5}
    rough.begin([0, 0, 0, 0, 0, 0, 1, 1])
    published = rough.terrain.metrics()
    assert sum(published[f"Terrain/share_at_level_{level}"] for level in range(ROWS)) == pytest.approx(1.0)
    assert (published["Terrain/mean_level"], published["Terrain/max_level"]) == (0.25, 1.0)


def test_success_counts_for_the_type_that_the_episode_was_on(rough):
    success = SuccessRate(rough.env, Success(), rough.terrain)
    success.begin()
    rough.set(FLAT, 0.0, "on reset")
    rough.env.episode_length_buf[:] = torch.tensor([999, 0, 0, 0, 999, 0, 0, 0])
    with torch.inference_mode():
        _, _, dones, extras = rough.runner.env.step(torch.zeros(8, rough.runner.env.num_actions))
    success.step(dones, extras)
    assert dones.tolist() == [1, 0, 0, 0, 1, 0, 0, 0]
    assert rough.types()[0] != 0
    rates = {name: value for name, value in success.collect().items() if name.startswith("Success/terrain/")}
    assert rates == {"Success/terrain/flat": 1.0, "Success/terrain/stairs": 1.0}
