"""Read the packed values of a robot's state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def values_of(packed: bytes, count: int) -> Floats | None:
    """Return `count` float32 values, some of which may be NaN; None if they are unknown or of another number."""
    return np.frombuffer(packed, dtype="<f4") if count and len(packed) == 4 * count else None
