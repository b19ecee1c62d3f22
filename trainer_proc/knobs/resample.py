"""Draws startup randomizations again: in all environments at once, or in each when its episode ends.

A startup term of an event manager runs once, before the first episode; a new range does nothing until the term is
called again (mjlab 1.6, Isaac Lab 3.0). What that takes beside the call is the `Simulator`'s to know.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import torch

from trainer_proc.contract.knob import When
from trainer_proc.simulators.interface import Simulator

_DERIVED = frozenset(
    ("body_subtreemass", "dof_invweight0", "body_invweight0", "tendon_length0", "tendon_invweight0", "actuator_acc0")
)
"""Constants that mjlab counts among the fields of what they are computed from."""


class Resampler:
    """The startup terms that wait to be drawn again, by environment.

    It takes part in `TrainingKnobs.competing_writers` to hear of new iterations; it overwrites no knob.
    """

    def __init__(self, env: Any, simulator: Simulator) -> None:
        """Wrap `env._reset_idx` on the instance, which every environment calls with those whose episodes end."""
        self._env = env
        self._simulator = simulator
        names = env.event_manager.active_terms.get("startup", [])
        self._startup = [env.event_manager.get_term_cfg(name) for name in names]
        self._waiting: dict[int, tuple[Any, torch.Tensor]] = {}
        self._reset = env._reset_idx
        env._reset_idx = self._reset_and_draw

    def resample_of(self, term_cfg: Any) -> Callable[[When], None]:
        """Return the `resample` that the knobs of a startup term share; called between iterations.

        "now" draws in all environments, "on reset" in each environment when its episode ends, once; environments that
        weren't drawn again keep what they have.
        """

        def resample(when: When) -> None:
            with torch.inference_mode():
                self._simulator.before_sampling(term_cfg)
                if when == "now":
                    self._waiting.pop(id(term_cfg), None)
                    self._draw([term_cfg], None)
                    self._env.sim.forward()  # quantities that derive from what was drawn
                else:
                    waits = torch.ones(self._env.num_envs, dtype=torch.bool, device=self._env.device)
                    self._waiting[id(term_cfg)] = (term_cfg, waits)

        return resample

    def new_iteration(self) -> None:
        """Forget the terms that all environments have drawn again; waits for the device where some haven't."""
        self._waiting = {key: (cfg, waits) for key, (cfg, waits) in self._waiting.items() if bool(waits.any())}

    def competing_writer_of(self, knob: str) -> str:
        """Return that nobody writes `knob`."""
        return ""

    def hold(self, knob: str) -> bool:
        """Return that nothing had to be kept from writing `knob`."""
        return False

    def release(self, knob: str) -> None:
        """Do nothing."""

    def _reset_and_draw(self, env_ids: Any = None) -> None:
        self._reset(env_ids)
        if self._waiting:
            with torch.inference_mode():
                self._draw_for(env_ids)

    def _draw_for(self, env_ids: torch.Tensor | slice | None) -> None:
        if isinstance(env_ids, slice):
            env_ids = torch.arange(self._env.num_envs, device=self._env.device)[env_ids]
        if env_ids is not None and len(env_ids) == 0:
            return
        # Which of them have been drawn isn't asked: that would wait for the device, and drawing again does no harm.
        try:
            self._draw([cfg for cfg, _ in self._waiting.values()], env_ids)
        except Exception:  # of a task's own function: the training goes on without the draw, and the log says why
            traceback.print_exc()
            self._waiting.clear()
            return
        for _, waits in self._waiting.values():
            if env_ids is None:
                waits.zero_()
            else:  # a plain False would be copied from the host, which waits
                waits[env_ids] = torch.zeros_like(env_ids, dtype=torch.bool)

    def _draw(self, term_cfgs: list[Any], env_ids: torch.Tensor | None) -> None:
        drawn = self._with_later_writers(term_cfgs)
        for cfg in drawn:
            cfg.func(self._env, env_ids, **cfg.params)
        self._simulator.after_sampling(drawn)

    def _with_later_writers(self, term_cfgs: list[Any]) -> list[Any]:
        """Return the terms with those of the task that write the same fields after them, as they did at startup."""
        drawn: list[Any] = [cfg for cfg in term_cfgs if not any(cfg is startup for startup in self._startup)]
        written: set[str] = set()
        for cfg in self._startup:
            fields = self._simulator.fields_written(cfg) - _DERIVED
            if fields & written or any(cfg is asked for asked in term_cfgs):
                drawn.append(cfg)
                written |= fields
        return drawn
