"""`resume`: continue a paused or ended training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from trainer_proc.contract.connection import is_live
from trainer_proc.contract.requests import Reload, Resume
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.commands.shared.output import ask, json_option, logs_option, say, show_result
from tui.commands.shared.replayed_changes import with_changes
from tui.commands.shared.requests import request
from tui.commands.shared.skipped_checkpoints import report_skipped
from tui.commands.shared.start import evaluate_every_option, fast_option, rollout_every_option, start
from tui.session.backends.devices import list_devices
from tui.session.launching.changes_after import changes_after
from tui.session.launching.continued_by import continued_text
from tui.session.launching.continuing import continued_spec
from tui.session.launching.spec_checks import check_device, checked_spec
from tui.session.runs.run_index import find_run, read_state


@click.command("resume")
@click.argument("run")
@click.option("--iterations", type=click.IntRange(min=1), help="Additional iterations, for a run that has ended.")
@click.option("--reload", is_flag=True, help="Load the newest good checkpoint first, into the live policy.")
@click.option("--checkpoint", metavar="latest|best|N|FILE", help="Checkpoint of an ended run; default: latest.")
@click.option(
    "--replay/--no-replay",
    default=None,
    help="Repeat the changes made after the checkpoint, before the first iteration; default: ask.",
)
@evaluate_every_option
@fast_option
@rollout_every_option
@click.option("--wait", is_flag=True, help="Wait until the training has ended.")
@logs_option
@json_option
def resume_command(
    run: str,
    iterations: int | None,
    reload: bool,
    checkpoint: str | None,
    replay: bool | None,
    evaluate_every: int | None,
    fast: bool | None,
    rollout_every: int | None,
    wait: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Continue a paused or ended training.

    An ended one continues from a checkpoint, in a new folder. Changes that were applied after the checkpoint was saved
    are listed; --replay makes them again. With --reload, a live one continues with the
    weights of its newest checkpoint from before the problem that a guard has reported. Knobs keep their values.
    """
    folder = find_run(run, log_root)
    kept = {"evaluate_every": evaluate_every, "rollout_every": rollout_every, "fast": fast}
    if not is_live(folder):
        if reload:
            raise click.UsageError(f"{folder.name} has ended: resume continues from its newest checkpoint anyway")
        spec = _spec(folder, iterations, checkpoint, replay, may_ask=not as_json, **kept)
        start(spec, folder.path.parents[1], wait=wait, as_json=as_json)
        return
    if wait or any(value is not None for value in (iterations, checkpoint, replay, *kept.values())):
        raise click.UsageError(
            f"{folder.name} is still training: "
            "--iterations, --checkpoint, --replay, --evaluate-every, --fast, --rollout-every and --wait "
            "are for ended runs"
        )
    request(folder, Reload() if reload else Resume())
    effect = "reloads its newest good checkpoint and continues" if reload else "continues"
    accepted = "reload" if reload else "resume"
    show_result(f"{folder.name} {effect}", {"run": str(folder.path), "accepted": accepted}, as_json)


def _spec(
    folder: RunFolder,
    iterations: int | None,
    checkpoint: str | None,
    replay: bool | None,
    *,
    may_ask: bool,
    **kept: Any,
) -> RunSpec:
    """Return what continues an ended run; ask what is open. Raises `UserError` or `click.Abort`."""
    spec = checked_spec(continued_spec(folder, read_state(folder), iterations, checkpoint, **kept))
    report_skipped(Path(spec.checkpoint), checkpoint)
    spec = with_changes(spec, changes_after(folder, Path(spec.checkpoint)), replay, may_ask=may_ask)
    check_device(spec, list_devices(), hint=f"choose another with humanoid-tui fork {folder.name} --device NAME")
    _confirm_second(folder, may_ask=may_ask)
    return spec


def _confirm_second(folder: RunFolder, may_ask: bool) -> None:
    """Ask before another training continues the same run; without a terminal, only say so. Raises `click.Abort`."""
    text = continued_text(folder)
    if text and may_ask and sys.stdin.isatty():
        ask(f"{text}. Start another training?", abort=True, err=True)
    elif text:
        say(f"humanoid-tui: {text}: another training starts", err=True)
