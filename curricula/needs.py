"""What a curriculum still needs for its next step in `auto`, as numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """A condition: `have` is to go above `needed`, or below it if `below`; None is not measured.

    `what` is a metric, or a count such as `iterations`. `start` is where `have` began, as far as that is known.
    """

    what: str
    have: float | None
    needed: float
    start: float = 0.0
    below: bool = False

    @property
    def share(self) -> float:
        """How much of it is reached, 0 to 1."""
        have, needed = self.have, self.needed
        if have is None or math.isnan(have):
            return 0.0
        if have <= needed if self.below else have >= needed:
            return 1.0
        if not self.below and needed > self.start:
            return max(have - self.start, 0.0) / (needed - self.start)
        return needed / have if needed * have > 0 else 0.0  # both of one sign: the larger one is the further away
