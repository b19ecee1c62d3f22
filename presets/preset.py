"""The content of a preset file, and its checks."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from curricula.curriculum_knobs import check_curriculum_knobs
from curricula.errors import UsageError, suggestion
from curricula.load import make_curricula
from curricula.schema import SchemaError, convert
from curricula.toml_file import TomlFileError, read_toml
from curricula.values import KnobValues, Value, numbers_of, numbers_problem, order_problem
from presets.checkpoints import read_retention
from presets.deploy import read_deploy
from presets.environment_counts import Count, EnvironmentCounts
from presets.evaluation import read_evaluation
from presets.fast import read_fast
from presets.fixed_fields import check_arguments, check_effect
from presets.goal import read_goal
from presets.override_path import ROOTS, OverridePathError
from presets.override_value import OverrideValueError
from presets.restart import read_restart
from presets.rollouts import read_rollouts
from presets.success import read_success

BACKENDS = ("mjlab", "isaaclab")
"""All simulators."""
PHYSICS = ("newton", "physx")
"""Physics engines of Isaac Lab; PhysX comes with Isaac Sim."""
LIBRARIES = ("rsl_rl", "rl_games", "skrl")
"""RL libraries of Isaac Lab."""
FRONTENDS = ("torch", "warp")
"""What runs the managers of Isaac Lab's environments: PyTorch, or kernels of Warp."""
GROUPS = ("first contact", "humanoid", "quadruped", "arm")
"""What presets train, in the order of the launch screen."""

_LARGEST = 4 * 1024 * 1024
"""Bytes of the file."""
_HYDRA = re.compile(rf"(\+{{0,2}}({'|'.join(ROOTS)})\.[^=]+|presets|physics|renderer)=.*", re.DOTALL)

