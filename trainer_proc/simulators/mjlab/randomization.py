"""Default randomizations as startup events for mjlab tasks.

Every sample starts from the model's defaults (`Simulation.get_default_field`). So samples never accumulate, and a
neutral range restores the defaults. Shapes: E environments, B bodies, M motors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import mujoco  # type: ignore[import-untyped]
import torch
from mjlab.managers.event_manager import EventTermCfg, RecomputeLevel, requires_model_fields
from mjlab.utils.lab_api.math import sample_uniform

from trainer_proc.simulators.default_randomization import NO_SCALE, Range, Sampler, default_randomizations
from trainer_proc.simulators.mjlab.model import default_values, environment_ids, moving_root_of, robot_of, set_values
from trainer_proc.simulators.mjlab.motors import has_gain, motors_of, scale_effort, scale_gains

_GAINS = ("actuator_gainprm", "actuator_biasprm")
_EFFORT = ("actuator_forcerange", "jnt_actfrcrange", "tendon_actfrcrange")


@requires_model_fields("body_mass", "body_inertia", recompute=RecomputeLevel.set_const)
def scale_mass(env: Any, env_ids: torch.Tensor | None, scale: Range) -> None:
    """Scale mass and inertia of the robot's bodies, one factor per body and environment: E × B."""
    ids, bodies = environment_ids(env, env_ids), robot_of(env).indexing.body_ids
    factors = sample_uniform(*scale, (len(ids), len(bodies)), env.device)
    set_values(env, "body_mass", ids, bodies, default_values(env, "body_mass", ids, bodies) * factors)
    set_values(env, "body_inertia", ids, bodies, default_values(env, "body_inertia", ids, bodies) * factors[..., None])


@requires_model_fields("geom_friction", "pair_friction")
def scale_friction(env: Any, env_ids: torch.Tensor | None, scale: Range) -> None:
    """Scale the sliding friction of all geoms including the terrain by one factor per environment: E.

    A contact uses the larger friction of its two geoms, so only a common factor always takes effect.
    """
    ids = environment_ids(env, env_ids)
    factors = sample_uniform(*scale, (len(ids), 1), env.device)
    for field, count, sliding in (
        ("geom_friction", env.sim.mj_model.ngeom, (0,)),
        ("pair_friction", env.sim.mj_model.npair, (0, 1)),
    ):
        elements = torch.arange(count, device=env.device)
        for column in sliding if count else ():
            defaults = default_values(env, field, ids, elements)[..., column]
            getattr(env.sim.model, field)[ids[:, None], elements, column] = defaults * factors


@requires_model_fields("body_ipos", recompute=RecomputeLevel.set_const)
def offset_center_of_mass(env: Any, env_ids: torch.Tensor | None, offset: Range) -> None:
    """Offset the centre of mass of the robot's root body (m), sampled for each axis: E × 3."""
    ids = environment_ids(env, env_ids)
    root = torch.tensor([moving_root_of(env)], device=env.device)
    offsets = sample_uniform(*offset, (len(ids), 1, 3), env.device)
    set_values(env, "body_ipos", ids, root, default_values(env, "body_ipos", ids, root) + offsets)


@requires_model_fields(*_GAINS, *_EFFORT)
def scale_motors(
    env: Any,
    env_ids: torch.Tensor | None,
    strength: Range | None = None,
    stiffness: Range | None = None,
    damping: Range | None = None,
) -> None:
    """Scale the robot's motors, one factor per motor and environment: E × M.

    `strength` scales P and D gains and the effort limit alike, `stiffness` and `damping` the P and D gains. With
    `strength` None, the effort limit is not written.
    """
    ids, motors = environment_ids(env, env_ids), motors_of(env)

    def factors(scale: Range | None) -> torch.Tensor:
        return sample_uniform(*(scale or NO_SCALE), (len(ids), motors.count), env.device)

    strong, stiff, damped = factors(strength), factors(stiffness), factors(damping)
    scale_gains(env, ids, motors, strong=strong, stiff=stiff, damped=damped)
    if strength is not None:
        scale_effort(env, ids, motors, strong)
    for actuator, columns in motors.computed:
        actuator.set_gains(
            ids,
            kp=actuator.default_stiffness[ids] * stiff[:, columns],
            kd=actuator.default_damping[ids] * damped[:, columns],
        )


def default_randomization_events(
    knobs: Iterable[str], events: Mapping[str, EventTermCfg] | None = None
) -> dict[str, EventTermCfg]:
    """Return the event terms, by name, of those of `knobs` that are default randomizations.

    Added to a task's `events` before the environment is built, they expand the model's fields at no cost. In a built
    environment, that captures CUDA graphs again. They sample neutral values until a knob is changed. Quantities that a
    term of `events` already randomizes are left out.
    """
    events = events or {}
    terms: dict[str, EventTermCfg] = {}
    wanted = set(knobs)
    for offered in DEFAULT_RANDOMIZATION:
        writes = any(offered.sampler.fields & fields_written(cfg) for cfg in events.values() if cfg is not None)
        if offered.knob in wanted and offered.term not in events and not writes:
            term = terms.setdefault(offered.term, EventTermCfg(mode="startup", func=offered.sampler.func))
            term.params[offered.parameter] = offered.neutral
    return terms


def fields_written(term_cfg: Any) -> frozenset[str]:
    """Return the model fields that an event term's function declares (`requires_model_fields`)."""
    return frozenset(getattr(term_cfg.func, "model_fields", ()))


def _has_robot(env: Any) -> bool:
    return robot_of(env) is not None


def _has_contacts(env: Any) -> bool:
    return not env.sim.mj_model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_CONTACT


def _has_motors(env: Any) -> bool:
    return _has_robot(env) and motors_of(env).count > 0


def _motor_sampler(fields: Iterable[str], applies: Callable[[Any], bool]) -> Sampler:
    return Sampler(scale_motors, frozenset(fields), applies)


DEFAULT_RANDOMIZATION = default_randomizations(
    mass=Sampler(scale_mass, frozenset(("body_mass", "body_inertia")), _has_robot),
    friction=Sampler(scale_friction, frozenset(("geom_friction", "pair_friction")), _has_contacts),
    center_of_mass=Sampler(offset_center_of_mass, frozenset(("body_ipos",)), _has_robot),
    strength=_motor_sampler((*_GAINS, *_EFFORT), _has_motors),
    stiffness=_motor_sampler(_GAINS, lambda env: has_gain(env, bias_column=1, dc_column=4, attribute="stiffness")),
    damping=_motor_sampler(_GAINS, lambda env: has_gain(env, bias_column=2, dc_column=6, attribute="damping")),
)
