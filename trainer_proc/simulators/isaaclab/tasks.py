"""Isaac Lab's task ids: those of 3.0, and the older spellings that scripts and tutorials are full of.

Until 3.0 every id ended in a version (`Isaac-Velocity-Flat-G1-v0`), what is contributed now had the same prefix as what
is maintained (`Isaac-Velocity-Flat-Digit-v0`, now `IsaacContrib-Velocity-Flat-Digit`), and names of robots had dashes
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
"""Ids that are more than a version or a prefix away, what became of them, and the preset that was part of the name."""


@dataclass(frozen=True)
class Task:
    """A registered task; `arguments` are what an older name said beside it, as Isaac Lab's scripts take it."""

    name: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.name, *self.arguments))


def find_task(name: str, tasks: Collection[str]) -> Task:
    """Return the one of `tasks` that `name` means, in today's spelling. Raises `BackendError` with the nearest ones."""
    if name in tasks:
        return Task(name)
    bare = re.sub(r"-v\d+$", "", name)
    renamed, preset = _renamed(bare)
    with_versions_first = sorted(tasks, key=lambda task: not re.search(r"-v\d+$", task))  # they are aliases in 3.0
    if task := {_loosely(task): task for task in with_versions_first}.get(_loosely(renamed)):
        return Task(task, (f"presets={preset}",) if preset else ())
    if re.search(r"-Play\b", bare):
        training = find_task(re.sub(r"-Play\b", "", bare), tasks)
        raise BackendError(f"{name} was for watching a policy; what is trained is {training}")
    near = suggestion(renamed, tasks, cutoff=0.5) or f"; there are {', '.join(sorted(tasks)[:10])}"
    raise BackendError(f"Isaac Lab has no task {name}{near}")


def _renamed(bare: str) -> tuple[str, str]:
    """Return the id of today and its preset, empty if there is none, of an id without its version."""
    for old, new, preset in _RENAMED:
        if match := re.match(old, bare):
            return match.expand(new), match.expand(preset).lower()
    return bare, ""


def _loosely(task: str) -> str:
    """Return an id without what spellings differ in: version, dashes, capitals, and who maintains it."""
    return re.sub(r"-v\d+$|(?<=^Isaac)Contrib|-", "", task).lower()
