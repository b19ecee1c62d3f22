"""Roles of metric names as in the sources of the libraries; see `tui.session.metrics.names`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import MetricSet
from tui.session.metrics.names import ROLE_TITLES, Role, family_of, metric_of, role_of, term_of, title_of_role

RECORDINGS = Path(__file__).parents[1] / "recordings"

LOGGED = {
    "rsl-rl 5": {
        "reward": "Train/mean_reward",
        "value_loss": "Loss/value",
        "surrogate_loss": "Loss/surrogate",
        "entropy": "Loss/entropy",
        "action_std": "Policy/mean_std",
        "episode_length": "Train/mean_episode_length",
        "learning_rate": "Loss/learning_rate",
        "steps_per_second": "Perf/total_fps",
        "success": "Metrics/success_rate",
    },
    "rsl-rl 2": {
        "reward": "Train/mean_reward",
        "value_loss": "Loss/value_function",
        "surrogate_loss": "Loss/surrogate",
        "action_std": "Policy/mean_noise_std",
        "episode_length": "Train/mean_episode_length",
        "learning_rate": "Loss/learning_rate",
        "steps_per_second": "Perf/total_fps",
    },
    "rl_games": {
        "reward": "rewards/step",
        "kl": "info/kl",
        "value_loss": "losses/c_loss",
        "surrogate_loss": "losses/a_loss",
        "entropy": "losses/entropy",
        "episode_length": "episode_lengths/step",
        "learning_rate": "info/last_lr",
        "steps_per_second": "performance/step_inference_rl_update_fps",
        "explained_variance": "diagnostics/exp_var",
        "success": "Episode/Metrics/success_rate",
    },
    "skrl": {
        "reward": "Reward / Total reward (mean)",
        "value_loss": "Loss / Value loss",
        "surrogate_loss": "Loss / Policy loss",
        "entropy": "Loss / Entropy loss",
        "action_std": "Policy / Standard deviation",
        "episode_length": "Episode / Total timesteps (mean)",
        "learning_rate": "Learning / Learning rate",
    },
    "Stable-Baselines3": {
        "reward": "rollout/ep_rew_mean",
        "success": "rollout/success_rate",
        "kl": "train/approx_kl",
        "value_loss": "train/value_loss",
        "surrogate_loss": "train/policy_gradient_loss",
        "entropy": "train/entropy_loss",
        "action_std": "train/std",
        "episode_length": "rollout/ep_len_mean",
        "learning_rate": "train/learning_rate",
        "steps_per_second": "time/fps",
        "explained_variance": "train/explained_variance",
        "clip_fraction": "train/clip_fraction",
    },
    "RLinf": {
        "reward": "env/return",
        "success": "env/success_once",
        "kl": "train/actor/approx_kl",
        "value_loss": "train/critic/value_loss",
        "surrogate_loss": "train/actor/policy_loss",
        "entropy": "train/actor/entropy_loss",
        "episode_length": "env/episode_len",
        "learning_rate": "train/actor/lr",
        "clip_fraction": "train/actor/clip_fraction",
    },
    "CleanRL": {
        "reward": "charts/episodic_return",
        "kl": "losses/approx_kl",
        "value_loss": "losses/value_loss",
        "surrogate_loss": "losses/policy_loss",
        "entropy": "losses/entropy",
        "episode_length": "charts/episodic_length",
        "learning_rate": "charts/learning_rate",
        "steps_per_second": "charts/SPS",
        "explained_variance": "losses/explained_variance",
        "clip_fraction": "losses/clipfrac",
    },
    "RLinf 0.3.0, decoupled PPO": {
        "reward": "env/return",
        "success": "env/success_once",
        "kl": "train/actor/proximal_approx_kl",
        "value_loss": "train/critic/value_loss",
        "surrogate_loss": "train/actor/policy_loss",
        "entropy": "train/actor/entropy_loss",
        "learning_rate": "train/actor/lr",
        "clip_fraction": "train/actor/clip_fraction",
        "explained_variance": "train/critic/explained_variance",
    },
    "holosoma 0.0.3, PPO": {
        "reward": "Train/mean_reward",
        "kl": "Loss/KL",
        "value_loss": "Loss/Value",
        "surrogate_loss": "Loss/Surrogate",
        "entropy": "Loss/Entropy",
        "action_std": "Policy/mean_noise_std",
        "episode_length": "Train/mean_episode_length",
        "learning_rate": "Loss/actor_learning_rate",
        "steps_per_second": "Perf/total_fps",
    },
    "holosoma 0.0.3, FastSAC": {
        "reward": "Train/mean_reward",
        "value_loss": "Loss/qf_loss",
        "surrogate_loss": "Loss/actor_loss",
        "entropy": "Loss/policy_entropy",
        "action_std": "Loss/action_std",
        "episode_length": "Train/mean_episode_length",
        "steps_per_second": "Perf/total_fps",
    },
    "unilab-rl 1.4.15, APPO": {
        "reward": "Train/mean_reward",
        "kl": "Train/approx_kl",
        "value_loss": "Loss/value",
        "surrogate_loss": "Loss/surrogate",
        "entropy": "Loss/entropy",
        "action_std": "Policy/mean_std",
        "episode_length": "Train/mean_episode_length",
        "learning_rate": "Loss/learning_rate",
        "steps_per_second": "Perf/total_fps",
        "clip_fraction": "Train/clip_fraction",
    },
    "unilab-rl 1.4.15, SAC": {
        "reward": "Train/mean_reward",
        "value_loss": "Loss/critic",
        "surrogate_loss": "Loss/actor",
        "entropy": "Loss/entropy",
    },
    "UniLab 0.1.0": {
        "reward": "reward/mean",
        "value_loss": "train/value_loss",
        "surrogate_loss": "train/surrogate_loss",
        "episode_length": "episode/length",
        "steps_per_second": "perf/steps_per_sec",
    },
    "Isaac Lab 3.0.0, TorchRL": {
        "reward": "Train/mean_step_reward",
        "success": "Metrics/success_rate",
        "kl": "Policy/kl",
        "value_loss": "Loss/loss_critic",
        "surrogate_loss": "Loss/loss_objective",
        "entropy": "Policy/entropy",
        "learning_rate": "Policy/learning_rate",
        "steps_per_second": "Perf/total_fps",
        "clip_fraction": "Policy/clip_fraction",
    },
    "somebody's": {
        "reward": "agent/episode_return",
        "kl": "ppo/approx_kl",
        "value_loss": "ppo/Value loss",
        "entropy": "entropy",
        "learning_rate": "optim/lr",
    },
}
ALSO_LOGGED = {
    "rsl-rl 5": (
        "Perf/collection_time",
        "Perf/learning_time",
        "Episode_Reward/alive",
        "Metrics/base_velocity/error_xy",
    ),
    "rsl-rl 2": ("Perf/collection time", "Episode/rew_tracking_lin_vel", "Episode/terrain_level"),
    "rl_games": ("rewards/iter", "rewards/time", "losses/bounds_loss", "info/epochs", "info/e_clip", "scores/mean"),
    "skrl": ("Reward / Total reward (max)", "Reward / Instantaneous reward (mean)", "Stats / Inference time (ms)"),
    "Stable-Baselines3": ("train/loss", "train/clip_range", "time/iterations", "eval/mean_reward"),
    "RLinf": ("train/actor/grad_norm", "train/actor/ratio", "env/reward", "time/step", "rollout/rewards"),
    "CleanRL": ("losses/old_approx_kl",),
    "RLinf 0.3.0, decoupled PPO": ("train/actor/behav_approx_kl", "train/actor/dual_clip_fraction", "train/critic/lr"),
    "holosoma 0.0.3, PPO": ("Loss/critic_learning_rate", "Train/num_samples", "Episode/rew_alive", "Env/torque"),
    "holosoma 0.0.3, FastSAC": ("Loss/alpha_loss", "Loss/env_rewards", "Loss/buffer_rewards"),
    "unilab-rl 1.4.15, APPO": ("Train/iteration", "Train/vtrace_rho_clip_fraction", "reward/alive"),
    "unilab-rl 1.4.15, SAC": ("Loss/temperature", "Train/target_q_max"),
    "UniLab 0.1.0": ("train/loss", "reward/tracking", "reward/best"),
    "Isaac Lab 3.0.0, TorchRL": ("Value/clip_fraction", "Policy/ESS", "Loss/loss_entropy"),
    "somebody's": ("Episode_Reward/return", "Curriculum/success"),
}


@pytest.mark.parametrize("library", LOGGED)
@pytest.mark.parametrize("role", get_args(Role))
def test_each_role_has_the_name_that_the_library_logs_it_under(library, role):
    names = [*ALSO_LOGGED[library], *LOGGED[library].values()]
    assert metric_of(role, names) == LOGGED[library].get(role)


@pytest.mark.parametrize(
    "recording", sorted(path.name for path in RECORDINGS.glob("*/") if path.joinpath("run.toml").exists())
)
def test_what_our_own_runs_publish_is_found(recording):
    frames = JournalReader(RECORDINGS / recording / "journal.msgpack").read_new()
    names = {name for frame in frames if isinstance(frame.body, MetricSet) for name in frame.body.names}
    found = {role: metric_of(role, names) for role in get_args(Role)}
    assert [role for role, name in found.items() if name is None] in ([], ["success"])
    assert (found["reward"], found["kl"]) == ("Train/mean_reward", "Policy/kl")
    assert "Episode_Reward/upright" not in names or family_of("Episode_Reward/upright") == "reward term"


def test_a_run_without_a_role_has_none():
    assert metric_of("reward", []) is None
    assert metric_of("kl", ["Perf/total_fps", "Episode_Reward/kl"]) is None


@pytest.mark.parametrize(
    ("name", "family", "term"),
    [
        ("Episode_Reward/track_linear_velocity", "reward term", "track_linear_velocity"),
        ("Episode/Episode_Reward/track_lin_vel_xy_exp", "reward term", "track_lin_vel_xy_exp"),
        ("Episode/rew_tracking_lin_vel", "reward term", "tracking_lin_vel"),
        ("Episode_Termination/fell_over", "termination", "fell_over"),
        ("Termination/fell_over", "termination", "fell_over"),
        ("Reward_Rate/upright", "reward rate", "upright"),
        ("Episode/Episode_Termination/time_out", "termination", "time_out"),
        ("Curriculum/command_vel/lin_vel_x_max", "curriculum", "command_vel/lin_vel_x_max"),
        ("Episode/terrain_level", "curriculum", "terrain_level"),
        ("Terrain/mean_level/stairs", "curriculum", "Terrain/mean_level/stairs"),
        ("episode_reward/Alive", "reward term", "Alive"),
        ("reward/tracking_lin_vel", "reward term", "tracking_lin_vel"),
        ("reward/mean", None, "reward/mean"),
        ("reward/episode", None, "reward/episode"),
        ("Metrics/twist/error_vel_xy", "tracking error", "twist/error_vel_xy"),
        ("Episode/Metrics/object_pose/position_error", "tracking error", "object_pose/position_error"),
        ("Metrics/landing_force_mean", None, "Metrics/landing_force_mean"),
        ("Terrain/share/flat", None, "Terrain/share/flat"),
        ("train/approx_kl", None, "train/approx_kl"),
    ],
)
def test_terms_are_told_from_other_metrics(name, family, term):
    assert (family_of(name), term_of(name)) == (family, term)


def test_titles_say_where_a_library_logs_something_else():
    assert title_of_role("entropy", "train/entropy_loss") == "negative entropy"
    assert title_of_role("entropy", "Loss / Entropy loss") == "entropy loss (-scale × entropy)"
    assert title_of_role("entropy", "Loss/entropy") == "entropy"
    assert set(ROLE_TITLES) == set(get_args(Role))


def test_upper_and_lower_case_make_no_difference():
    assert metric_of("value_loss", ["loss/VALUE"]) == "loss/VALUE"
    assert metric_of("value_loss", ["loss/VALUE", "Loss/value"]) == "Loss/value"  # the library's own spelling first
    assert role_of("LOSS/Surrogate") == "surrogate_loss"
    assert title_of_role("entropy", "Train/Entropy_Loss") == "negative entropy"


@pytest.mark.parametrize("library", LOGGED)
def test_each_name_has_the_role_that_it_is_found_by(library):
    assert {role: role_of(name) for role, name in LOGGED[library].items()} == {role: role for role in LOGGED[library]}
