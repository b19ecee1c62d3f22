"""Whether a bundle is verified now: its files may have changed since."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curricula.regular_files import read_file
from trainer_proc.contract.bundle.card import CARD, LARGEST_FILE, ONNX, VERIFICATION
from trainer_proc.contract.bundle.verification import Verification, VerificationError, read_verification


@dataclass(frozen=True)
class VerificationState:
    """What is known of a bundle."""

    kind: Literal["none", "verified", "failed", "stale", "unreadable"]
    text: str
    """In a few words: `verified`, `not verified: …`."""
    verification: Verification | None = None


def verification_state(bundle: Path) -> VerificationState:
    """Return the state of the bundle in a folder. Reads and hashes its files; never raises."""
    file = bundle / VERIFICATION
    if not file.exists():
        return VerificationState("none", "not verified yet")
    try:
        found = read_verification(file)
    except VerificationError as error:
        return VerificationState("unreadable", f"not verified: {error}")
    if changed := _changed(bundle, found):
        return VerificationState("stale", f"not verified: {changed} has changed since the verification", found)
    if not found.verified:
        return VerificationState("failed", f"not verified: {'; '.join((*found.faults, *found.problems))}", found)
    return VerificationState("verified", f"verified ({found.result.level})", found)


def _changed(bundle: Path, found: Verification) -> str:
    """Return the name of the first file with another hash, or without one; empty if there is none."""
    for name, expected in ({CARD: "", ONNX: ""} | found.files).items():
        try:
            content = read_file(bundle / Path(name).name, LARGEST_FILE)
        except OSError:
            return name
        if hashlib.sha256(content).hexdigest() != expected:
            return name
    return ""
