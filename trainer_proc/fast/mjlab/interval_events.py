"""The stage of interval events: each of them runs for all environments, and is kept where it is due."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from trainer_proc.fast.mjlab.episode_end import why_not_event
from trainer_proc.fast.mjlab.stage import Engine
from trainer_proc.fast.mjlab.stages import Stages
from trainer_proc.fast.mjlab.state import Slot, only_where


class IntervalEvents(Stages):
    """Stages of an environment, of which this module adds that of its interval events."""

    def __init__(self, env: Any, engine: Engine) -> None:
        super().__init__(env, engine)
        self._everyone = torch.arange(env.num_envs, device=env.device)

    def _interval_events(self) -> None:
        manager = self._env.event_manager
        terms = manager._mode_term_cfgs.get("interval", [])
        if not terms:
            return
        for name, cfg in zip(manager.active_terms["interval"], terms, strict=True):
            reason = "all environments share its time" if cfg.is_global_time else why_not_event(cfg)
            if reason:
                return self._eager("events/interval", f"{name}: {reason}")
        slots = [self._tried("events/interval", partial(self._fire, cfg)) for cfg in terms]
        if any(written is None for written in slots):
            return None
        apply = manager.apply

        def run() -> None:
            for cfg, time_left, written in zip(terms, manager._interval_term_time_left, slots, strict=True):
                self._apply_interval(cfg, time_left, written or [])

        stage = self._stage("events/interval", run, lambda: [*terms, *self._times()])

        def apply_events(mode: str, *args: Any, **kwargs: Any) -> None:
            if mode == "interval":
                stage()
            else:
                self._call(apply, mode, *args, **kwargs)

        self._replace(manager, "apply", apply_events)

    def _apply_interval(self, cfg: Any, time_left: torch.Tensor, slots: list[Slot]) -> None:
        time_left -= self._env.step_dt
        is_due = time_left < 1e-6
        lower, upper = cfg.interval_range_s
        time_left.copy_(torch.where(is_due, torch.rand_like(time_left) * (upper - lower) + lower, time_left))
        with only_where(is_due, slots):
            self._fire(cfg)

    def _fire(self, cfg: Any) -> None:
        cfg.func(self._env, self._everyone, **cfg.params)
