"""`label`: title, note, tags, star and archive of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.runs.labels import LabelChange, Labels, change_labels, read_labels, tags_in
from tui.session.runs.run_index import find_run
from tui.session.text import plain


@click.command("label")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--tag", "add", multiple=True, metavar="TAG", help="Add a tag; repeatable, or several with commas.")
@click.option("--untag", "remove", multiple=True, metavar="TAG", help="Remove a tag; repeatable.")
@click.option("--star/--unstar", "starred", default=None, help="Star the runs, or remove the star.")
@click.option("--title", help="Name that lists show instead of the folder's; empty removes it.")
@click.option("--note", help="Text about the runs; empty removes it.")
@click.option("--archive/--unarchive", "archived", default=None, help="Hide ended runs in lists, or list them again.")
@logs_option
@json_option
def label_command(
    runs: tuple[str, ...],
    add: tuple[str, ...],
    remove: tuple[str, ...],
    starred: bool | None,
    title: str | None,
    note: str | None,
    archived: bool | None,
    log_root: Path,
    as_json: bool,
) -> None:
    """Label runs: tags, star, title, note, archive. Without options, print their labels."""
    folders = list({folder.path: folder for folder in (find_run(run, log_root) for run in runs)}.values())
    for folder in folders:
        folder.read_spec()
    change = LabelChange(
        title=title,
        note=note,
        add=tuple(tag for text in add for tag in tags_in(text) or (text,)),
        remove=tuple(tag for text in remove for tag in tags_in(text)),
        starred=starred,
        archived=archived,
    )
    labels = change_labels(folders, change) if change else [read_labels(folder) for folder in folders]
    pairs = list(zip(folders, labels, strict=True))
    show_result("\n".join(_text(*pair) for pair in pairs), [_record(*pair) for pair in pairs], as_json)


def _text(folder: RunFolder, labels: Labels) -> str:
    values = (
        ("title", labels.title),
        ("tags", labels.tags_text),
        ("star", "yes" * labels.starred),
        ("archived", "yes" * labels.archived),
        ("note", labels.note.replace("\n", "\n" + " " * 12)),
    )
    lines = [f"  {name:<8}  {value}" for name, value in values if value] or ["  no labels"]
    return "\n".join([plain(folder.name), *lines])


def _record(folder: RunFolder, labels: Labels) -> dict[str, Any]:
    values = {name: getattr(labels, name) for name in Labels.__struct_fields__}
    return {"run": str(folder.path), "name": folder.name, **msgspec.to_builtins(values)}
