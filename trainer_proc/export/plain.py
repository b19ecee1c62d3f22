"""Turn parts of a configuration into plain values that JSON can hold."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy
import torch

from trainer_proc.contract.bundle.description import Limits

_DEEPEST = 6
_MOST_NUMBERS = 1000


def plain(value: Any, depth: int = 0) -> Any:
    """Return `value` as numbers, strings, lists and mappings; functions and classes by their import path."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # Isaac Lab has a class of its own, which JSON can't hold
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, torch.Tensor | numpy.ndarray | numpy.generic):
        shape = tuple(value.shape)
        return plain(value.tolist(), depth) if math.prod(shape) <= _MOST_NUMBERS else f"numbers of shape {shape}"
    if depth < _DEEPEST:
        if isinstance(value, dict):
            return {str(key): plain(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [plain(one, depth + 1) for one in value]
        if is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name, None), depth + 1) for field in fields(value)}
    return str(value) if isinstance(value, slice) else import_path(value)


def import_path(value: Any) -> str:
    """Return `module:name` of a function or class; of an instance's class for another value."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}:{named.__qualname__}"


def limits(clip: Any) -> Limits | None:
    """Return a pair of limits with None for an infinite one; None if there are none."""
    if not clip:
        return None
    low, high = (float(end) if math.isfinite(end) else None for end in clip)
    return None if low is None and high is None else (low, high)
