"""Terrain knobs: the highest level, a shift of all levels and the mix of types.

`SteeredTerrain` applies them to the tensors that place robots on the terrain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from curricula.terrain import HIGHEST_LEVEL
from trainer_proc.contract.knob import Knob, KnobType, Value, When
from trainer_proc.knobs.live import LiveKnob
from trainer_proc.metrics.terrain import SteeredTerrain

SHIFT = "terrain/shift"


def terrain_knobs(terrain: SteeredTerrain) -> list[LiveKnob]:
    """Return `terrain/highest_level` and `shift` where there are several levels, `mix/<type>` where several types.

    A shift counts levels since the training began, also across a resume: a write moves every environment by the
    difference. Levels stop at both ends, so shifting back moves clamped environments too far.
    """
    return [*(_level_knobs(terrain) if terrain.rows > 1 else ()), *(_mix_knobs(terrain) if terrain.types[1:] else ())]


def _level_knobs(terrain: SteeredTerrain) -> list[LiveKnob]:
    top = terrain.rows - 1

    def write_highest(value: Any) -> None:
        terrain.highest_level = int(value)

    def write_shift(value: Any) -> None:
        terrain.shift = int(value)

    return [
        _knob(
            HIGHEST_LEVEL,
            "integer",
            lambda: terrain.highest_level,
            write_highest,
            minimum=0.0,
            maximum=float(top),
            metric="Terrain/max_level",
        ),
        _knob(
            SHIFT,
            "integer",
            lambda: terrain.shift,
            write_shift,
            unit="levels",
            minimum=float(-top),
            maximum=float(top),
            metric="Terrain/mean_level",
        ),
    ]


def _mix_knobs(terrain: SteeredTerrain) -> list[LiveKnob]:
    def redistribute(_: When) -> None:
        terrain.redistribute()

    def knob(name: str) -> LiveKnob:
        def write(value: Any) -> None:
            terrain.mix[name] = float(value)

        return _knob(
            f"terrain/mix/{name}",
            "number",
            lambda: terrain.mix[name],
            write,
            resample=redistribute,  # once for all weights of a change
            unit="weight",
            minimum=0.0,
            metric=f"Terrain/share/{name}",
        )

    return [knob(name) for name in terrain.types]


def _knob(
    name: str,
    kind: KnobType,
    read: Callable[[], float],
    write: Callable[[Value], None],
    resample: Callable[[When], None] | None = None,
    **described: Any,
) -> LiveKnob:
    value = float(read())
    description = Knob(
        name=name,
        kind="terrain",
        value=value,
        default=value,
        takes_effect="at each environment's reset",
        type=kind,
        **described,
    )
    return LiveKnob(description, lambda: float(read()), write, resample)
