"""The terrain's levels, which a resumed training goes on with."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from trainer_proc.terrain import restore_terrain_levels, terrain_levels


def environment(levels, columns=(0, 1, 0, 1), rows=5):
    """An environment on a terrain of `rows` by 2 whose origins tell their row and column."""
    grid = torch.tensor([[[row, column, 0.0] for column in range(2)] for row in range(rows)])
    terrain = SimpleNamespace(
        terrain_levels=torch.tensor(levels),
        terrain_types=torch.tensor(columns[: len(levels)]),
        terrain_origins=grid,
        env_origins=torch.zeros(len(levels), 3),
    )
    return SimpleNamespace(unwrapped=SimpleNamespace(scene=SimpleNamespace(terrain=terrain)))


def origins(env):
    return env.unwrapped.scene.terrain.env_origins[:, :2].int().tolist()


def test_levels_are_restored_with_the_places_where_environments_begin():
    env = environment([0, 0, 0, 0])
    restore_terrain_levels(env, terrain_levels(environment([3, 1, 4, 0])))
    assert terrain_levels(env) == (3, 1, 4, 0)
    assert origins(env) == [[3, 0], [1, 1], [4, 0], [0, 1]]


@pytest.mark.parametrize(("count", "restored"), [(2, (3, 1)), (4, (3, 1, 3, 1))])
def test_another_number_of_environments_takes_the_levels_in_turn(count, restored):
    env = environment([0] * count)
    restore_terrain_levels(env, (3, 1))
    assert terrain_levels(env) == restored


def test_a_level_above_the_terrain_is_its_highest():
    env = environment([0, 0], rows=3)
    restore_terrain_levels(env, (9, 1))
    assert terrain_levels(env) == (2, 1)


def test_levels_that_a_rollout_has_written_can_be_restored():
    env = environment([0, 0])
    with torch.inference_mode():
        env.unwrapped.scene.terrain.terrain_levels = torch.tensor([1, 1])
        env.unwrapped.scene.terrain.env_origins = torch.zeros(2, 3)
    restore_terrain_levels(env, (2, 3))
    assert terrain_levels(env) == (2, 3)


FLAT = SimpleNamespace(terrain_levels=torch.zeros(2), terrain_origins=None)


@pytest.mark.parametrize(
    "env",
    [
        SimpleNamespace(),
        SimpleNamespace(unwrapped=SimpleNamespace()),
        SimpleNamespace(scene=SimpleNamespace(terrain=None)),
        SimpleNamespace(scene=SimpleNamespace(terrain=FLAT)),
    ],
)
def test_an_environment_without_such_a_terrain_has_no_levels(env):
    assert terrain_levels(env) == ()
    restore_terrain_levels(env, (1, 2))
    assert terrain_levels(env) == ()
