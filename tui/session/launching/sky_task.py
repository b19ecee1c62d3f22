"""A SkyPilot task that makes a launch on a machine in a cloud, as its YAML file.

Format: https://docs.skypilot.co/en/latest/reference/yaml-spec.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from presets import Preset, load_preset
from presets.find import is_built_in
from trainer_proc.contract.install import clone_folder
from trainer_proc.contract.run_folder import LOG_ROOT, RunSpec
from tui.session.backends.devices import Device, unseen_devices
from tui.session.launching.spec_checks import SpecError

_GPUS = {"L4": 24, "A10G": 24, "A100": 40, "L40S": 48, "A100-80GB": 80, "H100": 80, "H200": 141}
"""GPUs that SkyPilot may choose from, by its names, with their memory in GiB."""
_FILES = "humanoid-tui-files"
"""Folder of the launch's own files, in the home of the cloud's machine; the task works in `~/sky_workdir`."""
_PROGRAM = ".venv/bin/humanoid-tui"
_DISK_GB = 100
"""PyTorch and the simulator take 10 GB, those of Isaac Lab 20, a cloud's image 50."""


class SkyError(SpecError):
    """The launch can't be written as a task."""


@dataclass
class LocalFiles:
    """Files of this machine that a launch needs, by their place on the cloud's machine."""

    mounts: dict[str, Path] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """Add a file or a folder; return its path, relative to the folder in which the task works."""
        name, number = path.name, 1
        while (mounted := self.mounts.get(f"~/{_FILES}/{name}")) is not None and mounted != path.resolve():
            number += 1
            name = f"{number}-{path.name}"
        self.mounts[f"~/{_FILES}/{name}"] = path.resolve()
        return f"../{_FILES}/{name}"


def cloud_devices(processes: int) -> list[Device]:
    """Return the devices of the cloud's machine, with a GPU for each process: what is there is chosen later."""
    return unseen_devices("the cloud's machine", processes)


def placed_preset(name: str, files: LocalFiles) -> str:
    """Return how the launch names its preset there; the user's own goes along, with its folder if it has modules.

    Raises `SkyError`.
    """
    preset = load_preset(name)
    path = Path(preset.path)
    if is_built_in(path):
        return name
    if not preset.modules:
        return files.place(path)
    if not Path(preset.folder_of_modules()).resolve().is_relative_to(path.parent):
        raise SkyError(f"expected the modules of {path} beside it, got {preset.folder_of_modules()}: move them there")
    return f"{files.place(path.parent)}/{path.name}"


def placed_values(texts: Sequence[str], files: LocalFiles) -> list[str]:
    """Return PATH=VALUE texts; a value that is a file gets its place there."""
    return [_placed_value(text, files) for text in texts]


def values_of_preset(preset: Preset, given: Sequence[str], files: LocalFiles) -> list[str]:
    """Return PATH=VALUE texts for files that the preset names itself, but for paths that are `given` in texts."""
    paths = {text.partition("=")[0].strip() for text in given}
    own = [
        f"{path}={value}" for path, value in preset.overrides.items() if isinstance(value, str) and path not in paths
    ]
    return [placed for text in own if (placed := _placed_value(text, files)) != text]


def _placed_value(text: str, files: LocalFiles) -> str:
    path, _, value = text.partition("=")
    file = Path(value.strip().strip("\"'")).expanduser()
    return f"{path}={files.place(file)}" if value.strip() and file.is_file() else text


def sky_text(preset: Preset, spec: RunSpec, words: Sequence[str], files: LocalFiles) -> str:
    """Return the file's content; `words` follow `humanoid-tui launch`. Raises `SkyError`."""
    clone = clone_folder()
    if clone is None:
        raise SkyError(
            "expected humanoid-tui in a clone of its repository, which the task takes along; it is a package"
        )
    needs_sweep = any(word in ("--sweep", "--trials") for word in words)
    return "\n".join(
        [
            "# SkyPilot task of a training, written by humanoid-tui launch --write-sky.",
            "#   start:   sky launch -c CLUSTER FILE      (another GPU: --gpus H100:1)",
            f"#   attach:  ssh -t CLUSTER 'cd sky_workdir && {_PROGRAM} attach latest'",
            f"#   fetch:   rsync -r CLUSTER:sky_workdir/{LOG_ROOT}/ {LOG_ROOT}/",
            "#   end:     sky down CLUSTER                (removes the machine and its disk)",
            f"name: {_scalar(preset.name)}",
            f"workdir: {_scalar(str(clone))}",
            "resources:",
            *_resources(preset, spec),
            f"  disk_size: {_DISK_GB}",
            *_mount_lines(files.mounts),
            "setup: |",
            *_block(_setup(spec.backend, needs_sweep)),
            "run: |",
            *_block([shlex.join([_PROGRAM, "launch", *words])]),
            "",
        ]
    )


def _resources(preset: Preset, spec: RunSpec) -> list[str]:
    if spec.device == "cpu":
        return ["  cpus: 8+"]
    needed = preset.needs.gpu_memory_gib or 0.0
    gpus = {name: spec.processes for name, memory in _GPUS.items() if memory >= needed}
    if not gpus:
        raise SkyError(
            f"{preset.name} needs {needed:g} GiB GPU memory; SkyPilot's GPUs have up to {max(_GPUS.values())}"
        )
    return [f"  accelerators: {_flow(gpus)} # the cheapest that is available"]


def _setup(backend: str, needs_sweep: bool) -> list[str]:
    """Return the commands that install the program with its own Python; a cloud's image may have another one."""
    extra = " --extra sweep" if needs_sweep else ""
    lines = [
        "set -e",
        'export PATH="$HOME/.local/bin:$PATH" UV_PYTHON_DOWNLOADS=automatic',
        "command -v uv > /dev/null || python3 -m pip install --user uv",
        f"uv sync --no-dev{extra}",
    ]
    if backend == "isaaclab":
        lines += [
            "UV_PROJECT_ENVIRONMENT=.venv-isaaclab"
            " uv sync --python 3.12 --extra isaaclab --extra export --no-group embedded --no-dev",
            "mkdir -p ~/.config/humanoid-tui",
            "echo \"backends.isaaclab.python = '$PWD/.venv-isaaclab/bin/python'\" > ~/.config/humanoid-tui/config.toml",
        ]
    return lines


def _mount_lines(mounts: Mapping[str, Path]) -> list[str]:
    lines = [f"  {_scalar(place)}: {_scalar(str(path))}" for place, path in mounts.items()]
    return ["file_mounts:", *lines] if lines else []


def _block(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _scalar(text: str) -> str:
    """Return a text as YAML's double-quoted scalar, which JSON's is."""
    return json.dumps(text)


def _flow(counts: Mapping[str, int]) -> str:
    return "{" + ", ".join(f"{name}: {count}" for name, count in counts.items()) + "}"
