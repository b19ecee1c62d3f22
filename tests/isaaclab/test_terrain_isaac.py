"""Terrain of a real Isaac Lab task: a type has several columns, and what is steered waits for the reset."""

from __future__ import annotations

import math
from collections import Counter

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from isaaclab.terrains import HfRandomUniformTerrainCfg, MeshPlaneTerrainCfg, MeshPyramidStairsTerrainCfg
from isaaclab.terrains.terrain_generator import TerrainGenerator
from rsl_rl.runners import OnPolicyRunner

from tests.fake_training import ListLink
from tests.isaaclab.built import built_environment
from tests.isaaclab.task_spec import task_spec
from trainer_proc.contract.codec import unpack_values
from trainer_proc.contract.messages import Change, InterventionQueued, IterationFinished, MetricSet
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.terrain import Terrain
from trainer_proc.knobs.terrain import SHIFT
from trainer_proc.metrics.terrain import steered_terrain
from trainer_proc.simulators.isaaclab.terrain import types_of_columns
from trainer_proc.simulators.registry import simulator_of
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.state import from_infos
from trainer_proc.training.build import continue_from, make_steerable

pytestmark = pytest.mark.real

ROUGH = "Isaac-Velocity-Rough-G1"
ENVIRONMENTS, ROWS, COLUMNS, SIZE = 12, 3, 6, 6.0
TYPES = ("flat", "stairs", "rough")
STEPS = 4
"""Of an iteration, and of an episode."""


def small(cfg):
    generator = cfg.scene.terrain.terrain_generator
    generator.num_rows, generator.num_cols, generator.size, generator.border_width = ROWS, COLUMNS, (SIZE, SIZE), 1.0
    generator.sub_terrains = {
        "flat": MeshPlaneTerrainCfg(proportion=0.5),
        "stairs": MeshPyramidStairsTerrainCfg(proportion=0.3, step_height_range=(0.02, 0.05), step_width=0.3),
        "absent": MeshPlaneTerrainCfg(proportion=0.02),
        "rough": HfRandomUniformTerrainCfg(proportion=0.18, noise_range=(0.0, 0.02), noise_step=0.01),
    }
    cfg.scene.terrain.max_init_terrain_level = ROWS - 1
    cfg.episode_length_s = STEPS * cfg.sim.dt * cfg.decimation
    cfg.commands.base_velocity.rel_standing_envs = 1.0  # mjlab's and Isaac Lab's rule leaves who stands where he is


@pytest.fixture(scope="module")
def made():
    """The environment, its agent's configuration, and the type of each column that was really made."""
    made_of = []
    make = TerrainGenerator._get_terrain_mesh

    def listen(self, difficulty, cfg):
        made_of.append(next(name for name, one in self.cfg.sub_terrains.items() if one is cfg))
        return make(self, difficulty, cfg)

    TerrainGenerator._get_terrain_mesh = listen
    try:
        with built_environment(ROUGH, ENVIRONMENTS, small) as (wrapped, agent):
            yield wrapped, agent, made_of[::ROWS]
    finally:
        TerrainGenerator._get_terrain_mesh = make


class Training:
    """A training in `folder`, steered by a wire made of lists. All trainings here have the same environment."""

    def __init__(self, made, folder, *batches):
        self.wrapped, agent, _ = made
        self.env = self.wrapped.unwrapped
        compute = self.env.curriculum_manager.__dict__.pop("compute", None)  # that of the training before
        assert compute is None or compute.__name__ == "_compute_and_apply"
        self.terrain = self.env.scene.terrain
        self.terrain.max_terrain_level = ROWS
        self.folder = folder
        self.folder.path.mkdir(parents=True)
        self.link = ListLink(*batches)
        agent = agent | {"num_steps_per_env": STEPS, "logger": "tensorboard"}
        self.runner = OnPolicyRunner(self.wrapped, agent, str(folder.path), "cpu")
        spec = task_spec(ROUGH, preset="rough", experiment="rough", num_envs=ENVIRONMENTS, iterations=10, seed=3)
        make_steerable(self.runner, Steering(self.link), self.link, folder, spec)

    def learn(self, iterations):
        self.runner.learn(iterations)
        self.runner.logger.writer.close()
        return self

    def published(self, iteration):
        names = {body.id: body.names for body in self.link.of(MetricSet)}
        body = self.link.of(IterationFinished)[iteration]
        return dict(zip(names[body.metric_set], unpack_values(body.values), strict=True))

    def saved(self, iteration):
        return from_infos(torch.load(self.folder.checkpoint(iteration), weights_only=True)["infos"])

    def stands_on(self):
        """Return row and column of the patch on whose middle each robot stands, by where it really is."""
        places = self.env.scene["robot"].data.root_pos_w.torch
        distances = (places[:, None, None, :2] - self.terrain.terrain_origins[None, ..., :2]).norm(dim=-1)
        nearest = distances.flatten(1).min(dim=1)
        assert nearest.values.max() < 1.5  # the task places robots within half a metre of it in x and y
        return [divmod(cell, COLUMNS) for cell in nearest.indices.tolist()]

    def patches(self):
        return list(zip(self.terrain.terrain_levels.tolist(), self.terrain.terrain_types.tolist(), strict=True))


def queued(number, **values):
    changes = tuple(Change(f"terrain/{name.replace('__', '/')}", 0.0, value) for name, value in values.items())
    return InterventionQueued(number, "person", changes)


