"""Which policies a command names: files, or checkpoints of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curricula.errors import UsageError
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.devices import Device, list_devices
from tui.session.launching.spec_checks import check_device
from tui.session.runs.checkpoints import find_checkpoint
from tui.session.runs.run_index import find_run

LATEST = "latest"
_POLICIES = (".pt", ".onnx")


@dataclass(frozen=True)
class Target:
    """A policy's file and its run."""

    folder: RunFolder
    policy: Path


def find_targets(texts: Sequence[str], checkpoints: Sequence[str], log_root: Path) -> list[Target]:
    """Return the policies of runs and files, each once: of a run those that `checkpoints` name, by default the newest.

    Raises `UserError`.
    """
    found: list[Target] = []
    for text in texts:
        if Path(text).is_file() or text.endswith(_POLICIES):
            if checkpoints:
                raise UsageError(f"expected a run with --checkpoint, got the file {text}")
            found.append(target_of_file(Path(text)))
            continue
        folder = find_run(text, log_root)
        folder.read_spec()
        named = checkpoints or (LATEST,)
        found += [Target(folder, checkpoint_of(folder, name).resolve()) for name in named]
    return list({(target.folder.path, target.policy): target for target in found}.values())


def target_of_file(path: Path) -> Target:
    """Return the target of a policy's file, which lies in its run's folder or in `exported/`. Raises `UserError`."""
    path = path.resolve()
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    for parent in list(path.parents)[:3]:
        folder = RunFolder(parent)
        if folder.spec_file.is_file():
            folder.read_spec()
            return Target(folder, path)
    raise UsageError(f"{path}: expected a policy in its run's folder, got one without run.toml: give RUN --checkpoint")


def checkpoint_of(folder: RunFolder, name: str) -> Path:
    """Return the checkpoint that `name` names: `latest`, `best`, an iteration or a path. Raises `UserError`."""
    return find_checkpoint(folder, None if name == LATEST else name)


def default_device(folder: RunFolder, devices: Sequence[Device]) -> str:
    """Return the first of `devices`; the CPU while the run trains, whose GPU is then its own."""
    return "cpu" if is_live(folder) else devices[0].name


def chosen_device(folder: RunFolder, device: str | None) -> str:
    """Return the device that plays a policy of a run: `device`, or by default `default_device`. Raises `UserError`."""
    devices = list_devices()
    chosen = "cuda:0" if device == "cuda" else device or default_device(folder, devices)
    check_device(msgspec.structs.replace(folder.read_spec(), device=chosen, processes=1), devices)
    return chosen
