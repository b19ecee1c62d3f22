"""`verify`: verify a bundle in MuJoCo."""

from __future__ import annotations

from pathlib import Path

import click

from trainer_proc.contract.bundle.gate import LEVELS, Level
from trainer_proc.contract.bundle.verification import Thresholds
from trainer_proc.contract.bundle.verify_request import VerifyRequest
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import json_option, logs_option, show_result
from tui.commands.shared.verified import exit_unless_verified, verified
from tui.session.verification.report import report_record, report_text
from tui.session.verification.run import find_bundle


@click.command("verify")
@click.argument("bundle", metavar="BUNDLE|RUN")
@click.option("--level", type=click.Choice(LEVELS), default="quick", show_default=True, help="Size of the test plan.")
@click.option(
    "--min-success",
    type=FiniteRange(min=0, max=1),
    default=Thresholds().min_success,
    show_default=True,
    help="Least share of successful episodes, and of episodes without a fall in each group of disturbances.",
)
@click.option(
    "--max-gap",
    type=FiniteRange(min=0, max=1),
    default=Thresholds().max_gap,
    show_default=True,
    help="Largest loss of success from the training simulator to MuJoCo.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Episodes at once; by default one on each core.")
@click.option(
    "--reference/--no-reference",
    default=True,
    help="First play the plan in the training's simulator, if the bundle of a run lacks that.",
)
@logs_option
@json_option
def verify_command(
    bundle: str,
    level: Level,
    min_success: float,
    max_gap: float,
    threads: int | None,
    reference: bool,
    log_root: Path,
    as_json: bool,
) -> None:
    """Verify an exported policy in MuJoCo, from its files alone.

    BUNDLE is a folder with policy.json; of a RUN, exported/ is verified. The result is stored there. Exits with 1 if
    the bundle is not verified.
    """
    folder = find_bundle(bundle, log_root)
    request = VerifyRequest(
        bundle=str(folder),
        level=level,
        thresholds=Thresholds(min_success=min_success, max_gap=max_gap),
        threads=threads or 0,
    )
    found = verified(request, quiet=as_json, with_reference=reference)
    show_result(report_text(folder, found), report_record(folder, found), as_json)
    exit_unless_verified(found, as_json=as_json)
