"""`launch --write-sky`: the launch as a SkyPilot task."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from presets import load_preset
from trainer_proc.contract.run_folder import write_atomically
from tui.commands.shared.given_words import given_words
from tui.commands.shared.new_file import check_new_file
from tui.commands.shared.output import show_result
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.launching.sky_task import (
    LocalFiles,
    cloud_devices,
    placed_preset,
    placed_values,
    sky_text,
    values_of_preset,
)

_HERE = ("sky_file", "force", "log_root", "wait", "as_json")
"""Parameters that are for this machine."""
_PLACED = ("preset", "arguments", "overridden", "checkpoint")
"""Parameters that may name files."""


def write_sky(name: str, preset_name: str, overrides: Overrides, *, replaces: bool, as_json: bool) -> None:
    """Check the launch of the command that runs now, and write it as a task. Raises `UserError`."""
    check_new_file(Path(name), replaces, ".yaml", ".yml")
    context = click.get_current_context()
    preset = load_preset(preset_name)
    spec = make_spec(preset, overrides, cloud_devices(overrides.processes))
    files = LocalFiles()
    arguments, overridden = context.params["arguments"], context.params["overridden"]
    own = [] if overrides.task else values_of_preset(preset, [*arguments, *overridden], files)
    words = [
        placed_preset(preset_name, files),
        *placed_values(arguments, files),
        *(word for text in [*placed_values(overridden, files), *own] for word in ("--override", text)),
        *given_words(context, without=(*_HERE, *_PLACED)),
        *(["--checkpoint", files.place(Path(overrides.checkpoint))] if overrides.checkpoint else []),
        "--wait",
    ]
    text = sky_text(preset, spec, words, files)
    write_atomically(Path(name), text.encode())
    start = shlex.join(["sky", "launch", "-c", preset.name, name])
    value = {
        "file": name,
        "start": start,
        "words": words,
        "mounts": {at: str(path) for at, path in files.mounts.items()},
    }
    show_result(f"{name}: starts {preset.name} with {start}", value, as_json)
