"""`docker`: trainings in containers."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from presets.preset import BACKENDS
from trainer_proc.contract.run_folder import write_atomically
from tui.commands.shared.new_file import check_new_file
from tui.commands.shared.output import json_option, say, show_result
from tui.session.backends.devices import list_devices
from tui.session.containers import COMPOSE, compose_text, make_folders, own_container


@click.command("docker")
@click.option(
    "--write",
    "folder",
    is_flag=False,
    flag_value=".",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="[FOLDER]",
    help=f"Folder for {COMPOSE}, runs and sockets; default: this one. Without it, the file is printed.",
)
@click.option(
    "--backend", type=click.Choice(BACKENDS), default=BACKENDS[0], show_default=True, help="Simulator of the image."
)
@click.option(
    "--gpus", type=click.IntRange(0, 64), help="GPUs of a training, 0 for none; default: those of this machine."
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@json_option
def docker_command(folder: Path | None, backend: str, gpus: int | None, force: bool, as_json: bool) -> None:
    """Write a Compose file for trainings in containers.

    The dashboard may run inside, or outside with the same user: runs and sockets are shared.
    """
    count = sum(device.name != "cpu" for device in list_devices()) if gpus is None else gpus
    container = own_container(folder or Path(), backend, count)
    text = compose_text(container)
    if folder is None:
        say(text, end="")
        return
    path = folder / COMPOSE
    check_new_file(path, force)
    make_folders(container)
    write_atomically(path, text.encode())
    start = shlex.join(["docker", "compose", "-f", str(path), "up", "--build"])
    value = {"file": str(path), "gpus": count, "start": start}
    on = f"{count} GPU{'s' * (count > 1)}" if count else "the CPU"
    show_result(f"{path}: trainings on {on}; start one with {start}", value, as_json)
