"""The values that a curriculum asks for. `trainer_proc.wire.knob` has the same type; curricula stand on nothing."""

from __future__ import annotations

Value = float | bool | str | tuple[float, float]
KnobValues = dict[str, Value]
"""Values by knob name."""
