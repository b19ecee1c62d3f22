"""Isaac Lab's task ids: those of 3.0, and the older spellings of many scripts and tutorials.

Before 3.0, every id ended in a version (`Isaac-Velocity-Flat-G1-v0`). Contributed tasks had the same prefix as
maintained ones (`Isaac-Velocity-Flat-Digit-v0`, now `IsaacContrib-Velocity-Flat-Digit`), and names of robots had dashes
(`Anymal-D`, now `AnymalD`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from curricula.errors import suggestion
from trainer_proc.simulators.base import BackendError

_RENAMED = (
    (r"^Isaac-Cartpole-RGB-ResNet18$", "Isaac-Cartpole-Camera", "resnet18"),
    (r"^Isaac-Cartpole-RGB-TheiaTiny$", "Isaac-Cartpole-Camera", "theia_tiny"),
    (r"^Isaac-Cartpole-(RGB|Depth)$", "Isaac-Cartpole-Camera", r"\1"),
    (r"^Isaac-Cartpole-(RGB|Depth)-Camera-Direct$", "Isaac-Cartpole-Camera-Direct", r"\1"),
    (r"^(Isaac-Cartpole-(?:Camera-)?Showcase)-(\w+)-(\w+)-Direct$", r"\1-Direct", r"\2_\3"),
    (r"^Isaac-Dexsuite-Kuka-Allegro-(Lift|Reorient)$", r"Isaac-\1-KukaAllegro", ""),
    (r"^Isaac-Franka-Cabinet-Direct$", "Isaac-Open-Drawer-Franka-Direct", ""),
    (r"^Isaac-Cart-Double-Pendulum-Direct$", "Isaac-Pendulum-MARL-Direct", ""),
    (r"^Isaac-Repose-Cube-Shadow-Vision-Direct$", "Isaac-Reorient-Cube-Shadow-Camera-Direct", ""),
    (r"^Isaac-Repose-Cube-(\w[\w-]*)$", r"Isaac-Reorient-Cube-\1", ""),
)
"""Renamed ids: a pattern of the old one, the new one, and the preset that was part of the old name."""


@dataclass(frozen=True)
class Task:
    """A registered task; `arguments` are Hydra arguments that an older name implied."""

    name: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.name, *self.arguments))


def find_task(name: str, tasks: Collection[str]) -> Task:
    """Return the one of `tasks` that `name` means, in its new spelling. Raises `BackendError` with the nearest ones."""
    if name in tasks:
        return Task(name)
    bare = re.sub(r"-v\d+$", "", name)
    renamed, preset = _renamed(bare)
    with_versions_first = sorted(tasks, key=lambda task: not re.search(r"-v\d+$", task))  # they are aliases in 3.0
    if task := {_normalized(task): task for task in with_versions_first}.get(_normalized(renamed)):
        return Task(task, (f"presets={preset}",) if preset else ())
    if re.search(r"-Play\b", bare):
        training = find_task(re.sub(r"-Play\b", "", bare), tasks)
        raise BackendError(f"{name} is for playing a policy: train {training}")
    near = suggestion(renamed, tasks, cutoff=0.5) or f"; there are {', '.join(sorted(tasks)[:10])}"
    raise BackendError(f"no such task in Isaac Lab: {name}{near}")


def _renamed(bare: str) -> tuple[str, str]:
    """Return the new id of an id without version, and its preset, empty if there is none."""
    for old, new, preset in _RENAMED:
        if match := re.match(old, bare):
            return match.expand(new), match.expand(preset).lower()
    return bare, ""


def _normalized(task: str) -> str:
    """Return an id without the parts in which spellings differ: version, dashes, case and `Contrib`."""
    return re.sub(r"-v\d+$|(?<=^Isaac)Contrib|-", "", task).lower()
