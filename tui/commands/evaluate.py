"""`evaluate`: evaluate policies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Any

import click

from curricula.errors import UserError
from trainer_proc.contract.child_process import interrupt_on_signals
from trainer_proc.contract.evaluation import SUITES, Evaluation, Request, SuiteName, result_file
from trainer_proc.contract.run_folder import RunFolder
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, say, show_result
from tui.commands.shared.progress_line import progress_line
from tui.session.evaluations.limits import Limit, parse_limit
from tui.session.evaluations.run import evaluate
from tui.session.evaluations.targets import Target, checkpoint_of, chosen_device, find_targets

_MINIMA = ("success", "score")
_MAXIMA = ("error/linear", "error/lateral", "error/yaw")


@click.command("evaluate")
@click.argument("targets", metavar="RUN|FILE...", nargs=-1, required=True)
@click.option("--checkpoint", "checkpoints", multiple=True, help="latest, best, an iteration or a file; repeatable.")
@click.option("--suite", "suites", type=click.Choice(SUITES), multiple=True, help="Default: quick; repeatable.")
@click.option("--episodes", type=click.IntRange(min=1), help="Episodes in each cell of a suite.")
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, show_default=True)
@click.option("--device", help="cpu or cuda:N; by default the first GPU, but the CPU while the run trains.")
@click.option("--num-envs", type=click.IntRange(min=1), help="Most environments at once.")
@click.option("--conditions", help="Checkpoint of the run whose knob values apply to all: an iteration or a file.")
@click.option("--min-success", type=FiniteRange(0, 1), help="Exit with 1 below this mean success.")
@click.option("--min-score", type=FiniteRange(0, 1), help="Exit with 1 below this mean score.")
@click.option("--max-error-linear", type=FiniteRange(0), help="Exit with 1 above this mean error (m/s).")
@click.option("--max-error-lateral", type=FiniteRange(0), help="Exit with 1 above this mean error (m/s).")
@click.option("--max-error-yaw", type=FiniteRange(0), help="Exit with 1 above this mean error (rad/s).")
@click.option("--min", "minima", metavar="MEASURE=VALUE", multiple=True, help="Least mean of any measure; repeatable.")
@click.option("--max", "maxima", metavar="MEASURE=VALUE", multiple=True, help="Largest mean; repeatable.")
@logs_option
@json_option
def evaluate_command(
    targets: tuple[str, ...],
    checkpoints: tuple[str, ...],
    suites: tuple[SuiteName, ...],
    episodes: int | None,
    seed: int,
    device: str | None,
    num_envs: int | None,
    conditions: str | None,
    minima: tuple[str, ...],
    maxima: tuple[str, ...],
    log_root: Path,
    as_json: bool,
    **named: float | None,
) -> None:
    """Evaluate policies without noise, on their run's task.

    Several policies are shown side by side, and each is tested against the first. Results are kept in the run's folder,
    evaluations/CHECKPOINT.
    """
    limits = _limits(minima, maxima, named)
    found = find_targets(targets, checkpoints, log_root)
    requests = [
        _request(target, suite, device=device, conditions=conditions, seed=seed, episodes=episodes, num_envs=num_envs)
        for suite in dict.fromkeys(suites or ("quick",))
        for target in found
    ]
    interrupt_on_signals()  # so that the process of the evaluation is ended with this one
    results = [_evaluated(request, quiet=as_json) for request in requests]
    # these import numpy: too slow for --help
    from tui.session.evaluations.missed_limits import missed_limits
    from tui.session.evaluations.report import report_record, report_text

    missed = missed_limits(results, limits)
    show_result(report_text(results), report_record(results, missed), as_json)
    if missed and as_json:
        raise click.exceptions.Exit(1)  # the report is the one JSON value
    if missed:
        raise UserError("; ".join(missed))


def _limits(minima: Sequence[str], maxima: Sequence[str], named: dict[str, float | None]) -> list[Limit]:
    return [
        *(parse_limit(text, is_minimum=True) for text in minima),
        *(parse_limit(text, is_minimum=False) for text in maxima),
        *(Limit(name, value) for name in _MINIMA if (value := named[f"min_{name}"]) is not None),
        *(
            Limit(name, value, is_minimum=False)
            for name in _MAXIMA
            if (value := named[f"max_{name.replace('/', '_')}"]) is not None
        ),
    ]


def _request(
    target: Target, suite: SuiteName, *, device: str | None, conditions: str | None, **numbers: Any
) -> Request:
    return Request(
        run=str(target.folder.path),
        checkpoint=str(target.policy),
        suite=suite,
        device=chosen_device(target.folder, device),
        conditions=str(checkpoint_of(target.folder, conditions).resolve()) if conditions else "",
        **{name: value for name, value in numbers.items() if value is not None},
    )


def _evaluated(request: Request, *, quiet: bool) -> Evaluation:
    """Evaluate, show progress on a terminal, and store the pictures."""
    with progress_line(f"{request.suite} of {Path(request.checkpoint).name}", quiet) as report:
        result = evaluate(request, report, Event())
    from tui.charts.files.evaluation_pictures import write_pictures

    if problem := write_pictures(result, result_file(RunFolder(Path(request.run)), result.checkpoint, result.suite)):
        say(problem, err=True)
    return result
