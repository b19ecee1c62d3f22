"""Reachability of Isaac Lab's asset root."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from trainer_proc.contract.asset_root import ask_server


def is_reachable(root: str, timeout_seconds: float = 3.0) -> bool | None:
    """Return whether an asset root exists: a folder, or a server that answers in time; None if unknown."""
    scheme = urlsplit(root).scheme
    if scheme in ("http", "https"):
        return ask_server(root, timeout_seconds) is not None  # a folder has no page; any answer will do
    if not root or len(scheme) > 1:  # unknown, or omniverse://; one letter is a drive
        return None
    return Path(root).is_dir()