Line = Annotated[str, msgspec.Meta(min_length=1)]
Module = Annotated[str, msgspec.Meta(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)*$", title="the name of a Python module")]


class PresetError(UsageError):
    """The preset does not exist, or its file is wrong. `name` is the preset's, empty if it has none."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class Needs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a preset needs beyond its file."""

    gpu_memory_gib: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """GPU memory (GiB) for its `cuda` environments."""
    note: str = ""
    """Anything else, in a few words."""
    overrides: dict[str, Line] = {}
    """Overrides that the user must give: a short description by path."""


class PresetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys and tables of a preset file."""

    title: Line
    description: Line
    group: Literal["", "first contact", "humanoid", "quadruped", "arm"] = ""
    """One of `GROUPS`; without one, the launch screen lists it as the user's own."""
    backend: Line
    """One of `BACKENDS`."""
    task: Line
    """The task's name in the simulator's registry."""
    experiment: str
    """Name of one folder in `logs/rsl_rl`."""
    iterations: Count
    num_envs: EnvironmentCounts
    physics: str = ""
    """Isaac Lab only: one of `PHYSICS`, empty for the task's default."""
    library: str = ""
    """Isaac Lab only: one of `LIBRARIES`, empty for rsl_rl."""
    frontend: str = ""
    """Isaac Lab only: one of `FRONTENDS`, empty for torch."""
    hydra: tuple[Line, ...] = ()
    """Isaac Lab only: Hydra arguments, see `check_isaac_lab`."""
    overrides: dict[str, Any] = {}
    """Values by path (`presets.override_path`), written into the configurations before they are built."""
    rewards: dict[str, Value] = {}
    """Knob values from the first iteration on, by reward term (its weight) or `term/parameter`."""
    randomization: dict[str, Value] = {}
    """Knob values from the first iteration on, by `event/parameter`, or `observation/…` in full."""
    set: dict[str, Value] = {}
    """Knob values from the first iteration on, by full name."""
    bounds: dict[str, tuple[float, float]] = {}
    """Lowest and highest accepted value of a knob, by name or by a pattern with `*`."""
    success: dict[str, Any] = {}
    """A `presets.success.Success`."""
    evaluation: dict[str, Any] = {}
    """A `presets.evaluation.PeriodicEvaluation`; without one, nothing is evaluated during the training."""
    rollouts: dict[str, Any] = {}
    """A `presets.rollouts.PeriodicRollout`; without one, no rollout is recorded during the training."""
    checkpoints: dict[str, Any] = {}
    """A `presets.checkpoints.Retention`; without one, all checkpoints are kept."""
    restart: dict[str, Any] = {}
    """A `presets.restart.Restart`; without one, a failed training is not started again by itself."""
    goal: dict[str, Any] = {}
    """A `presets.goal.Goal`; without one, the training runs for all its iterations."""
    fast: dict[str, Any] = {}
    """A `presets.fast.Fast`; without one, the step is captured on CUDA devices."""
    deploy: dict[str, Any] = {}
    """A `presets.deploy.Deploy`; without one, the policy is for no robot."""
    curriculum: dict[str, dict[str, Any]] = {}
    """Curricula by name."""
    modules: tuple[Module, ...] = ()
    """Modules to import before the task is looked up."""
    module_folder: str = ""
    """Folder of the modules, absolute or relative to the file's folder, which is the default."""
    needs: Needs = Needs()


class Preset(PresetFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A checked preset file: `name` is the file's, `path` absolute."""

    name: str
    path: str

    def environments_on(self, device: str, memory_gib: float | None = None) -> int:
        """Return the number of environments for `device`; see `EnvironmentCounts.on`."""
        return self.num_envs.on(device, memory_gib)

    @property
    def knobs(self) -> KnobValues:
        """The values of `rewards`, `randomization` and `set` by the knobs' full names."""
        return {knob: value for _, knob, value in _knobs_of(self)}

    def folder_of_modules(self) -> str:
        """Return the folder in which `modules` are also looked for; empty if there are none."""
        return str(Path(self.path).parent / self.module_folder) if self.modules else ""

    def needs_text(self) -> str:
        """Return its needs in one line, empty if there are none."""
        needs = list(self.needs.overrides.values())
        if self.needs.gpu_memory_gib is not None:
            needs.append(f"{self.needs.gpu_memory_gib:g} GiB GPU memory for {self.num_envs.cuda} environments")
        if self.needs.note:
            needs.append(self.needs.note)
        return "; ".join(needs)


def read_preset(path: Path) -> Preset:
    """Return the preset in the file `path`. Raises `PresetError`."""
    try:
        content = read_toml(path, _LARGEST)
    except FileNotFoundError as error:
        raise PresetError(f"preset {path} can't be read: there is no such file", path.stem) from error
    except TomlFileError as error:
        raise PresetError(f"preset {error}", path.stem) from error
    try:
        preset = convert(content, PresetFile)
        _check(preset)
    except (SchemaError, OverridePathError, OverrideValueError) as error:
        raise PresetError(f"preset {path}: {error}", path.stem) from error
    return Preset(name=path.stem, path=str(path.resolve()), **msgspec.structs.asdict(preset))


def check_isaac_lab(backend: str, physics: str, library: str, hydra: Sequence[str], frontend: str = "") -> None:
    """Raise `SchemaError` if the backend does not accept these options, which only Isaac Lab has.

    `physics` is one of `PHYSICS` or empty for the task's default, `library` one of `LIBRARIES` or empty for rsl_rl,
    `frontend` one of `FRONTENDS` or empty for torch.
    `hydra` are arguments as Isaac Lab's own scripts accept them: values by path, `presets=NAME`, `renderer=NAME`, and
    `physics=NAME` with Isaac Lab's names.
    """
    given = {"physics": physics, "library": library, "frontend": frontend, "Hydra arguments": " ".join(hydra)}
    if backend != "isaaclab" and any(given.values()):
        what = next(name for name, value in given.items() if value)
        raise SchemaError(f"{what}: expected none with backend {backend}, got {given[what]}; only isaaclab has them")
    _check_choice("physics", physics, PHYSICS)
    _check_choice("library", library, LIBRARIES)
    _check_choice("frontend", frontend, FRONTENDS)
    if frontend == "warp" and library not in ("", "rsl_rl"):
        raise SchemaError(f"frontend warp: expected library rsl_rl, got {library}")
    for argument in hydra:
        if not _HYDRA.fullmatch(argument):
            raise SchemaError(
                "expected a Hydra argument (env.PATH=VALUE, agent.PATH=VALUE, presets=NAME, physics=NAME or "
                f"renderer=NAME), got {argument}"
            )
        if physics and argument.startswith("physics="):
            raise SchemaError(f"physics is given twice, {physics} and {argument}: leave one out")


def _check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    if value and value not in choices:
        raise SchemaError(f"no such {what}: {value}{suggestion(value, choices, count=1, or_all=True)}")


def _check(preset: PresetFile) -> None:
    """Raise `SchemaError` or `OverridePathError` if parts of the file contradict each other."""
    if not re.fullmatch(r"\w[\w.+-]*", preset.experiment):
        raise SchemaError(f"experiment: expected the name of one folder, got {preset.experiment!r}")
    _check_choice("backend", preset.backend, BACKENDS)
    check_isaac_lab(preset.backend, preset.physics, preset.library, preset.hydra, preset.frontend)
    for path, value in preset.overrides.items():
        check_effect(path, value)
    for path in preset.needs.overrides:
        check_effect(path)
    check_arguments(preset.hydra)
    for pattern, (low, high) in preset.bounds.items():
        if problem := order_problem(f"bounds of {pattern}", low, high):
            raise SchemaError(problem)
    read_success(preset.success)
    read_evaluation(preset.evaluation)
    read_rollouts(preset.rollouts)
    read_retention(preset.checkpoints)
    read_restart(preset.restart)
    read_goal(preset.goal, preset.evaluation)
    read_fast(preset.fast)
    read_deploy(preset.deploy)
    _check_knobs(preset)


def _check_knobs(preset: PresetFile) -> None:
    curricula = make_curricula(preset.curriculum)
    check_curriculum_knobs({knob: value for _, knob, value in _knobs_of(preset)}, curricula)
    deciding = [curriculum for curriculum in curricula if curriculum.mode != "hold"]
    owners = {knob: curriculum.name for curriculum in deciding for knob in curriculum.knobs}
    for curriculum in curricula:
        for values in curriculum.checked_values():
            for knob, value in values.items():
                _check_value(knob, value, preset.bounds)
    tables: dict[str, str] = {}
    for table, knob, value in _knobs_of(preset):
        if knob in tables:
            places = f"in [{table}]" if tables[knob] == table else f"in [{tables[knob]}] and in [{table}]"
            raise SchemaError(f"{knob} is set twice, {places}: remove one")
        if knob in owners:
            raise SchemaError(
                f"{knob} is set in [{table}], but curriculum {owners[knob]} owns it: remove it from one of them"
            )
        tables[knob] = table
        _check_value(knob, value, preset.bounds)


def _check_value(knob: str, value: Value, bounds: dict[str, tuple[float, float]]) -> None:
    if isinstance(value, bool | str):
        return
    if problem := numbers_problem(knob, value):
        raise SchemaError(problem)
    numbers = numbers_of(value)
    value_text = ":".join(f"{number:g}" for number in numbers)
    for pattern, (low, high) in bounds.items():
        if fnmatch.fnmatchcase(knob, pattern) and not (low <= numbers[0] and numbers[-1] <= high):
            raise SchemaError(f"{knob}: expected a value within its bounds {low:g}:{high:g}, got {value_text}")


def _knobs_of(preset: PresetFile) -> Iterator[tuple[str, str, Value]]:
    """Yield table, full name and value of each knob that the file sets."""
    for name, value in preset.rewards.items():
        yield "rewards", name if name.startswith("reward/") else _reward(name), value
    for name, value in preset.randomization.items():
        is_full = name.startswith(("event/", "observation/"))
        yield "randomization", name if is_full else f"event/{name}", value
    for name, value in preset.set.items():
        yield "set", name, value


def _reward(name: str) -> str:
    return f"reward/{name}" if "/" in name else f"reward/{name}/weight"
