"""Names of knobs and tasks by simulator, for tests that hold for each; the only place that names a simulator."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

_TERRAIN = "env.scene.terrain.terrain_generator"
NARROW_TERRAIN = {f"{_TERRAIN}.num_cols": 7}
"""Each type of ground of the velocity tasks in one column instead of three."""
SMALL_TERRAIN = NARROW_TERRAIN | {f"{_TERRAIN}.num_rows": 4}
"""And of four levels instead of ten."""


@dataclass(frozen=True)
class Small:
    """A task that builds in seconds and has no randomization of masses."""

    preset: str
    task: str
    reward: str
    """A reward term with a weight other than 0."""
    reset: str
    """A knob of a term that samples at reset."""
    noise: str
    """Noise of an observation group whose corruption is off."""
    observations: tuple[str, ...]
    """The policy's observation terms."""
    rate: float
    """Control frequency in Hz."""
    mass: str = "event/mass/scale"


@dataclass(frozen=True)
class Humanoid:
    """The G1 that follows velocity commands on flat ground; `own_task` adds a curriculum."""

    preset: str
    task: str
    own_task: str
    module: str
    command: str
    mass: str
    """A range that scales the mass of at least one body."""
    friction: str
    noise: str
    fall: str
    """A parameter of the termination `fall_term`."""
    fall_term: str
    fall_never: float
    fall_always: float
    parameter: str
    """A reward term's parameter that is a divisor."""
    joints: tuple[int, ...]
    """How many, by model: Isaac Lab's own G1, or mjlab's in its place where the server is out of reach."""
    usual: str
    """A default randomization that the task does not have."""
    coarse: Mapping[str, float]
    """Overrides that halve the physics steps of a control step, which cost more on a CPU than all else."""
    weight: str = "reward/action_rate_l2/weight"
    weight_term: str = "action_rate_l2"
    """A reward that depends on the actions only."""
    reset: str = "event/reset_base/pose_range/x"
    push: str = "event/push_robot/velocity_range/x"
    push_interval: str = "event/push_robot/interval_range_s"
    curriculum_weight: str = "reward/dof_pos_limits/weight"
    """A knob that the task's own curriculum writes, and the value that it writes."""
    curriculum_weight_to: float = -2.0
    curriculum_speed_to: tuple[float, float] = (-0.7, 0.7)
    curriculum_fall_to: float = 2.0

    @property
    def forward(self) -> str:
        """The knob of the commanded forward speed."""
        return f"command/{self.command}/lin_vel_x"


@dataclass(frozen=True)
class Simulator:
    """Tasks of a backend."""

    backend: str
    small: Small
    humanoid: Humanoid
    misspelt: str
    """A misspelt task, and the right name."""
    meant: str
    wrong_override: str
    """A misspelt path in the small task's configuration, and the right one."""
    right_override: str
    phases: frozenset[str]


MJLAB = Simulator(
    backend="mjlab",
    small=Small(
        preset="cartpole",
        task="Mjlab-Cartpole-Balance",
        reward="smooth_reward",
        reset="event/reset_hinge/position_range",
        noise="observation/critic/pole_vel/noise",
        observations=("cart_pos", "pole_angle", "cart_vel", "pole_vel"),
        rate=20.0,
    ),
    humanoid=Humanoid(
        preset="g1-walk",
        task="Mjlab-Velocity-Flat-Unitree-G1",
        own_task="Promised-Flat-G1",
        module="tests.backends.mjlab_task",
        command="twist",
        mass="event/mass/scale",
        friction="event/foot_friction/ranges",
        noise="observation/actor/projected_gravity/noise",
        fall="termination/fell_over/limit_angle",
        fall_term="fell_over",
        fall_never=4.0,
        fall_always=1e-5,
        joints=(29,),
        usual="event/motor/strength",
        coarse={"env.decimation": 2, "env.sim.mujoco.timestep": 0.01},
        parameter="reward/track_linear_velocity/std",
    ),
    misspelt="Mjlab-Cartpole-Balanse",
    meant="Mjlab-Cartpole-Balance",
    wrong_override="env.decimaton=4",
    right_override="env.decimation",
    phases=frozenset({"building", "compiling", "training", "finished"}),
)
ISAACLAB = Simulator(
    backend="isaaclab",
    small=Small(
        preset="isaac-cartpole",
        task="Isaac-Cartpole",
        reward="pole_pos",
        reset="event/reset_pole_position/position_range",
        noise="observation/policy/joint_vel_rel/noise",
        observations=("joint_pos_rel", "joint_vel_rel"),
        rate=60.0,
    ),
    humanoid=Humanoid(
        preset="isaac-g1-flat",
        task="Isaac-Velocity-Flat-G1",
        own_task="Promised-Flat-G1",
        module="tests.backends.isaaclab_task",
        command="base_velocity",
        mass="event/add_base_mass/mass_distribution_params",
        friction="event/physics_material/static_friction_range",
        noise="observation/policy/projected_gravity/noise",
        fall="termination/base_contact/threshold",
        fall_term="base_contact",
        fall_never=1e6,
        fall_always=-1.0,
        joints=(29, 37),
        usual="event/motor/strength",
        coarse={"env.decimation": 2, "env.sim.dt": 0.01},
        parameter="reward/track_lin_vel_xy_exp/std",
    ),
    misspelt="Isaac-Cartpol",
    meant="Isaac-Cartpole",
    wrong_override="env.decimaton=4",
    right_override="env.decimation",
    phases=frozenset({"building", "training", "finished"}),
)


def installed_simulator() -> Simulator | None:
    """Return the one that is installed here, None if there is none."""
    return next((one for one in (MJLAB, ISAACLAB) if importlib.util.find_spec(one.backend) is not None), None)
