"""A run's folder: the paths of its files, and `run.toml`, which holds everything needed to start the run again.

The layout is that of Isaac Lab and mjlab, `logs/rsl_rl/<experiment>/<date_time>_<name>/`, with `model_<iteration>.pt`,
TensorBoard events and `params/` where rsl-rl puts them.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from curricula.errors import UserError
from curricula.toml_file import TomlFileError, read_toml_as
from trainer_proc.contract.knob import Value

LOG_ROOT = Path("logs/rsl_rl")
"""Folder of all runs, relative to the working directory, as in Isaac Lab and mjlab."""

RUN_FILE = "run.toml"
LARGEST_SPEC, LARGEST_DESCRIPTION = 4 * 1024 * 1024, 16 * 1024 * 1024
"""Bytes of `run.toml` and of a `policy.json`."""


class RunFolderError(UserError):
    """The folder is no run, or its `run.toml` can't be read; the message is one line."""


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a trainer process needs to start a run; the content of `run.toml`."""

    preset: str
    """Name of the preset, or of the script that called `steer`."""
    backend: str
    """Simulator: `mjlab`, `isaaclab`, or the package of the user's own environment."""
    task: str
    """The simulator's name of the task."""
    experiment: str
    """Name of the folder above the run's."""
    device: str
    """`cpu` or `cuda:N`."""
    num_envs: int
    """Environments per process, at least 1."""
    iterations: int
    """Iterations to train, at least 1."""
    seed: int
    """Seed of the random number generators."""
    name: str = ""
    """The user's name for the run, the end of its folder's name."""
    set: dict[str, Value] = {}
    """Knob values that apply before the first iteration."""
    set_note: str = ""
    """Reason for `set`, one line, kept with that change; empty: it was the launch."""
    bounds: dict[str, tuple[float, float]] = {}
    """Narrower bounds of knobs, (lowest, highest), by name or by pattern with `*`."""
    checkpoint: str = ""
    """Path of the checkpoint that weights and steering state are loaded from; empty for none."""
    other_task: bool = False
    """Whether the checkpoint may be of another task: with other observation terms, only weights are copied, by term."""
    processes: int = 1
    """Number of training processes (ranks), at least 1."""
    parent: str = ""
    """Path of the run that `checkpoint` belongs to; empty for none."""
    physics: str = ""
    """One of `presets.PHYSICS`; empty for the task's own."""
    library: str = ""
    """Training library, one of `presets.LIBRARIES`; empty for rsl-rl."""
    frontend: str = ""
    """What runs the managers of Isaac Lab, one of `presets.FRONTENDS`; empty for torch."""
    overrides: dict[str, Any] = {}
    """Values by path in the configuration of environment and agent (`env.episode_length_s`), applied after `hydra`."""
    hydra: tuple[str, ...] = ()
    """Arguments as of Isaac Lab's own scripts (`env.sim.dt=0.002`, `presets=NAME`)."""
    modules: tuple[str, ...] = ()
    """Python modules that register tasks."""
    module_folder: str = ""
    """Folder in which `modules` are searched too; empty for none."""
    success: dict[str, Any] = {}
    """Definition of success, a table as in a preset (`presets.success`)."""
    evaluation: dict[str, Any] = {}
    """Periodic evaluation, a table as in a preset (`presets.evaluation`); empty for none."""
    rollouts: dict[str, Any] = {}
    """Rollouts that are kept, a table as in a preset (`presets.rollouts`); empty for none."""
    checkpoints: dict[str, Any] = {}
    """Which checkpoints are kept, a table as in a preset (`presets.checkpoints`); empty for all."""
    restart: dict[str, Any] = {}
    """How often a failed training starts again by itself, a table as in a preset (`presets.restart`); empty: never."""
    goal: dict[str, Any] = {}
    """What ends the training early, a table as in a preset (`presets.goal`); empty for nothing."""
    fast: dict[str, Any] = {}
    """Whether the step is captured in CUDA graphs, a table as in a preset (`presets.fast`); empty: on CUDA devices."""
    deploy: dict[str, Any] = {}
    """Robot that the policy is for, a table as in a preset (`presets.deploy`); empty for none."""
    curricula: dict[str, dict[str, Any]] = {}
    """Curricula by name, tables as in a preset (`curricula.load`)."""
    engine: dict[str, Any] = {}
    """Engine that places the training on a cluster, `name` and its resources; empty: it trains on this machine."""
    script: str = ""
    """File name of the script that called `steer`; empty for a run that this program started."""


