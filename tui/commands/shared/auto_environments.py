"""The number of environments of a launch: the search of `--num-envs auto`, and what earlier runs tell."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from presets import Preset
from trainer_proc.contract.child_process import interrupt_on_signals
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.contract.worker import Progress
from tui.commands.shared.output import say
from tui.commands.shared.progress_line import progress_line
from tui.session.backends.devices import Device
from tui.session.probing.choose import AUTO, choose_environments, with_environments
from tui.session.probing.records import find_records, record_text, with_recorded_environments
from tui.session.probing.search import Probe
from tui.session.probing.texts import chosen_text, probe_text
from tui.session.text import shortened

_SHOWN = 20
"""Characters of a wrong number."""


class EnvironmentCount(click.ParamType):
    """A number of environments, or `auto`."""

    name = f"N|{AUTO}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the number, or `auto`."""
        if value == AUTO:
            return AUTO
        with suppress(ValueError):  # of thousands of digits too
            if (count := int(value)) > 0:
                return count
        self.fail(f"expected a number from 1 on or {AUTO}, got {shortened(str(value), _SHOWN)}", param, ctx)


def with_auto_environments(spec: RunSpec, devices: Sequence[Device], *, again: bool, quiet: bool) -> RunSpec:
    """Return the spec with the number that trains fastest; print the progress, to standard error if `quiet`.

    Raises `UserError`.
    """
    interrupt_on_signals()  # so that the trainings of the search end with this process
    with progress_line("measuring", quiet) as show:

        def shown(probe: Probe) -> None:
            say(probe_text(probe), err=quiet, replaces_line=not quiet and sys.stdout.isatty())

        chosen = choose_environments(
            spec,
            devices,
            on_begin=lambda count: show(Progress(0, 0, f"{count} environments")),
            on_probe=shown,
            again=again,
        )
    hint = "" if chosen.probes else " (--probe-again measures again)"
    say(f"{chosen_text(chosen)}{hint}", err=quiet)
    return with_environments(spec, chosen)


def with_records(
    spec: RunSpec, preset: Preset, devices: Sequence[Device], log_root: Path, *, is_given: bool, quiet: bool
) -> RunSpec:
    """Return the spec with the number that fits by earlier runs, unless one `is_given`; print what they tell."""
    records = find_records(spec, log_root, devices)
    spec = spec if is_given else with_recorded_environments(spec, preset, records)
    if text := record_text(spec.num_envs, records):
        say(text, err=quiet)
    return spec
