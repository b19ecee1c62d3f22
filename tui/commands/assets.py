"""`assets`: show where Isaac Lab finds its robots, and build some without its asset server."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.asset_root import ASSET_ROOT_VARIABLE, AssetManifest
from tui.commands.shared.output import ask, json_option, show_result
from tui.session.backends.assets import (
    AssetReport,
    asset_environment,
    build_assets,
    is_built,
    look_at_assets,
    offline_root,
    remove_assets,
)
from tui.session.backends.environment import LaunchError, backend_command, isaaclab_python
from tui.session.text import plain

_ORIGINS = {
    "variable": f"set by {ASSET_ROOT_VARIABLE}",
    "offline": "built by humanoid-tui assets --offline",
    "server": "Isaac Lab's asset server",
}


@click.command("assets")
@click.option("--offline", is_flag=True, help="Build Cartpole, Humanoid, G1 and a ground plane locally.")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder to build them in.")
@click.option("--force", is_flag=True, help="Build them again.")
@click.option("--online", is_flag=True, help="Remove the local assets and use Isaac Lab's again.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@json_option
def assets_command(offline: bool, folder: Path | None, force: bool, online: bool, yes: bool, as_json: bool) -> None:
    """Show where Isaac Lab finds its robots.

    With --offline, build some of them without its asset server.
    """
    if offline and online:
        raise click.UsageError("--offline and --online exclude each other")
    if not offline and (folder is not None or force):
        raise click.UsageError("--to and --force need --offline")
    if yes and not online:
        raise click.UsageError("--yes needs --online")
    if offline:
        _build(folder, force, as_json)
    elif online:
        _remove(yes, as_json)
    else:
        report = look_at_assets(_server())
        show_result(_report_text(report), report, as_json)


def _build(folder: Path | None, force: bool, as_json: bool) -> None:
    root = (offline_root() if folder is None else folder).absolute()
    if is_built(root) and not force:
        show_result(
            f"{plain(str(root))} already built; --force builds it again",
            {"root": str(root), "built": False},
            as_json,
        )
        return
    manifest = build_assets(root, *backend_command("isaaclab"))
    text = _manifest_text(root, manifest)
    if folder is not None:
        text += f"\n{ASSET_ROOT_VARIABLE}={plain(str(root))} makes Isaac Lab use it"
    value = {"root": str(root), "built": True, "assets": manifest.assets, "missing": manifest.missing}
    show_result(text, value, as_json)


def _remove(yes: bool, as_json: bool) -> None:
    root = offline_root()
    if not yes and as_json:
        raise click.UsageError("--json cannot ask: add --yes")
    if not yes:
        ask(f"Remove {plain(str(root))}?", abort=True)
    remove_assets(root)
    show_result(
        f"{plain(str(root))} removed; Isaac Lab's assets are used again",
        {"root": str(root), "removed": True},
        as_json,
    )


def _server() -> str:
    """Return Isaac Lab's own asset root; empty if a variable overrides it or Isaac Lab is not installed."""
    if asset_environment():
        return ""
    try:
        return isaaclab_python().found.asset_root
    except LaunchError:
        return ""


def _report_text(report: AssetReport) -> str:
    if not report.root:
        return "Isaac Lab's asset root is unknown: check with humanoid-tui doctor that Isaac Lab is installed"
    state = {True: "", False: "; unreachable", None: "; not checked"}[report.is_there]
    lines = [f"{plain(report.root)} ({_ORIGINS[report.origin]}{state})"]
    for asset in report.assets:
        instead = f"; replaced by {plain(asset.instead)}" if asset.instead and not asset.is_there else ""
        lines.append(f"  {asset.name:<13} {'found' if asset.is_there else 'missing'}{instead}")
    lines += [plain(line) for line in report.missing]
    if report.is_there is False and report.origin == "server":
        lines.append("humanoid-tui assets --offline builds local replacements")
    return "\n".join(lines)


def _manifest_text(root: Path, manifest: AssetManifest) -> str:
    return "\n".join(
        [f"built in {plain(str(root))}:", *(f"  {asset.what}" for asset in manifest.assets), *manifest.missing]
    )
