"""What a preset file holds, and what is wrong with one."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from curricula.curriculum_knobs import check_curriculum_knobs
from curricula.errors import UsageError, suggestion
from curricula.load import make_curricula
from curricula.schema import SchemaProblem, convert
from curricula.values import KnobValues, Value, numbers_of, numbers_problem
from presets.override_path import ROOTS, WrongPath, split_path
from presets.success import read_success

BACKENDS = ("mjlab", "isaaclab")
"""The simulators that there are."""
PHYSICS = ("newton", "physx")
"""What Isaac Lab simulates with: Newton, or PhysX, which comes with Isaac Sim."""
LIBRARIES = ("rsl_rl", "rl_games", "skrl")
"""What trains on Isaac Lab."""
MOST = 1_000_000_000
"""Of environments and of iterations."""

_HYDRA = re.compile(rf"(\+{{0,2}}({'|'.join(ROOTS)})\.[^=]+|presets|physics|renderer)=.*", re.DOTALL)
_FORGIVEN = 0.95
"""A device has a little less memory than it is sold with."""

Count = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
Line = Annotated[str, msgspec.Meta(min_length=1)]
Memory = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$", title="GiB such as 8 or 11.5")]
Module = Annotated[str, msgspec.Meta(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)*$", title="the name of a Python module")]


class PresetError(UsageError):
    """There is no such preset, or its file is wrong; the message is one line. `name` is the preset's, if it has one."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class EnvironmentCounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many environments on a CPU and on a GPU, or on a GPU by its memory (GiB): `{ 8 = 1024, 24 = 4096 }`."""

    cpu: Count
    cuda: Count
    by_memory_gib: dict[Memory, Count] = {}

    def on(self, device: str, memory_gib: float | None = None) -> int:
        """Return the number for `device`, `cpu` or `cuda:N`, of which `memory_gib` (GiB in all) may be known.

        It is that of the largest memory that the device has; a device with less than the smallest gets the smallest's.
        """
        if not device.startswith("cuda"):
            return self.cpu
        if memory_gib is None or not self.by_memory_gib:
            return self.cuda
        counts = sorted((float(memory), count) for memory, count in self.by_memory_gib.items())
        fitting = [count for memory, count in counts if memory * _FORGIVEN <= memory_gib]
        return fitting[-1] if fitting else counts[0][1]


class Needs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a preset needs: GPU memory (GiB) for its `cuda` environments, and overrides that the person must give.

    `overrides` says by path what is wanted there, in a few words.
    """

    gpu_memory_gib: Annotated[float, msgspec.Meta(gt=0)] | None = None
    note: str = ""
    overrides: dict[str, Line] = {}


class PresetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The keys and tables of a preset file.

    `experiment` names one folder in `logs/rsl_rl`. `overrides` are values by path (`presets.override_path`) in the
    environment's and the agent's configuration, in place before they are built. `rewards`, `randomization` and `set`
    are knob values from the first iteration on: `rewards` by term, for its weight, or `term/parameter`;
    `randomization` by `event/parameter`, or `observation/…` in full; `set` by full name. `bounds` are the lowest and
    the highest value that a knob takes, by name or by pattern with `*`. `success` is a `presets.success.Success`,
    `curriculum` holds curricula by name. `modules` are imported before the task is looked up, from the file's folder
    or from `module_folder`, too. `physics`, `library` and `hydra` are for Isaac Lab: see `check_isaac_lab`.
    """

    title: Line
    description: Line
    backend: Line
    task: Line
    experiment: str
    iterations: Count
    num_envs: EnvironmentCounts
    physics: str = ""
    library: str = ""
    hydra: tuple[Line, ...] = ()
    overrides: dict[str, Any] = {}
    rewards: dict[str, Value] = {}
    randomization: dict[str, Value] = {}
    set: dict[str, Value] = {}
    bounds: dict[str, tuple[float, float]] = {}
    success: dict[str, Any] = {}
    curriculum: dict[str, dict[str, Any]] = {}
    modules: tuple[Module, ...] = ()
    module_folder: str = ""
    needs: Needs = Needs()


