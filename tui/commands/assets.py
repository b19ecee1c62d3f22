"""The command for Isaac Lab's robots and scenes: where they come from, and having some of them without its server."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.asset_root import ASSET_ROOT_VARIABLE, AssetManifest
from tui.commands.output import json_option, say
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
    "variable": f"as {ASSET_ROOT_VARIABLE} says",
    "offline": "built by humanoid-tui assets --offline",
    "server": "Isaac Lab's own",
}


@click.command("assets")
@click.option("--offline", is_flag=True, help="Build Cartpole, Humanoid, G1 and a ground plane here.")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Build them in this folder.")
@click.option("--force", is_flag=True, help="Build them again.")
@click.option("--online", is_flag=True, help="Remove what was built here: Isaac Lab's own assets count again.")
@click.option("--yes", is_flag=True, help="Don't ask before removing.")
@json_option
def assets_command(offline: bool, folder: Path | None, force: bool, online: bool, yes: bool, as_json: bool) -> None:
    """Tell where Isaac Lab finds its robots, or build those that can be had without its asset server."""
    if offline and online:
        raise click.UsageError("say either --offline or --online")
    if not offline and (folder is not None or force):
        raise click.UsageError("--to and --force are for --offline")
    if yes and not online:
        raise click.UsageError("--yes is for --online")
    if offline:
        _build(folder, force, as_json)
    elif online:
        _remove(yes, as_json)
    else:
        report = look_at_assets(_server())
        say(_report_text(report), report, as_json)


def _build(folder: Path | None, force: bool, as_json: bool) -> None:
    root = (offline_root() if folder is None else folder).absolute()
    if is_built(root) and not force:
        say(
            f"{plain(str(root))} is built already; --force builds it again",
            {"root": str(root), "built": False},
            as_json,
        )
        return
    manifest = build_assets(root, *backend_command("isaaclab"))
    text = _manifest_text(root, manifest)
    if folder is not None:
        text += f"\n{ASSET_ROOT_VARIABLE}={plain(str(root))} lets Isaac Lab look there"
    say(text, {"root": str(root), "built": True, "assets": manifest.assets, "missing": manifest.missing}, as_json)


def _remove(yes: bool, as_json: bool) -> None:
    root = offline_root()
    if not yes and as_json:
        raise click.UsageError("--online asks before it removes anything: say --yes with --json")
    if not yes:
        click.confirm(f"Remove {plain(str(root))}?", abort=True)
    remove_assets(root)
    say(
        f"{plain(str(root))} is removed: Isaac Lab's own assets count again",
        {"root": str(root), "removed": True},
        as_json,
    )


def _server() -> str:
    """Return Isaac Lab's own root; empty if it doesn't matter, or if there is no Isaac Lab to be asked."""
    if asset_environment():
        return ""
    try:
        return isaaclab_python().found.asset_root
    except LaunchError:
        return ""


def _report_text(report: AssetReport) -> str:
    if not report.root:
        return "Isaac Lab's asset root isn't known: humanoid-tui doctor says whether Isaac Lab is installed"
    there = {True: "", False: "; out of reach", None: "; whether it is there can't be told"}[report.is_there]
    lines = [f"{plain(report.root)} ({_ORIGINS[report.origin]}{there})"]
    for asset in report.assets:
        instead = f"; instead of it: {plain(asset.instead)}" if asset.instead and not asset.is_there else ""
        lines.append(f"  {asset.name:<13} {'there' if asset.is_there else 'missing'}{instead}")
    lines += [plain(line) for line in report.missing]
    if report.is_there is False and report.origin == "server":
        lines.append("humanoid-tui assets --offline builds what can be had without it")
    return "\n".join(lines)


def _manifest_text(root: Path, manifest: AssetManifest) -> str:
    return "\n".join(
        [f"built in {plain(str(root))}:", *(f"  {asset.what}" for asset in manifest.assets), *manifest.missing]
    )