@pytest.fixture(scope="module")
def steered(made, tmp_path_factory):
    """A training whose terrain is steered after its first and its second iteration; every episode is an iteration."""
    orders = [queued(1, mix__flat=0.0, mix__stairs=1.0, mix__rough=2.0), queued(2, shift=1.0, highest_level=1.0)]
    folder = RunFolder(tmp_path_factory.mktemp("steered") / "rough" / "run")
    began = tuple(i % ROWS for i in range(ENVIRONMENTS))
    steered_terrain(made[0], simulator_of(made[0].unwrapped)).restore(
        began, tuple(i // 2 for i in range(ENVIRONMENTS)), 0, reset=True
    )
    return Training(made, folder, *([order] for order in orders)).learn(4)


def test_the_types_of_the_columns_are_those_that_isaac_lab_made(made, steered):
    terrain = steered_terrain(made[0], simulator_of(made[0].unwrapped))
    made[0].unwrapped.curriculum_manager.__dict__.pop("compute")
    assert terrain.types == TYPES
    columns = torch.arange(COLUMNS)
    terrain._terrain.terrain_types, before = columns, terrain._terrain.terrain_types
    assert [TYPES[kind] for kind in terrain.present_types.tolist()] == made[2]
    terrain._terrain.terrain_types = before
    assert Counter(made[2]) == {"flat": 3, "stairs": 2, "rough": 1}


def test_environments_are_shared_out_by_type_over_all_of_its_columns(made, steered):
    by_column = Counter(column for _, column in steered.patches())
    assert by_column == {3: 2, 4: 2, 5: 8}
    assert steered.stands_on() == steered.patches()
    first, mixed = steered.published(0), steered.published(2)
    assert [first[f"Terrain/share/{name}"] for name in TYPES] == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    assert [mixed[f"Terrain/share/{name}"] for name in TYPES] == pytest.approx([0.0, 1 / 3, 2 / 3])
    assert "Terrain/mean_level/flat" in first
    assert "Terrain/mean_level/flat" not in mixed


def test_levels_are_shifted_and_capped_at_the_next_reset(steered):
    before, after = steered.published(1), steered.published(3)
    shares = [[metrics[f"Terrain/share_at_level_{level}"] for level in range(ROWS)] for metrics in (before, after)]
    assert shares == [pytest.approx([1 / 3, 1 / 3, 1 / 3]), pytest.approx([0.0, 1.0, 0.0])]
    assert (before["Terrain/max_level"], after["Terrain/max_level"]) == (2, 1)
    assert after["Terrain/mean_level"] == pytest.approx(1.0)


def test_the_ground_around_a_robot_is_where_isaac_labs_own_rays_meet_it(made, steered):
    env = steered.env
    reader = simulator_of(env).robot_reader(ROUGH)
    origins = env.scene.env_origins.numpy()
    hits = env.scene.sensors["height_scanner"].data.ray_hits_w.torch.numpy()
    steps = []
    for number in range(ENVIRONMENTS):
        ground = reader.read(number).ground
        terrain = Terrain(
            ground.corner, ground.spacing, numpy.frombuffer(ground.heights, "<f4").reshape([ground.size] * 2)
        )
        x, y, z = (hits[number] - origins[number]).T
        errors = numpy.abs(terrain.at(x, y) - z)
        steps.append(numpy.ptp(z))
        assert numpy.median(errors) < 0.005
        assert errors.max() < 0.06  # a ray beside a step
    assert max(steps) > 0.03


def test_success_is_told_of_each_type_that_had_episodes(steered):
    rates = {name for name in steered.published(0) if name.startswith("Success/terrain/")}
    assert rates == {f"Success/terrain/{name}" for name in TYPES}


def test_a_resumed_training_stands_where_the_checkpoint_says(made, steered, tmp_path):
    saved = steered.saved(3)
    wanted = list(zip(saved.terrain_levels, saved.terrain_types, strict=True))
    assert wanted == steered.patches()
    counted = steered.env.common_step_counter
    resumed = Training(made, RunFolder(tmp_path / "rough" / "resumed"))
    resumed.terrain.terrain_levels[:] = 0
    resumed.terrain.terrain_types[:] = torch.arange(ENVIRONMENTS) // 2
    resumed.env.common_step_counter = 0
    continue_from(resumed.runner, steered.folder.checkpoint(3))
    assert resumed.patches() == wanted
    assert resumed.stands_on() == wanted
    assert resumed.env.common_step_counter == counted
    resumed.learn(1)
    assert resumed.saved(4).values[SHIFT] == 1.0
    assert resumed.terrain.max_terrain_level == 2


@given(
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8),
    st.integers(1, 30),
)
def test_columns_are_given_out_as_isaac_lab_does_it(proportions, columns):
    shares = numpy.array(proportions) / numpy.sum(proportions)
    # TerrainGenerator._generate_curriculum_terrains
    theirs = [
        numpy.flatnonzero(index / columns + 0.001 < numpy.cumsum(shares))[:1].tolist() for index in range(columns)
    ]
    ours = types_of_columns(proportions, columns)
    assert [[kind] for kind, told in zip(ours, theirs, strict=True) if told] == [told for told in theirs if told]
    assert all(math.isclose(sum(shares), 1.0) for told in theirs if not told)
