"""Read any training through its TensorBoard event files, as they grow."""

from __future__ import annotations

from curricula.errors import UserError


class EventFileError(UserError):
    """The package that reads event files is not installed."""
