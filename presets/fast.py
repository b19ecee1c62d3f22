"""Whether a training's step is captured in CUDA graphs: a preset's `[fast]` table."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from curricula.schema import convert


class Fast(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the step is captured."""

    mode: Literal["auto", "on", "off"] = "auto"
    """`auto`: on CUDA devices. `on`: also on a CPU, where the same parts run without graphs and gain nothing."""

    def is_on(self, device: str) -> bool:
        """Return whether a training on `device` is to be captured."""
        return self.mode == "on" or (self.mode == "auto" and device.startswith("cuda"))


def read_fast(table: dict[str, Any]) -> Fast:
    """Return the setting in a table; an empty one is `auto`. Raises `SchemaError`."""
    return convert(table, Fast, path="fast")


def with_fast(table: dict[str, Any], is_fast: bool | None) -> dict[str, Any]:
    """Return the table with the user's choice; None keeps it."""
    return table if is_fast is None else {"mode": "auto" if is_fast else "off"}
