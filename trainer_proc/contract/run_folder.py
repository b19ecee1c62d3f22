"""A run's folder: where its files lie, and `run.toml`, which holds all that is needed to start it again.

The layout is the one that Isaac Lab and mjlab users know, `logs/rsl_rl/<experiment>/<date_time>_<name>/`, with
`model_<iteration>.pt`, TensorBoard events and `params/` where rsl-rl puts them.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from curricula.errors import UserError
from curricula.schema import SchemaProblem, convert
from trainer_proc.contract.knob import Value

LOG_ROOT = Path("logs/rsl_rl")
"""Where runs lie, relative to the working directory, as Isaac Lab and mjlab have it."""

RUN_FILE = "run.toml"


class RunFolderError(UserError):
    """The folder is no run, or its `run.toml` can't be read; the message is one line."""


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trainer process is told. `set` holds knob values that apply before the first iteration.

    `num_envs` (of each process), `iterations` and `processes` >= 1, `device` is `cpu` or `cuda:N`. `bounds` narrow
    what knobs take, by name or by pattern with `*`: (lowest, highest). Weights and steering state come from
    `checkpoint`, if one is named; `parent` is the path of the run that it belongs to.

    `physics` and `library` are `presets.PHYSICS` and `presets.LIBRARIES`, empty for the task's own and rsl-rl.
    `overrides` are values by path in the environment's and the agent's configuration (`env.episode_length_s`), `hydra`
    are arguments as Isaac Lab's own scripts take them (`env.sim.dt=0.002`, `presets=NAME`), in place before those.
    `modules` are Python modules that register tasks, looked for in `module_folder` too. `success` (see
    `presets.success`) and `curricula` (by name, see `curricula.load`) are tables as in a preset.
    """

    preset: str
    backend: str
    task: str
    experiment: str
    device: str
    num_envs: int
    iterations: int
    seed: int
    name: str = ""
    set: dict[str, Value] = {}
    bounds: dict[str, tuple[float, float]] = {}
    checkpoint: str = ""
    processes: int = 1
    parent: str = ""
    physics: str = ""
    library: str = ""
    overrides: dict[str, Any] = {}
    hydra: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    module_folder: str = ""
    success: dict[str, Any] = {}
    curricula: dict[str, dict[str, Any]] = {}


class RunFolder:
    """Paths inside one run's folder."""

    def __init__(self, path: Path) -> None:
        """Take the folder's path; nothing is read or made."""
        self.path = path.resolve()

    @property
    def name(self) -> str:
        """The folder's own name, `<date_time>_<name>`."""
        return self.path.name

    @property
    def spec_file(self) -> Path:
        """`run.toml`."""
        return self.path / RUN_FILE

    @property
    def journal(self) -> Path:
        """`journal.msgpack`."""
        return self.path / "journal.msgpack"

    @property
    def console(self) -> Path:
        """`console.log`, the trainer's standard output and error."""
        return self.path / "console.log"

    @property
    def connection(self) -> Path:
        """`connection.toml`, there while a trainer listens."""
        return self.path / "connection.toml"

    @property
    def params(self) -> Path:
        """`params/`: the environment's and the agent's configuration, and the policy's description."""
        return self.path / "params"

    @property
    def policy_description(self) -> Path:
        """`params/policy.json`, what an export needs beside a checkpoint."""
        return self.params / "policy.json"

    @property
    def exported(self) -> Path:
        """`exported/`: `policy.onnx`, `policy.pt`, `policy.json`."""
        return self.path / "exported"

    def checkpoint(self, iteration: int) -> Path:
        """`model_<iteration>.pt`."""
        return self.path / f"model_{iteration}.pt"

    def checkpoints(self) -> list[Path]:
        """Checkpoints on disk, oldest iteration first."""
        numbered = []
        for path in self.path.glob("model_*.pt"):
            if match := re.fullmatch(r"model_(\d+)\.pt", path.name):
                numbered.append((int(match.group(1)), path))
        return [path for _, path in sorted(numbered)]

    def read_spec(self) -> RunSpec:
        """Return `run.toml`'s content. Raises `RunFolderError`."""
        try:
            with open(self.spec_file, "rb") as file:
                return convert(tomllib.load(file), RunSpec)
        except FileNotFoundError:
            raise RunFolderError(f"{self.path} is no run: it has no {RUN_FILE}") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, SchemaProblem) as error:
            raise RunFolderError(f"{self.spec_file} can't be read: {error}") from error

    def write_spec(self, spec: RunSpec) -> None:
        """Write `run.toml`, whole or not at all. Raises `OSError`."""
        write_atomically(self.spec_file, tomli_w.dumps(msgspec.to_builtins(spec)).encode())


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write `data` to `path` so that a reader sees all of it or the file that was there before."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
