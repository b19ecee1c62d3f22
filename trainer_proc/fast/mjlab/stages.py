"""The stages of an environment, and the methods of its objects that they replace until they are removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from trainer_proc.contract.errors import one_line
from trainer_proc.fast.mjlab.device_numbers import DeviceNumbers
from trainer_proc.fast.mjlab.foreign import ForeignTerms, is_foreign
from trainer_proc.fast.mjlab.stage import Engine, Stage
from trainer_proc.fast.mjlab.state import Slot, restored, written_by
from trainer_proc.fast.mjlab.values import WatchedValues


class _Replacement:
    """A method of an instance that can be taken back, also where others have wrapped it."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.method(*args, **kwargs)


class Stages:
    """Adds stages, replaces methods by them, and takes them back."""

    def __init__(self, env: Any, engine: Engine) -> None:
        """Replace nothing yet."""
        self._env = env
        self._engine = engine
        self._stages: list[Stage] = []
        self._replaced: list[tuple[Any, str, Any, _Replacement]] = []
        self._names: set[str] = set()
        engine.give_up = self._give_up

    def remove(self) -> None:
        """Put the methods back; buffers stay as they are."""
        for owner, name, old, ours in reversed(self._replaced):
            ours.method = old or getattr(type(owner), name).__get__(owner)
            if vars(owner).get(name) is not ours:
                continue  # wrapped since, and still called
            if old is None:
                delattr(owner, name)
            else:
                setattr(owner, name, old)
        self._replaced.clear()

    def _stage(
        self,
        name: str,
        run: Callable[[], Any],
        roots: Callable[[], list[Any]] = list,
        foreign: Sequence[Any] = (),
        **more: Any,
    ) -> Stage:
        """Return a new stage; all that `run` reads on the host can be reached from `roots`.

        `foreign` are configurations whose parameters are given to a user's code.
        """
        self._engine.report.part(name)
        self._names.add(name)
        numbers = DeviceNumbers(self._engine.device, [cfg.params for cfg in foreign])
        stage = Stage(name, run, self._engine, WatchedValues(roots), numbers, **more)
        self._stages.append(stage)
        return stage

    def _eager(self, name: str, reason: str) -> None:
        self._engine.report.part(name).is_eager(reason)

    def _replace(self, owner: Any, name: str, method: Callable[..., Any]) -> None:
        ours = _Replacement(method)
        self._replaced.append((owner, name, vars(owner).get(name), ours))
        setattr(owner, name, ours)

    def _with_foreign(
        self,
        name: str,
        terms: list[tuple[str, Any]],
        compute: Callable[[], Any],
        roots: Callable[[], list[Any]],
        after: Callable[[Any], None] | None = None,
    ) -> Stage:
        engine = self._engine
        foreign = ForeignTerms(name, terms, self._env, engine.slots, engine.report, engine.stream)

        def run() -> Any:
            with foreign.in_place():
                return compute()

        cfgs = [cfg for _, cfg in terms if is_foreign(cfg.func)]
        stage = self._stage(name, run, roots, cfgs, before=foreign.compute, after=after)
        foreign.changed = stage.forget
        return stage

    def _times(self) -> list[Any]:
        """Return what the durations of steps are computed from."""
        cfg = self._env.cfg
        return [cfg.decimation, cfg.sim.mujoco.timestep]

    def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self._engine.eagerly(lambda: method(*args, **kwargs))

    def _give_up(self, reason: str) -> None:
        self.remove()
        for stage in self._stages:
            stage.stop()
        self._stages.clear()
        for part in self._engine.report.parts:
            if part.name in self._names:
                part.is_eager(reason)

    def _tried(self, name: str, run: Callable[[], object]) -> list[Slot] | None:
        """Return the tensors that `run` writes, and undo it; None, reported, if a mask can't put them back."""
        device, env = self._engine.device, self._env
        log = dict(env.extras.get("log", {}))
        try:
            devices = [device] if device.type == "cuda" else []
            with torch.inference_mode(), torch.random.fork_rng(devices), restored(self._engine.slots):
                written = written_by(run, self._engine.slots)
        except Exception as error:  # of a user's code
            self._eager(name, one_line(error))
            return None
        finally:
            env.extras["log"] = log
        for slot in written:
            if slot.dim is None:
                self._eager(name, f"{slot.key} of {type(slot.owner).__name__} has no row for each environment")
                return None
        return written
