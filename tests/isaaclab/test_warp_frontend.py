"""A real task on Isaac Lab's Warp front end: weights change its rewards, and what kernels keep is read-only."""

from __future__ import annotations

import pytest
import torch
from isaaclab.envs import mdp
from isaaclab.managers import CurriculumTermCfg
from isaaclab.utils import configclass

from tests.isaaclab.built import built
from tests.isaaclab.task_spec import task_spec
from trainer_proc.knobs.warp_frontend import FIXED
from trainer_proc.rl_libraries.isaaclab.load import load_library
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.registry import load_backend

ALIVE = "reward/alive/weight"
OF_CURRICULUM = 5.0
NAMED = ("reward/pole_pos/target", "event/reset_pole_position/position_range", "observation/policy/joint_pos_rel/noise")


@configclass
class CurriculumCfg:
    heavier = CurriculumTermCfg(
        func=mdp.modify_reward_weight, params={"term_name": "alive", "weight": OF_CURRICULUM, "num_steps": -1}
    )


def with_a_curriculum_and_graphs(cfg):
    cfg.curriculum = CurriculumCfg()
    cfg.manager_call_max_mode = {}  # graphs, as on a GPU: a changed weight has to reach them


@pytest.fixture(scope="module")
def cartpole():
    """Rewarded for being alive only."""
    with built("Isaac-Cartpole", 4, with_a_curriculum_and_graphs, frontend="warp") as training:
        training.reset()
        for name in training.knobs:
            if name.startswith("reward/") and name.endswith("/weight") and name != ALIVE:
                training.set(name, 0.0)
        yield training


def rate(training):
    """Return what each environment is given for a second."""
    return training.step() / training.env.step_dt


def test_a_weight_is_what_the_next_step_gives(cartpole):
    for weight in (7.0, 0.0, 3.0):
        cartpole.set(ALIVE, weight)
        assert torch.allclose(rate(cartpole), torch.full((4,), weight))


def test_a_held_weight_is_kept_from_the_task_s_curriculum(cartpole):
    cartpole.set(ALIVE, 7.0)
    assert cartpole.hold(ALIVE)
    cartpole.reset()
    assert torch.allclose(rate(cartpole), torch.full((4,), 7.0))
    cartpole.release(ALIVE)
    assert torch.allclose(rate(cartpole), torch.full((4,), OF_CURRICULUM))


def test_what_kernels_keep_is_read_only(cartpole):
    in_kernels = {
        name: knob.description
        for name, knob in cartpole.knobs.items()
        if name.startswith(("reward/", "event/", "observation/")) and not name.endswith("/weight")
    }
    assert {in_kernels[name].read_only for name in NAMED} == {FIXED}
    assert all(knob.read_only for knob in in_kernels.values())
    assert not cartpole.knobs["ppo/entropy_coef"].description.read_only


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("Isaac-Velocity-Rough-G1", "no warp twin for 'height_scan'"),
        ("Isaac-Cartpole-Direct", "expected a task with managers"),
    ],
)
def test_a_task_that_it_can_t_run_is_refused_in_one_line(task, reason):
    backend = load_backend("isaaclab", load_library)
    with pytest.raises(BackendError, match=reason) as refused:
        backend.check(task_spec(task, frontend="warp", physics="newton"))
    assert "\n" not in str(refused.value)
