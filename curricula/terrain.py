"""Terrain levels: a cap of the terrain's difficulty that rises with success.

Each environment has its own level, which the simulator's rule moves by the distance walked. This curriculum moves the
highest level that they may reach.

Source of the rule: mjlab's `mdp.terrain_levels_vel`; "Learning to Walk in Minutes", Rudin et al., 2022,
arXiv:2109.11978.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from curricula.ladder import MOST_LEVELS, Ladder, LadderTable, up_and_down

HIGHEST_LEVEL = "terrain/highest_level"

Row = Annotated[int, msgspec.Meta(ge=0, lt=MOST_LEVELS)]


class TerrainTable(LadderTable, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="terrain"):
    """The cap goes from terrain row `lowest` to `highest` (0 is the first); `up` and `down` are success rates."""

    lowest: Row = 0
    highest: Row = 9
    up: float = 0.8
    down: float = 0.5


class TerrainCurriculum(Ladder):
    """Owns `terrain/highest_level`."""

    kind: ClassVar[str] = "terrain"

    def __init__(self, name: str, table: TerrainTable) -> None:
        """Raise `ValueError` if `lowest` is above `highest`."""
        if table.lowest > table.highest:
            raise ValueError(f"lowest: expected at most highest ({table.highest}), got {table.lowest}")
        rows = range(table.lowest, table.highest + 1)
        limits = up_and_down(table, table.up, table.down)
        super().__init__(name, table, [{HIGHEST_LEVEL: float(row)} for row in rows], limits)
        self._lowest = table.lowest

    def level_text(self, level: int) -> str:
        return f"terrain up to level {self._lowest + level}"
