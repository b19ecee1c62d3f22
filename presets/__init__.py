"""Presets: what to train, as TOML, one a file. Read by the launch screen and the command line."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path

import msgspec

_FOLDER = Path(__file__).parent


class PresetError(Exception):
    """There is no such preset, or its file is wrong; the message is one line."""


class EnvironmentCounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many environments by kind of device, each >= 1."""

    cpu: int
    cuda: int


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One preset file. `iterations` >= 1; `experiment` names one folder in `logs/rsl_rl`.

    `set` holds knob values from the first iteration on, `bounds` the lowest and the highest value that a knob takes, by
    name or by pattern with `*`.
    """

    title: str
    description: str
    backend: str
    task: str
    experiment: str
    iterations: int
    num_envs: EnvironmentCounts
    set: dict[str, float | bool | str | tuple[float, float]] = {}
    bounds: dict[str, tuple[float, float]] = {}
    name: str = ""

    def environments_on(self, device: str) -> int:
        """Return the number of environments for `device`, `cpu` or `cuda:N`."""
        return self.num_envs.cuda if device.startswith("cuda") else self.num_envs.cpu


def list_presets() -> list[Preset]:
    """Return the presets that come with the program, the first contact first."""
    return [_read(path) for path in sorted(_FOLDER.glob("*.toml"))]


def load_preset(name: str) -> Preset:
    """Return the preset called `name`, or the one in the file that `name` is a path of. Raises `PresetError`."""
    path = _FOLDER / f"{name}.toml"
    if "/" not in name and not name.endswith(".toml") and path.is_file():
        return _read(path)
    if name.endswith(".toml"):
        return _read(Path(name))
    names = [path.stem for path in sorted(_FOLDER.glob("*.toml"))]
    nearest = difflib.get_close_matches(name, names, n=3, cutoff=0.3) or names
    raise PresetError(f"there is no preset {name}; nearest: {', '.join(nearest)}")


def _read(path: Path) -> Preset:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        preset = msgspec.convert(content, Preset)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PresetError(f"the preset {path} can't be read: {' '.join(str(error).split())}") from error
    if min(preset.iterations, preset.num_envs.cpu, preset.num_envs.cuda) < 1:
        raise PresetError(f"the preset {path} asks for less than one iteration or environment")
    if not re.fullmatch(r"\w[\w.+-]*", preset.experiment):
        raise PresetError(f"the preset {path} can't name its experiment {preset.experiment!r}: it becomes one folder")
    return msgspec.structs.replace(preset, name=path.stem)
