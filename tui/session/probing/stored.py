"""Results of searches, one file each in the user's state folder, so that the next launch need not search."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
import platformdirs
import tomli_w

from curricula.toml_file import read_or_none
from presets.environment_counts import Count
from trainer_proc.contract.run_folder import RunSpec, write_atomically

_CONFIGURATION = (
    *("backend", "task", "processes", "physics", "library", "frontend"),
    *("overrides", "hydra", "modules", "fast"),
)
"""Fields of a run that its speed and memory depend on."""
_LARGEST = 64 * 1024
"""Bytes of the file."""
_Whole = Annotated[int, msgspec.Meta(ge=0)]


class StoredResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The number of environments that trains fastest."""

    num_envs: Count
    """Of each process."""
    steps_per_second: _Whole
    """Steps of all environments."""
    used_bytes: _Whole = 0
    """Memory of the device; 0 if unknown."""
    total_bytes: _Whole = 0


def same_configuration(spec: RunSpec, other: RunSpec) -> bool:
    """Return whether two runs take the same memory with the same number of environments."""
    return _configuration(spec) == _configuration(other)


def result_file(spec: RunSpec, device: str) -> Path:
    """Return the file for the configuration of `spec` on a kind of device; it need not exist."""
    key = msgspec.json.encode([_configuration(spec), device], order="deterministic")
    name = f"{quote(spec.preset, safe='')[:60]}-{hashlib.sha256(key).hexdigest()[:12]}.toml"
    return platformdirs.user_state_path("humanoid-tui") / "num-envs" / name


def read_result(spec: RunSpec, device: str) -> StoredResult | None:
    """Return the stored result; None if there is none that can be read."""
    return read_or_none(result_file(spec, device), StoredResult, _LARGEST)


def store_result(spec: RunSpec, device: str, result: StoredResult) -> None:
    """Store a result; what can't be written is measured again next time."""
    path = result_file(spec, device)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, tomli_w.dumps(msgspec.to_builtins(result)).encode())


def _configuration(spec: RunSpec) -> list[object]:
    return [getattr(spec, field) for field in _CONFIGURATION]
