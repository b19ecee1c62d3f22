"""Limits of the numbers in messages. A message outside them does not decode, so folds can rely on them."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

LARGEST, LATEST = 2**53, 1e11
"""Whole numbers up to the first are floats exactly; the second is in seconds since 1970."""
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
Iteration: TypeAlias = Annotated[int, msgspec.Meta(ge=-1, le=LARGEST)]
"""The number of an iteration; -1 if unknown."""
UnixTime: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=LATEST)]
"""Seconds since 1970, never NaN."""
