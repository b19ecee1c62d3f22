"""Limits of the numbers in messages. A message outside them does not decode, so folds can rely on them."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A whole number that a float keeps exactly."""
Iteration: TypeAlias = Annotated[int, msgspec.Meta(ge=-1, le=2**53)]
"""The number of an iteration; -1 if unknown."""
LATEST = 1e11
UnixTime: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=LATEST)]
"""Seconds since 1970, never NaN."""
