"""All the knobs that a Unitree G1 training has, a hundred and fifty of them, as a trainer would publish them."""

from __future__ import annotations

from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Body,
    Change,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    KnobsAvailable,
    Ramp,
    RampAdvanced,
)

_REWARDS = {
    "track_linear_velocity": 2.0,
    "track_angular_velocity": 2.0,
    "upright": 1.0,
    "pose": 1.0,
    "body_ang_vel": -0.05,
    "angular_momentum": -0.02,
    "dof_pos_limits": -1.0,
    "action_rate_l2": -0.1,
    "air_time": 0.0,
    "foot_clearance": -2.0,
    "foot_swing_height": -0.25,
    "foot_slip": -0.1,
    "soft_landing": -1e-05,
    "self_collisions": -1.0,
}
_STANDARD_DEVIATIONS = {"track_linear_velocity": 0.5, "track_angular_velocity": 0.7071, "upright": 0.4472}
_JOINTS = ("hip_pitch", "hip_roll", "hip_yaw", "knee", "ankle_pitch", "ankle_roll", "waist_yaw", "waist_roll")
_MORE_JOINTS = ("waist_pitch", "shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow", "wrist_roll")
_RESET = "at each environment's reset"
CURRICULUM = "curriculum term command_vel"


def g1_knobs() -> KnobsAvailable:
    knobs = (*_reward(), *_randomization(), *_commands(), *_terminations(), *_algorithm(), *_environment(), *_guards())
    return KnobsAvailable(0, knobs)


def with_g1_knobs(bodies: list[Body]) -> list[Body]:
    """A recording as if its training had had all knobs."""
    return [g1_knobs() if isinstance(body, KnobsAvailable) else body for body in bodies]


def turned(iteration: int = 61) -> list[Body]:
    """What happens to knobs behind a recording's interventions 1 and 2: one of each kind."""
    twist, friction, clearance = "command/twist/lin_vel_x", "event/foot_friction/ranges", "reward/foot_clearance/weight"
    push = "event/push_robot/velocity_range/x"
    to_push = Ramp(20, "linear", {push: (-1.0, 1.0)})
    wider = (Change(twist, (-1.0, 1.0), (-1.5, 2.0)),)
    return [
        InterventionApplied(
            number=3, origin="person", iteration=iteration, revision=3, changes=wider, note="faster", pinned=(twist,)
        ),
        InterventionQueued(4, "person", (Change(push, (-0.5, 0.5), (-1.0, 1.0)),), ramp=Ramp(20)),
        InterventionApplied(4, "person", iteration, 4, (Change(push, (-0.5, 0.5), (-0.525, 0.525)),), ramp=to_push),
        RampAdvanced(iteration + 1, 5, (Change(push, (-0.525, 0.525), (-0.55, 0.55)),), {push: 18}),
        InterventionApplied(
            number=5,
            origin="launch",
            iteration=iteration,
            revision=6,
            changes=(Change("ppo/desired_kl", 0.01, 0.02),),
            note="set at launch",
        ),
        InterventionApplied(
            number=6,
            origin="guard",
            iteration=iteration + 1,
            revision=7,
            changes=(Change("ppo/desired_kl", 0.02, 0.01),),
            note="KL",
            undoes=5,
        ),
        InterventionQueued(7, "person", (Change("guard/kl/mode", "warn", "act"),), "watch it"),
        InterventionFailed(7, iteration + 1, "RuntimeError: the guard is disabled"),
        InterventionQueued(8, "person", (Change(friction, (0.3, 1.2), (0.3, 1.6)),)),
        InterventionApplied(8, "person", iteration + 1, 8, (Change(friction, (0.3, 1.2), (0.3, 1.6)),)),
        InterventionQueued(9, "person", (Change(clearance, -2.0, -1.0),), "steps are too high"),
    ]


def _number(name: str, kind: str, value: float, takes_effect="next iteration", **more) -> Knob:
    return Knob(name, kind, value, value, takes_effect, **more)


def _range(name: str, kind: str, low: float, high: float, takes_effect, **more) -> Knob:
    return Knob(name, kind, (low, high), (low, high), takes_effect, type="range", **more)


