"""Whether Isaac Lab's robots and scenes can be had from where it looks for them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from trainer_proc.contract.asset_root import ask_server


def is_reachable(root: str, timeout_seconds: float = 3.0) -> bool | None:
    """Tell whether an asset root is there: a folder, or a server that answers in time; None if that can't be told."""
    scheme = urlsplit(root).scheme
    if scheme in ("http", "https"):
        return ask_server(root, timeout_seconds) is not None  # a folder has no page, but somebody says so
    if not root or len(scheme) > 1:  # not known, or omniverse://; one letter is a drive
        return None
    return Path(root).is_dir()
