"""Data that sensors keep until their next update, in tensors that stay where they are.

A sensor of mjlab computes its data when it is first asked, and keeps them until the scene is updated or an episode
ends. A term that asks later gets the kept data, which may be older than the simulation. Graphs have to find them at the
same place at each replay.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch

from trainer_proc.fast.graph import fixed_like

Kept = tuple[bool, ...]
"""Whether each sensor keeps data, in the order of the scene."""


class SensorData:
    """The sensors of a scene, and the places of their data."""

    def __init__(self, sensors: list[Any], lasting: Callable[[], set[int]]) -> None:
        """`lasting` returns the memory of tensors that stay where they are, which data may refer to."""
        self._sensors = sensors
        self._lasting = lasting
        self._places: dict[int, Any] = {}

    @property
    def kept(self) -> Kept:
        return tuple(sensor._cache_valid for sensor in self._sensors)

    @kept.setter
    def kept(self, kept: Kept) -> None:
        for index, (sensor, is_kept) in enumerate(zip(self._sensors, kept, strict=True)):
            sensor._cache_valid = is_kept
            if is_kept:
                sensor._cached_data = self._places[index]

    def settle(self) -> None:
        """Move the data that sensors keep to their places. Raises `ValueError` if they are no tensors."""
        lasting: set[int] | None = None
        for index, sensor in enumerate(self._sensors):
            if not sensor._cache_valid or sensor._cached_data is self._places.get(index, _NONE):
                continue
            lasting = self._lasting() if lasting is None else lasting
            place = self._places.get(index)
            if place is None:
                place = self._places[index] = _place_of(sensor, sensor._cached_data, lasting)
            _move(sensor._cached_data, place)
            sensor._cached_data = place


_NONE = object()


def _place_of(sensor: Any, data: Any, lasting: set[int]) -> Any:
    if isinstance(data, torch.Tensor):
        return data if data.untyped_storage().data_ptr() in lasting else fixed_like(data)
    if not dataclasses.is_dataclass(data):
        raise ValueError(f"expected tensors as data of sensor {sensor.cfg.name}, got {type(data).__name__}")
    copy = dataclasses.replace(data)  # type: ignore[type-var]
    for name, value in vars(data).items():
        if isinstance(value, torch.Tensor):
            setattr(copy, name, _place_of(sensor, value, lasting))
    return copy


def _move(data: Any, place: Any) -> None:
    if isinstance(data, torch.Tensor):
        if data.data_ptr() != place.data_ptr():
            place.copy_(data)
        return
    for name, value in vars(data).items():
        if isinstance(value, torch.Tensor):
            _move(value, getattr(place, name))
