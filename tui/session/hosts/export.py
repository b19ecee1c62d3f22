"""Export a run on a host, and copy the exported policy here."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from curricula.errors import UsageError
from trainer_proc.contract.run_folder import RUN_FILE, RunFolder
from tui.session.bundle_copy import check_target
from tui.session.hosts.bundle import fetch_bundle
from tui.session.hosts.host import Host, HostError
from tui.session.hosts.ssh import check_exit, connect, run_there
from tui.session.hosts.stream import error_there


def place_here(host: Host, run: str, log_root: Path) -> Path:
    """Return the folder for the bundle of `run`, a folder on `host`: as if it were a run of this machine.

    Raises `UserError` or `OSError`.
    """
    parts = PurePosixPath(run).parts[-2:]
    if len(parts) < 2 or ".." in parts or "/" in parts:
        raise HostError(f"{host.name}: expected the folder of a run, got {run}")
    folder = RunFolder(log_root.joinpath(*parts))
    if (folder.path / RUN_FILE).exists():
        raise UsageError(
            f"{folder.path} is a run of this machine",
            hint=f"use humanoid-tui --host {host.name} export RUN --output FOLDER",
        )
    check_target(folder.exported)
    return folder.exported


def export_there(host: Host, run: str, target: Path) -> str:
    """Export a run on `host`, copy the bundle to `target`, and return the one line of the result there.

    Takes as long as an export. Raises `UserError` or `OSError`.
    """
    connect(host)
    process = run_there(host, ["export", run])
    output, errors = (text.decode(errors="replace") for text in process.communicate())
    check_exit(host, process.returncode, errors)
    if process.returncode:
        raise error_there(host, errors)
    fetch_bundle(host, run, target)
    return output.strip()