class Preset(PresetFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A preset file that has been checked, and where it is: `name` is the file's, `path` absolute."""

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
        """Return where `modules` are looked for beside the usual places; empty if there are none."""
        return str(Path(self.path).parent / self.module_folder) if self.modules else ""

    def needs_text(self) -> str:
        """Return what it needs in one line, empty if that is nothing."""
        told = list(self.needs.overrides.values())
        if self.needs.gpu_memory_gib is not None:
            told.append(f"{self.needs.gpu_memory_gib:g} GiB GPU memory for {self.num_envs.cuda} environments")
        if self.needs.note:
            told.append(self.needs.note)
        return "; ".join(told)


def read_preset(path: Path) -> Preset:
    """Return the preset in the file `path`. Raises `PresetError`."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PresetError(f"the preset {path} can't be read: {' '.join(str(error).split())}", path.stem) from error
    try:
        preset = convert(content, PresetFile)
        _check(preset)
    except (SchemaProblem, WrongPath) as error:
        raise PresetError(f"the preset {path} is wrong: {error}", path.stem) from error
    return Preset(name=path.stem, path=str(path.resolve()), **msgspec.structs.asdict(preset))


def check_isaac_lab(backend: str, physics: str, library: str, hydra: Sequence[str]) -> None:
    """Raise `SchemaProblem` if these can't be what a run on Isaac Lab, or not on Isaac Lab, is told.

    `physics` is one of `PHYSICS` or empty for the task's own, `library` one of `LIBRARIES` or empty for rsl-rl. `hydra`
    are arguments as Isaac Lab's own scripts take them: values by path, `presets=NAME`, `renderer=NAME`, and
    `physics=NAME` by Isaac Lab's own names.
    """
    given = {"physics": physics, "library": library, "Hydra's arguments": " ".join(hydra)}
    if backend != "isaaclab" and any(given.values()):
        what = next(name for name, value in given.items() if value)
        raise SchemaProblem(f"{what} can't be {given[what]} with backend {backend}: only isaaclab has a choice")
    _check_choice("physics", physics, PHYSICS)
    _check_choice("library", library, LIBRARIES)
    for argument in hydra:
        if not _HYDRA.fullmatch(argument):
            raise SchemaProblem(
                f"{argument} is no argument of Isaac Lab's: those are env.PATH=VALUE, agent.PATH=VALUE, presets=NAME, "
                "physics=NAME and renderer=NAME"
            )
        if physics and argument.startswith("physics="):
            raise SchemaProblem(f"physics is said twice, {physics} and {argument}: leave one out")


def _check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    if value and value not in choices:
        raise SchemaProblem(f"there is no {what} {value}{suggestion(value, choices, count=1, or_all=True)}")


def _check(preset: PresetFile) -> None:
    """Raise `SchemaProblem` or `WrongPath` if what is in the file doesn't go together."""
    if not re.fullmatch(r"\w[\w.+-]*", preset.experiment):
        raise SchemaProblem(f"experiment can't be {preset.experiment!r}: it becomes the name of one folder")
    if preset.backend not in BACKENDS:
        raise SchemaProblem(f"there is no backend {preset.backend}; there is {', '.join(BACKENDS)}")
    check_isaac_lab(preset.backend, preset.physics, preset.library, preset.hydra)
    for path in (*preset.overrides, *preset.needs.overrides):
        split_path(path)
    for pattern, (low, high) in preset.bounds.items():
        if not low <= high:
            raise SchemaProblem(f"the bounds of {pattern} must have the lower one first, not {low:g}, {high:g}")
    try:
        read_success(preset.success)
    except SchemaProblem as error:
        raise SchemaProblem(f"success: {error}") from error
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
            raise SchemaProblem(f"{knob} is set twice, {places}: which value is meant?")
        if knob in owners:
            raise SchemaProblem(
                f"{knob} is set in [{table}], but curriculum {owners[knob]} turns it: a knob has one owner"
            )
        tables[knob] = table
        _check_value(knob, value, preset.bounds)


def _check_value(knob: str, value: Value, bounds: dict[str, tuple[float, float]]) -> None:
    if isinstance(value, bool | str):
        return
    if problem := numbers_problem(knob, value):
        raise SchemaProblem(problem)
    numbers = numbers_of(value)
    for pattern, (low, high) in bounds.items():
        if fnmatch.fnmatchcase(knob, pattern) and not (low <= numbers[0] and numbers[-1] <= high):
            raise SchemaProblem(f"{knob} is set beyond its bounds, {low:g} to {high:g}")


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
