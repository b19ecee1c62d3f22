"""`python -m trainer_proc.training.env_probe` reports, in one line of JSON, what its interpreter has installed.

Its argument is JSON: `modules` to look for, and `distributions` whose versions are wanted. It imports none of them and
only the standard library, so that it works in any Python from 3.7 on.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    asked = json.loads(sys.argv[1])
    answer = {
        "python": platform.python_version(),
        "executable": sys.executable,
        "missing": [module for module in asked["modules"] if not _has(module)],
        "versions": {distribution: _version(distribution) for distribution in asked["distributions"]},
        "has_pip": _has("pip"),
        "isaac_sim": _isaac_sim(),
        "asset_root": _asset_root(),
    }
    print(json.dumps(answer), flush=True)  # noqa: T201


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _version(distribution: str) -> str | None:
    try:
        import importlib.metadata
    except ModuleNotFoundError:  # Python before 3.8 is refused anyway
        return None
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _isaac_sim() -> str:
    """Return Isaac Sim's version, "unknown" if it has none, "" without Isaac Sim."""
    version = _version("isaacsim")
    if version is not None:
        return version
    folder = os.environ.get("ISAAC_PATH")  # set by Isaac Sim's setup_python_env.sh
    if folder is None:
        return "unknown" if _has("isaacsim") else ""
    try:
        return Path(folder, "VERSION").read_text().strip() or "unknown"
    except OSError:
        return "unknown"


def _asset_root() -> str:
    """Return Isaac Lab's folder of robots and scenes, "" if unknown.

    Follows `isaaclab.utils.assets._resolve_asset_root`, which can't be imported without Isaac Lab's libraries.
    """
    root = os.environ.get("ISAACSIM_ASSET_ROOT")
    if root:
        return root.rstrip("/\\")
    profile = os.environ.get("ISAACSIM_ASSET_REGION_PROFILE")
    if profile and profile != "us":
        return ""
    spec: Any = importlib.util.find_spec("isaaclab")
    for package in (spec and spec.submodule_search_locations) or ():
        for parent in (Path(package), *Path(package).resolve().parents[:4]):  # a wheel, or source/ of a checkout
            file = parent / "apps" / "isaaclab.python.kit"
            if file.is_file():
                return _written_root(file.read_text(encoding="utf-8"))
    return ""


def _written_root(text: str) -> str:
    for name in ("default", "cloud"):  # the latter until Isaac Lab 2
        found = re.findall(rf'^\s*persistent\.isaac\.asset_root\.{name}\s*=\s*"([^"]*)"', text, re.MULTILINE)
        if found:
            return str(found[-1])
    return ""


if __name__ == "__main__":
    main()
