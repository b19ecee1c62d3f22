"""Find the simulator of a built environment."""

from __future__ import annotations

from typing import Any

from trainer_proc.simulators.interface import Simulator


def simulator_of(env: Any) -> Simulator | None:
    """Return the simulator of a built environment; None for one of another kind, or without an event manager."""
    if not hasattr(env, "event_manager"):
        return None
    modules = {cls.__module__.partition(".")[0] for cls in type(env).__mro__}
    # imported here, because an environment of one simulator comes without the other's packages
    if hasattr(getattr(env, "sim", None), "expand_model_fields"):
        from trainer_proc.simulators.mjlab.simulator import MjlabSimulator

        mjlab: Simulator = MjlabSimulator(env)
        return mjlab
    if "isaaclab" in modules:
        from trainer_proc.simulators.isaaclab.simulator import IsaacLabSimulator

        isaac_lab: Simulator = IsaacLabSimulator(env)
        return isaac_lab
    return None
