"""Changed noise shows in the observations, term by term."""

from __future__ import annotations

import pytest

from trainer_proc.contract.knob import refusal


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CARTPOLE, GaussianNoiseCfg, NoiseModelWithAdditiveBiasCfg, ObservationTermCfg, Simulated
    global UniformNoiseCfg, torch, within
    import torch
    from mjlab.managers.observation_manager import ObservationTermCfg
    from mjlab.utils.noise import GaussianNoiseCfg, NoiseModelWithAdditiveBiasCfg, UniformNoiseCfg

    from tests.trainer.knobs.simulated import CARTPOLE, Simulated, within


pytestmark = pytest.mark.real

VARIANCE_OF_UNIFORM = 1 / 12


def noise_of(training, group, term, samples=200):
    """Return the noise on a term, for one and the same state: samples × environments × components."""
    manager = training.env.observation_manager
    cfg = manager.get_term_cfg(group, term)
    index = manager.active_terms[group].index(term)
    sizes = [shape[0] for shape in manager.group_obs_term_dim[group]]
    columns = slice(sum(sizes[:index]), sum(sizes[: index + 1]))
    with torch.inference_mode():
        clean = cfg.func(training.env, **cfg.params)
        return torch.stack([manager.compute(update_history=True)[group][:, columns] - clean for _ in range(samples)])


def test_uniform_noise_lies_in_the_new_range(g1):
    for _ in range(2):  # mjlab keeps tensors of the first values that a configuration was applied with
        g1.set("observation/actor/base_lin_vel/noise", (-3.0, 1.0))
        noise = noise_of(g1, "actor", "base_lin_vel")
        assert within(noise, -3.0, 1.0)
        assert noise.var() == pytest.approx(16 * VARIANCE_OF_UNIFORM, rel=0.1)
        g1.set("observation/actor/base_lin_vel/noise", (0.0, 0.1))
        assert within(noise_of(g1, "actor", "base_lin_vel", samples=3), 0.0, 0.1)


def test_the_other_terms_keep_their_noise(g1):
    g1.set("observation/actor/base_lin_vel/noise", (-3.0, 3.0))
    assert within(noise_of(g1, "actor", "base_ang_vel"), -0.2, 0.2)
    assert noise_of(g1, "critic", "base_lin_vel", samples=3).abs().max() < 1e-6


def test_no_noise_and_constant_noise(g1):
    g1.set("observation/actor/joint_vel/noise", (0.0, 0.0))
    assert noise_of(g1, "actor", "joint_vel", samples=3).abs().max() < 1e-6
    g1.set("observation/actor/joint_vel/noise", (0.5, 0.5))
    assert within(noise_of(g1, "actor", "joint_vel", samples=3), 0.5, 0.5)
    g1.set("observation/actor/joint_vel/noise", (-1.0, 1.0))
    assert noise_of(g1, "actor", "joint_vel").var() == pytest.approx(4 * VARIANCE_OF_UNIFORM, rel=0.1)


def test_terms_and_groups_without_noise_can_get_some(g1):
    for name, usual in (
        ("observation/actor/command/noise", None),
        ("observation/critic/joint_pos/noise", (-0.01, 0.01)),
    ):
        assert g1.knobs[name].description.default == (0.0, 0.0)
        assert g1.knobs[name].description.usual == usual
        group, term = name.split("/")[1:3]
        g1.set(name, (-0.5, 0.5))
        assert noise_of(g1, group, term).var() == pytest.approx(VARIANCE_OF_UNIFORM, rel=0.1)


def is_upright(env):
    return env.scene["cartpole"].data.joint_pos[:, 1:2] < 1.0


@pytest.fixture(scope="module")
def noisy(mode):
    def edit(cfg):
        cfg.observations["critic"].terms["upright"] = ObservationTermCfg(func=is_upright)
        terms = cfg.observations["actor"].terms
        terms["cart_pos"].noise = GaussianNoiseCfg(mean=2.0, std=0.5)
        terms["pole_angle"].noise = UniformNoiseCfg(n_min=(-1.0, -2.0), n_max=(1.0, 3.0))
        terms["cart_vel"].noise = NoiseModelWithAdditiveBiasCfg(
            noise_cfg=UniformNoiseCfg(n_min=-0.1, n_max=0.1),
            bias_noise_cfg=UniformNoiseCfg(n_min=10.0, n_max=11.0, operation="abs"),
        )
        terms["pole_vel"].noise = UniformNoiseCfg(n_min=0.9, n_max=1.1, operation="scale")

    with Simulated(CARTPOLE, 6, edit).in_mode(mode) as training:
        training.reset()
        yield training


def test_gaussian_noise_is_its_deviation_and_keeps_its_mean(noisy):
    name = "observation/actor/cart_pos/noise"
    assert noisy.knobs[name].description.type == "number"
    assert refusal(noisy.knobs[name].description, -1.0)
    for deviation in (1.5, 0.0, 0.2):
        noisy.set(name, deviation)
        noise = noise_of(noisy, "actor", "cart_pos")
        assert noise.mean() == pytest.approx(2.0, abs=0.2)
        assert noise.std() == pytest.approx(deviation, rel=0.1, abs=1e-6)


def test_noise_on_what_is_no_number_is_refused(noisy):
    knob = noisy.knobs["observation/critic/upright/noise"]
    with pytest.raises(ValueError, match="floating-point"):
        knob.write((-1.0, 1.0))
    assert knob.read() == (0.0, 0.0)
    noisy.step()


def test_noise_of_each_component_is_read_only(noisy):
    description = noisy.knobs["observation/actor/pole_angle/noise"].description
    assert "each component" in description.read_only
    assert description.value == (-2.0, 3.0)


def test_a_noise_model_takes_new_noise_and_keeps_its_bias(noisy):
    noise = "observation/actor/cart_vel/noise"
    noisy.set(noise, (-2.0, 2.0))
    spread = noise_of(noisy, "actor", "cart_vel")
    bias = spread.mean(dim=0)
    assert within(bias, 9.5, 11.5)
    assert (spread - bias).var() == pytest.approx(16 * VARIANCE_OF_UNIFORM, rel=0.15)
    noisy.set(noise, (0.0, 0.0))
    assert within(noise_of(noisy, "actor", "cart_vel", samples=3), 10.0, 11.0)
    noisy.set(noise, (-0.1, 0.1))
    assert noise_of(noisy, "actor", "cart_vel").std(dim=0).max() > 0.03


def test_noise_that_scales_is_off_at_one(noisy):
    name = "observation/actor/pole_vel/noise"
    noisy.step(0.5)
    noisy.set(name, (1.0, 1.0))
    assert noise_of(noisy, "actor", "pole_vel", samples=3).abs().max() < 1e-6
    noisy.set(name, (0.0, 0.0))
    cfg = noisy.env.observation_manager.get_term_cfg("actor", "pole_vel")
    speed = cfg.func(noisy.env, **cfg.params)
    assert torch.allclose(noise_of(noisy, "actor", "pole_vel", samples=1)[0], -speed)
