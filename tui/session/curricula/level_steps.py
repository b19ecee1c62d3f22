"""Accumulates presses of + and - into one request."""

from __future__ import annotations

from curricula.curriculum import Curriculum
from curricula.curriculum_knobs import level_knob
from trainer_proc.contract.knob import number_of
from trainer_proc.contract.requests import Tune
from tui.session.state import RunState


class LevelSteps:
    """Levels that the user is stepping to and has not requested yet."""

    def __init__(self) -> None:
        self.wanted: dict[str, int] = {}
        """By curriculum."""
        self._revision = 0

    def step(self, curriculum: Curriculum, state: RunState, by: int) -> str:
        """Move the wanted level `by` one; return in one line why that is impossible, else ""."""
        level = self.wanted.get(curriculum.name, _soon(curriculum, state)) + by
        if level > curriculum.top:
            return f"{curriculum.name} is at its highest level, {curriculum.top}"
        if level < 0:
            return f"{curriculum.name} is at its lowest level, 0"
        if not self.wanted:
            self._revision = state.revision  # changes by others from now on are unseen
        self.wanted[curriculum.name] = level
        return ""

    def take(self, curricula: list[Curriculum], state: RunState) -> Tune | None:
        """Return the request for the wanted levels and forget them; None if they are current or queued already."""
        by_name = {curriculum.name: curriculum for curriculum in curricula}
        levels = {name: level for name, level in self.wanted.items() if name in by_name}
        self.wanted.clear()
        values = {level_knob(name): float(n) for name, n in levels.items() if n != _soon(by_name[name], state)}
        return Tune(dict(values), revision=self._revision) if values else None


def _soon(curriculum: Curriculum, state: RunState) -> int:
    """Return the queued level, else the current one."""
    knob = state.knobs.get(level_knob(curriculum.name))
    return curriculum.level if knob is None or knob.pending is None else int(number_of(knob.pending))