def _reward():
    for term, weight in _REWARDS.items():
        yield _number(f"reward/{term}/weight", "reward", weight, metric=f"Episode_Reward/{term}")
        if term in _STANDARD_DEVIATIONS:
            yield _number(f"reward/{term}/std", "reward", _STANDARD_DEVIATIONS[term], minimum=1e-6)
        if term == "pose":
            for pace in ("standing", "walking", "running"):
                for joint in (*_JOINTS, *_MORE_JOINTS):
                    yield _number(f"reward/pose/std_{pace}/.*{joint}.*", "reward", 0.3, minimum=1e-6, unit="rad")
    yield _number("reward/foot_clearance/target_height", "reward", 0.1, unit="m")
    yield _number("reward/foot_clearance/command_threshold", "reward", 0.05)


def _randomization():
    kind = "randomization"
    drawn_now = "the training is blocked for seconds while the first change expands the model's fields"
    yield _range("event/foot_friction/ranges", kind, 0.3, 1.2, _RESET, minimum=0.0, can_resample_now=True,
                 usual=(0.3, 1.6), cost=drawn_now)  # fmt: skip
    for axis in ("x", "y", "z"):
        unit = "m"
        yield _range(f"event/base_com/ranges/{axis}", kind, -0.025, 0.025, _RESET, unit=unit, can_resample_now=True)
    yield _range("event/encoder_bias/bias_range", kind, -0.015, 0.015, _RESET, unit="rad", can_resample_now=True)
    for axis in ("x", "y", "z", "roll", "pitch", "yaw"):
        yield _range(f"event/reset_base/pose_range/{axis}", kind, 0.0, 0.0, _RESET)
        yield _range(f"event/push_robot/velocity_range/{axis}", kind, -0.5, 0.5, "next iteration", usual=(-1.0, 1.0),
                     unit="rad/s" if len(axis) > 1 else "m/s")  # fmt: skip
    yield _range("event/push_robot/interval_range_s", kind, 1.0, 3.0, _RESET, unit="s", minimum=1e-3)
    for joint in (*_JOINTS, *_MORE_JOINTS):
        for part in ("strength", "stiffness", "damping"):
            yield _range(f"randomization/motor/{part}/{joint}", kind, 1.0, 1.0, _RESET, unit="×", usual=(0.9, 1.1))
    yield _range("randomization/mass/scale", kind, 1.0, 1.0, _RESET, unit="×", usual=(0.9, 1.1), can_resample_now=True)


def _commands():
    at = "at the next command"
    for name in ("lin_vel_x", "lin_vel_y", "ang_vel_z"):
        yield _range(f"command/twist/{name}", "command", -1.0, 1.0, at, competing_writer=CURRICULUM)
    yield _range("command/twist/heading", "command", -3.14159, 3.14159, at, unit="rad")
    yield _range("command/twist/resampling_time_range", "command", 3.0, 8.0, at, unit="s", minimum=1e-3)
    for share in ("rel_standing_envs", "rel_heading_envs"):
        yield _number(f"command/twist/{share}", "command", 0.1, at, minimum=0.0, maximum=1.0)
    yield Knob("command/twist/heading_command", "command", True, True, at, type="switch")


def _terminations():
    yield _number("termination/fell_over/limit_angle", "termination", 1.2217, unit="rad")


def _algorithm():
    kind = "algorithm"
    yield _number("ppo/desired_kl", kind, 0.01, minimum=1e-6, metric="Policy/kl")
    yield _number("ppo/entropy_coef", kind, 0.01, minimum=0.0)
    yield _number("ppo/learning_rate", kind, 1e-3, minimum=1e-9, competing_writer="the adaptive schedule")
    yield Knob("ppo/num_learning_epochs", kind, 5.0, 5.0, "next iteration", minimum=1, type="integer")
    yield Knob("ppo/schedule", kind, "adaptive", "adaptive", "next iteration", type="choice",
               choices=("adaptive", "fixed"))  # fmt: skip
    for name in ("clip_param", "gamma", "lam"):
        yield _number(f"ppo/{name}", kind, 0.2 if name == "clip_param" else 0.99, minimum=0.0, maximum=1.0)


def _environment():
    reason = "the environment is built with it: it needs a restart"
    for name, value in (("num_envs", 4096.0), ("physics_step", 0.005), ("control_step", 0.02), ("action_size", 29.0)):
        yield _number(f"environment/{name}", "environment", value, "needs a restart", read_only=reason)


def _guards():
    for guard in ("not_finite", "kl", "success", "reward"):
        for name, value, choices in (("mode", "warn", ("off", "warn", "act")), ("action", "pause", ("pause", "undo"))):
            yield Knob(f"guard/{guard}/{name}", "algorithm", value, value, "next iteration", type="choice",
                       choices=choices)  # fmt: skip
    yield _number("guard/kl/factor", "algorithm", 5.0, minimum=1.0, unit="× desired KL")
