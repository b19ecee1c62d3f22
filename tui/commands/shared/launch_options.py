"""Options of `launch` that choose other values than the preset's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from presets.preset import FRONTENDS, LIBRARIES, PHYSICS
from tui.commands.shared.auto_environments import EnvironmentCount
from tui.commands.shared.skipped_checkpoints import report_skipped
from tui.commands.shared.start import evaluate_every_option, fast_option, rollout_every_option
from tui.session.engines.resources import ENGINES, LOCAL, engine_table
from tui.session.launching.knob_values import parse_bounds, parse_settings
from tui.session.launching.launcher import Overrides
from tui.session.launching.override_text import parse_overrides
from tui.session.runs.checkpoints import LATEST, checkpoint_to_start_from
from tui.session.settings.config import read_config

_OPTIONS = (
    click.option("--task", help="Another task; numbers, physics and library stay the preset's."),
    click.option(
        "--num-envs",
        type=EnvironmentCount(),
        help="Environments per process, or auto: the fastest number; default: the preset's.",
    ),
    click.option("--probe-again", is_flag=True, help="With --num-envs auto: measure again instead of a stored result."),
    click.option("--iterations", type=click.IntRange(min=1), help="PPO iterations; default: the preset's."),
    click.option("--device", help="cpu or cuda:N; default: the first GPU, else the CPU."),
    click.option("--seed", type=click.IntRange(min=0, max=2**32 - 1), default=42, show_default=True),
    click.option("--name", default="", help="Appended to the run's folder name; of an experiment: its name."),
    click.option("--set", "settings", multiple=True, metavar="KNOB=VALUE", help="Initial value of a knob."),
    click.option(
        "--bound", "bounds", multiple=True, metavar="KNOB=LOW:HIGH", help="Allowed values; KNOB may contain *."
    ),
    click.option(
        "--override", "overridden", multiple=True, metavar="PATH=VALUE", help="Value in the task's configuration."
    ),
    click.option("--physics", help=f"Isaac Lab's physics: {' or '.join(PHYSICS)}; default: the task's."),
    click.option("--library", help=f"RL library on Isaac Lab: {', '.join(LIBRARIES)}."),
    click.option("--frontend", help=f"What runs Isaac Lab's managers: {' or '.join(FRONTENDS)}; default: torch."),
    click.option("--checkpoint", metavar="FILE|RUN", help="Start from a checkpoint file or a run's newest checkpoint."),
    click.option("--other-task", is_flag=True, help="Accept a checkpoint of another task."),
    click.option(
        "--processes", type=click.IntRange(min=1), default=1, show_default=True, help="Processes, one per GPU."
    ),
    click.option("--engine", type=click.Choice(ENGINES), default=LOCAL, show_default=True, help="Where it trains."),
    click.option("--resource", "resources", multiple=True, metavar="NAME=VALUE", help="Resource of the engine's job."),
    evaluate_every_option,
    fast_option,
    rollout_every_option,
)


def launch_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options, passed on as one `Overrides` named `overrides`; `num_envs` may also be `AUTO`.

    Raises `UserError` for values that can't be read, and for a checkpoint or resources that do not exist.
    """

    @functools.wraps(command)
    def with_overrides(
        *,
        num_envs: int | str | None,
        settings: tuple[str, ...],
        bounds: tuple[str, ...],
        overridden: tuple[str, ...],
        checkpoint: str | None,
        engine: str,
        resources: tuple[str, ...],
        log_root: Path,
        **others: Any,
    ) -> None:
        taken = {name: others.pop(name) for name in Overrides.__struct_fields__ if name in others}
        overrides = Overrides(
            num_envs=num_envs if isinstance(num_envs, int) else None,
            set=parse_settings(settings),
            bounds=parse_bounds(bounds),
            overrides=parse_overrides(overridden),
            checkpoint=_start_from(checkpoint, log_root),
            engine=engine_table(engine, resources, read_config().engines, device=taken["device"]),
            **taken,
        )
        command(overrides=overrides, num_envs=num_envs, log_root=log_root, **others)

    decorated: Callable[..., None] = with_overrides
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _start_from(checkpoint: str | None, log_root: Path) -> str:
    """Return the path of a checkpoint file or of a run's newest checkpoint; empty without one."""
    if not checkpoint:
        return ""
    path = checkpoint_to_start_from(checkpoint, log_root)
    if path is not None and not Path(checkpoint).is_file():
        report_skipped(path, LATEST)
    return str(path or "")
