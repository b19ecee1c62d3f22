"""Commands that install what is missing; they work in any folder.

The program runs from a clone, in the environment that `uv` keeps there or in another one, or it was installed as a
package.
"""

from __future__ import annotations

import importlib.metadata
import json
import shlex
import sys
from pathlib import Path

import platformdirs

_PROGRAM = "humanoid-tui"


def install_command(*extras: str) -> str:
    """Return the command that installs these extras in this Python; name all, since `uv sync` removes the others."""
    clone = clone_folder()
    if clone is not None and Path(sys.prefix) == clone / ".venv":
        return f"uv sync{_project(clone)}{''.join(f' --extra {extra}' for extra in extras)}"
    return f"uv pip install -p {shlex.quote(sys.executable)} {_requirement(extras)}"


def package_command(*packages: str) -> str:
    """Return the command that installs packages in this Python."""
    return f"uv pip install -p {shlex.quote(sys.executable)} {' '.join(packages)}"


def isaaclab_command() -> str:
    """Return the command that makes the environment `isaaclab_folder`: mjlab needs other versions of its packages."""
    clone, folder = clone_folder(), isaaclab_folder()
    if clone is not None:
        place = folder.relative_to(clone) if clone == Path.cwd() else folder
        extras = "--extra isaaclab --extra export --no-group embedded"
        return f"UV_PROJECT_ENVIRONMENT={shlex.quote(str(place))} uv sync{_project(clone)} --python 3.12 {extras}"
    place = Path(shlex.quote(str(folder)))
    return f"uv venv --python 3.12 {place} && uv pip install -p {place} {_requirement(('isaaclab', 'export'))}"


def isaaclab_folder() -> Path:
    """Return the folder of the environment that `isaaclab_command` makes."""
    clone = clone_folder()
    return clone / ".venv-isaaclab" if clone is not None else platformdirs.user_data_path(_PROGRAM) / "isaaclab-python"


def clone_folder() -> Path | None:
    """Return the folder of this program's source; None if it was installed as a package."""
    folder = Path(__file__).resolve().parents[2]
    return folder if (folder / "pyproject.toml").is_file() else None


def _project(clone: Path) -> str:
    return "" if clone == Path.cwd() else f" --project {shlex.quote(str(clone))}"


def _requirement(extras: tuple[str, ...]) -> str:
    """Return this program with extras, from where it was installed."""
    suffix = f"[{','.join(extras)}]"
    clone = clone_folder()
    if clone is not None:
        return f"-e {shlex.quote(f'{clone}{suffix}')}"
    source = _source()
    return shlex.quote(f"{_PROGRAM}{suffix} @ {source}" if source else f"{_PROGRAM}{suffix}")


def _source() -> str:
    """Return the URL that this program was installed from; empty for an index.

    Source: https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
    """
    try:
        recorded = json.loads(importlib.metadata.distribution(_PROGRAM).read_text("direct_url.json") or "{}")
        url = str(recorded.get("url", ""))
        version_control = recorded.get("vcs_info")
        return f"{version_control['vcs']}+{url}@{version_control['commit_id']}" if version_control else url
    except (importlib.metadata.PackageNotFoundError, ValueError, KeyError):
        return ""
