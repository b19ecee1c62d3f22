"""Reading other people's trainings: TensorBoard's event files, as they are and as they grow."""

from __future__ import annotations

from curricula.errors import UserError


class EventFileError(UserError):
    """What reads event files is not installed; the message is one line."""
