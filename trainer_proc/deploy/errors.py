"""Errors of bundles and robots: one line that names the field and the remedy."""

from __future__ import annotations

from curricula.errors import UserError

EXPORT_AGAIN = "export the run again"
"""The remedy for a bundle that is wrong, or older than this version."""


class BundleRefused(UserError):
    """The bundle can't be run as it is."""

    exit_code = 2


def refused(field: str, expected: str, got: object, remedy: str) -> BundleRefused:
    """Return the error about a field of `policy.json`, or a file of the bundle."""
    return BundleRefused(f"{field}: expected {expected}, got {got}", hint=remedy)
