"""Names by which programs ask for a training: presets and their tasks, in any usual spelling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from curricula.errors import UsageError, suggestion
from presets import Preset

_HUMANOID, _G1 = "humanoid_", "g1_"
"""`humanoid_walk` means `g1-walk`: the G1 is the humanoid of the presets."""


class UnknownTask(UsageError):
    """No preset and no task has the name; `known` are all names."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no such task: {name}{suggestion(name, known, or_all=True)}")
        self.known = known


def preset_named(name: str, presets: Iterable[Preset]) -> Preset:
    """Return the preset that `name` means: its name, its task's, or either with `_` and in any case.

    A preset's name precedes a task's, and a task is trained by the first of its presets. Raises `UnknownTask`.
    """
    listed = list(presets)
    found = dict(_spellings(listed)).get(_bare(name))
    if found is None:
        raise UnknownTask(name, task_names(listed))
    return found


def task_names(presets: Iterable[Preset]) -> tuple[str, ...]:
    """Return all names, presets first: as they are written, and as `humanoid_…`."""
    listed = list(presets)
    humanoid = [_HUMANOID + _bare(one.name).removeprefix(_G1) for one in listed if _bare(one.name).startswith(_G1)]
    return tuple(dict.fromkeys((*(one.name for one in listed), *humanoid, *(one.task for one in listed))))


def _spellings(presets: list[Preset]) -> Iterator[tuple[str, Preset]]:
    """Yield names with what they mean, the weakest first."""
    for preset in reversed(presets):
        yield _bare(preset.task), preset
    for preset in presets:
        if _bare(preset.name).startswith(_G1):
            yield _HUMANOID + _bare(preset.name).removeprefix(_G1), preset
    for preset in presets:
        yield _bare(preset.name), preset


def _bare(name: str) -> str:
    return name.strip().lower().replace("-", "_")