class RunFolder:
    """Paths inside one run's folder; nothing is read or created before a method is called."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @property
    def name(self) -> str:
        """The folder's own name, `<date_time>_<name>`."""
        return self.path.name

    @property
    def spec_file(self) -> Path:
        """`run.toml`: the `RunSpec`."""
        return self.path / RUN_FILE

    @property
    def journal(self) -> Path:
        """`journal.msgpack`: all frames of the run."""
        return self.path / "journal.msgpack"

    @property
    def console(self) -> Path:
        """`console.log`, the trainer's standard output and error."""
        return self.path / "console.log"

    @property
    def connection(self) -> Path:
        """`connection.toml`, which exists while a trainer listens."""
        return self.path / "connection.toml"

    @property
    def wire_keys(self) -> Path:
        """`wire_keys.toml`: keys of a trainer that other machines can reach (`contract.wire_keys`)."""
        return self.path / "wire_keys.toml"

    @property
    def lock(self) -> Path:
        """`trainer.lock`, locked while a training process runs; names that process."""
        return self.path / "trainer.lock"

    @property
    def labels(self) -> Path:
        """`labels.toml`: title, note, tags, star and archive."""
        return self.path / "labels.toml"

    @property
    def params(self) -> Path:
        """`params/`: the environment's and the agent's configuration, and the policy's description."""
        return self.path / "params"

    @property
    def policy_description(self) -> Path:
        """`params/policy.json`: what an export needs beside a checkpoint."""
        return self.params / "policy.json"

    @property
    def task_export(self) -> Path:
        """`params/task_export.onnx`: what the task's own exporter adds to a policy, if it adds anything."""
        return self.params / "task_export.onnx"

    @property
    def exported(self) -> Path:
        """`exported/`: `policy.onnx`, `policy.pt`, `policy.json`."""
        return self.path / "exported"

    @property
    def evaluations(self) -> Path:
        """`evaluations/`: a folder a checkpoint, with a result a suite."""
        return self.path / "evaluations"

    @property
    def rollouts(self) -> Path:
        """`rollouts/`: what policies did, `<checkpoint>….rollout`."""
        return self.path / "rollouts"

    def checkpoint(self, iteration: int) -> Path:
        """`model_<iteration>.pt`."""
        return self.path / checkpoint_name(iteration)

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints on disk, by ascending iteration."""
        numbered = ((iteration_of(path), path) for path in self.path.glob("model_*.pt"))
        return [path for _, path in sorted((number, path) for number, path in numbered if number is not None)]

    def check_inside(self, path: Path) -> None:
        """Raise `RunFolderError` if links lead from `path`, below the run's folder, to the outside of it."""
        if not path.resolve().is_relative_to(self.path):
            raise RunFolderError(f"expected {path} in its run's folder, got a link to {path.resolve()}: remove it")

    def make_folder(self, path: Path) -> None:
        """Make a folder of the run, also one that is there. Raises `OSError`: a removed run must not come back."""
        if not self.path.is_dir():
            raise FileNotFoundError(errno.ENOENT, "the run's folder is gone", str(self.path))
        path.mkdir(parents=True, exist_ok=True)

    def read_spec(self) -> RunSpec:
        """Return the content of `run.toml`. Raises `RunFolderError`."""
        try:
            return read_toml_as(self.spec_file, RunSpec, LARGEST_SPEC)
        except FileNotFoundError:
            raise RunFolderError(f"{self.path} is no run: it has no {RUN_FILE}") from None
        except TomlFileError as error:
            raise RunFolderError(str(error)) from error

    def write_spec(self, spec: RunSpec) -> None:
        """Write `run.toml` atomically. Raises `OSError`."""
        write_atomically(self.spec_file, tomli_w.dumps(msgspec.to_builtins(spec)).encode())


def checkpoint_name(iteration: int) -> str:
    """Return the file name of a checkpoint, rsl-rl's `model_<iteration>.pt`."""
    return f"model_{iteration}.pt"


def iteration_of(checkpoint: Path) -> int | None:
    """Return the iteration of a checkpoint, from its name; None for other names."""
    match = re.fullmatch(r"model_(\d+)\.pt", checkpoint.name)
    return int(match.group(1)) if match else None


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write `data` to `path` so that a reader sees all of it or the file from before.

    Raises `OSError`, whose text names the file: that of a full disk alone would not.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    # the folder may be a stranger's: a link in it must not lead elsewhere, and a pipe must not wait for a reader
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with open(os.open(temporary, flags, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
