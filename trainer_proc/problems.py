"""What can be said to a person when a training can't be had."""

from __future__ import annotations


class TrainingProblem(Exception):
    """The training can't begin or go on; the message is one line that says what to do."""
