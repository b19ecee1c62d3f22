"""Fast mode of an environment's step, for simulators whose step is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainer_proc.fast.report import FastReport

if TYPE_CHECKING:
    from trainer_proc.fast.mjlab.step import FastStep

ENVIRONMENT = "environment"
_METHODS = ("step", "_reset_idx", "reset")


def attach_fast_step(env: Any, report: FastReport) -> FastStep | None:
    """Have the step of `env` captured, stage by stage, and list the stages in `report`; None if it can't be.

    `env` is a built environment, without wrappers. Its managers' methods are replaced on the instances, so later
    wrappers are called at each replay.
    """
    if not any(base.__module__.startswith("mjlab.envs.manager_based_rl_env") for base in type(env).__mro__):
        report.part(ENVIRONMENT).is_eager("only the step of mjlab's environments is captured")
        return None
    from trainer_proc.fast.mjlab.step import FastStep, ManagerBasedRlEnv

    changed = [name for name in _METHODS if getattr(type(env), name) is not getattr(ManagerBasedRlEnv, name)]
    if changed:
        report.part(ENVIRONMENT).is_eager(f"{type(env).__name__} has its own {changed[0]}")
        return None
    return FastStep(env, report)
