"""Which parts of a PPO can be captured at all, and why the others can't."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from trainer_proc.metrics.success.noise_free import NoiseFree

_KNOWN_UPDATES = ("5.4.2",)
"""Versions of rsl-rl whose `PPO.update` the mini-batch repeats."""
_MODEL, _DISTRIBUTION = "rsl_rl.models.mlp_model.MLPModel", "rsl_rl.modules.distribution.GaussianDistribution"
_NORMALIZERS = ("rsl_rl.modules.normalization.EmpiricalNormalization", "torch.nn.modules.linear.Identity")


def reason_against_policy(algorithm: Any) -> str:
    """Return why no part can be captured; empty if some can."""
    for name in ("actor", "critic"):
        model: Any = getattr(algorithm, name, None)
        if _type_name(model) != _MODEL:
            return f"expected MLPModel of rsl-rl as {name}, got {type(model).__name__}"
        if _type_name(model.obs_normalizer) not in _NORMALIZERS or getattr(model.obs_normalizer, "until", None):
            return f"the {name}'s normalizer is not rsl-rl's usual one"
        if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
            return f"the {name} has hooks"
    distribution = algorithm.actor.distribution
    if _type_name(distribution) != _DISTRIBUTION:
        return f"expected GaussianDistribution of rsl-rl, got {type(distribution).__name__}"
    return ""


def reason_against_method(algorithm: Any, name: str) -> str:
    """Return why a method can't be captured; empty if it is rsl-rl's own, with or without `NoiseFree` around it."""
    method = getattr(algorithm, name)
    owner = getattr(method, "__self__", None)
    module = getattr(getattr(type(algorithm), name, None), "__module__", "")
    is_own = owner is algorithm or (isinstance(owner, NoiseFree) and name != "update")
    if module != "rsl_rl.algorithms.ppo" or not is_own:
        return f"{name} is not rsl-rl's own"
    return ""


def counted_rows(logger: Any, algorithm: Any) -> tuple[bool, Any]:
    """Return whether the logger counts episodes by rsl-rl's own method, and the environments; None means all."""
    module = getattr(type(logger).process_env_step, "__module__", "")
    owner = getattr(logger.process_env_step, "__self__", None)
    is_own = owner is logger or isinstance(owner, NoiseFree)
    is_counting = module == "rsl_rl.utils.logger" and is_own and not algorithm.rnd and "log" not in vars(logger)
    return is_counting, owner.trained if isinstance(owner, NoiseFree) else None


def reason_against_storing(algorithm: Any) -> str:
    if algorithm.rnd:
        return "intrinsic rewards (RND) are computed eagerly"
    storage = algorithm.storage
    if type(storage).__module__ != "rsl_rl.storage.rollout_storage" or "add_transition" in vars(storage):
        return "the storage is not rsl-rl's own"
    return ""


def reason_against_update(algorithm: Any) -> str:
    if algorithm.rnd:
        return "the update of RND runs eagerly"
    if algorithm.symmetry:
        return "symmetry augments mini-batches eagerly"
    installed = _rsl_rl_version()
    if installed not in _KNOWN_UPDATES:
        return f"expected rsl-rl {' or '.join(_KNOWN_UPDATES)}, got {installed or 'an unknown version'}"
    return ""


def _type_name(instance: Any) -> str:
    return f"{type(instance).__module__}.{type(instance).__name__}"


def _rsl_rl_version() -> str:
    try:
        return version("rsl-rl-lib")
    except PackageNotFoundError:
        return ""
