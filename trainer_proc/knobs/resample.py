"""Resample startup randomizations: in all environments at once, or in each when its episode ends.

A startup term of an event manager runs once, before the first episode (mjlab 1.6, Isaac Lab 3.0). A new range has no
effect until the term is called again. The `Simulator` prepares and completes such a call.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from trainer_proc.contract.knob import When
from trainer_proc.simulators.interface import Simulator

_DERIVED = frozenset(
    ("body_subtreemass", "dof_invweight0", "body_invweight0", "tendon_length0", "tendon_invweight0", "actuator_acc0")
)
"""Derived constants, which mjlab lists among the fields that they are computed from."""


class Resampler:
    """The startup terms that are queued for resampling, by environment.

    It is one of `TrainingKnobs.competing_writers` so that it is called at new iterations; it writes no knob.
    """

    def __init__(self, env: Any, simulator: Simulator) -> None:
        """Wrap `env._reset_idx` on the instance, which is called with the environments whose episodes end."""
        self._env = env
        self._simulator = simulator
        names = env.event_manager.active_terms.get("startup", [])
        self._startup = [env.event_manager.get_term_cfg(name) for name in names]
        self._queued: dict[int, tuple[Any, torch.Tensor]] = {}
        self._only: torch.Tensor | None = None
        self._reset = env._reset_idx
        env._reset_idx = self._reset_and_sample

    def resample_of(self, term_cfg: Any) -> Callable[[When], None]:
        """Return the `resample` that the knobs of a startup term share; called between iterations.

        "now" samples in all environments at once, "on reset" once in each environment when its episode ends. Until
        then, an environment keeps its values.
        """

        def resample(when: When) -> None:
            with torch.inference_mode():
                self._simulator.before_sampling(term_cfg)
                if when == "now":
                    self._queued.pop(id(term_cfg), None)
                    self._sample([term_cfg], self._only)
                    self._env.sim.forward()  # updates quantities that derive from the samples
                else:
                    is_queued = torch.ones(self._env.num_envs, dtype=torch.bool, device=self._env.device)
                    self._queued[id(term_cfg)] = (term_cfg, is_queued)

        return resample

    @contextmanager
    def in_environments(self, env_ids: torch.Tensor) -> Iterator[None]:
        """Let "now" mean these environments in the block, of shape [n]; all others keep their samples."""
        self._only = env_ids
        try:
            yield
        finally:
            self._only = None

    def new_iteration(self) -> None:
        """Forget the terms that all environments have resampled; synchronizes with the device if any is queued."""
        self._queued = {key: queued for key, queued in self._queued.items() if bool(queued[1].any())}

    def competing_writer_of(self, knob: str) -> str:
        """Return an empty text: it writes no knob."""
        return ""

    def hold(self, knob: str) -> bool:
        """Return False: it writes no knob."""
        return False

    def release(self, knob: str) -> None:
        """Do nothing."""

    def _reset_and_sample(self, env_ids: Any = None, **masks: Any) -> None:
        self._reset(env_ids, **masks)
        if self._queued:
            with torch.inference_mode():
                self._sample_in(env_ids)

    def _sample_in(self, env_ids: torch.Tensor | slice | None) -> None:
        if isinstance(env_ids, slice):
            env_ids = torch.arange(self._env.num_envs, device=self._env.device)[env_ids]
        if env_ids is not None and len(env_ids) == 0:
            return
        # Not checked which were resampled: that would synchronize with the device, and sampling twice does no harm.
        try:
            self._sample([cfg for cfg, _ in self._queued.values()], env_ids)
        except Exception:  # of a task's own function: the training continues, the log has the reason
            traceback.print_exc()
            self._queued.clear()
            return
        for _, is_queued in self._queued.values():
            if env_ids is None:
                is_queued.zero_()
            else:  # a plain False would be copied from the host, which synchronizes
                is_queued[env_ids] = torch.zeros_like(env_ids, dtype=torch.bool)

    def _sample(self, term_cfgs: list[Any], env_ids: torch.Tensor | None) -> None:
        sampled = self._with_later_writers(term_cfgs)
        for cfg in sampled:
            cfg.func(self._env, env_ids, **cfg.params)
        self._simulator.after_sampling(sampled)

    def _with_later_writers(self, term_cfgs: list[Any]) -> list[Any]:
        """Return the terms, followed by those that write the same fields after them, as they did at startup."""
        sampled: list[Any] = [cfg for cfg in term_cfgs if not any(cfg is startup for startup in self._startup)]
        written: set[str] = set()
        for cfg in self._startup:
            fields = self._simulator.fields_written(cfg) - _DERIVED
            if fields & written or any(cfg is requested for requested in term_cfgs):
                sampled.append(cfg)
                written |= fields
        return sampled
