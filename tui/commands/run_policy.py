"""`run-policy`: run a bundle's policy on a robot."""

from __future__ import annotations

import math
import signal
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

import click

from curricula.errors import UsageError, UserError
from trainer_proc.contract.bundle.run_request import ROBOTS, RUN_POLICY, RobotKind, RunPolicyRequest, check_request
from trainer_proc.contract.bundle.verification_state import verification_state
from tui.commands.shared.finite_range import FiniteRange
from tui.commands.shared.output import ask, json_option, logs_option, say, show_result
from tui.commands.shared.progress_line import progress_line
from tui.session.backends.work import do_own_work
from tui.session.policy_run_text import run_text
from tui.session.text import plain
from tui.session.verification.report import verdict_text
from tui.session.verification.run import find_bundle

_WARNING = "The policy will move a real robot. Is it in damping mode, hung up, with the emergency stop in your hand?"

_UNVERIFIED = "Move a real robot with a policy that is not verified?"


@click.command("run-policy")
@click.argument("bundle", metavar="BUNDLE|RUN")
@click.option(
    "--robot", type=click.Choice(ROBOTS), default="mujoco", show_default=True, help="Robot that the policy runs on."
)
@click.option("--command", metavar="X,Y,YAW", help="Values of the policy's command, in its order; default: zeros.")
@click.option(
    "--seconds",
    type=FiniteRange(min=0.1),
    default=10.0,
    show_default=True,
    help="Duration of the run (s).",
)
@click.option("--ramp", type=FiniteRange(min=0.0), default=2.0, show_default=True, help="Seconds to the default pose.")
@click.option(
    "--max-tilt",
    type=FiniteRange(min=1.0, max=180.0),
    default=60.0,
    show_default=True,
    help="Largest tilt (degrees).",
)
@click.option("--loop-hz", type=FiniteRange(min=1.0, max=2000.0), help="Rate of the loop; default: the policy's, 500.")
@click.option("--interface", default="", help="Network interface of a Unitree robot, such as eth0.")
@click.option("--domain", type=click.IntRange(0, 230), default=0, show_default=True, help="Its DDS domain.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Rollout file to write.")
@click.option("--yes", is_flag=True, help="Ask nothing before a real robot moves.")
@click.option("--unverified", is_flag=True, help="With --yes: accept a bundle that is not verified.")
@logs_option
@json_option
def run_policy_command(
    bundle: str, robot: RobotKind, yes: bool, unverified: bool, log_root: Path, as_json: bool, **run: Any
) -> None:
    """Run an exported policy on a robot, or in MuJoCo in real time.

    BUNDLE is a folder with policy.json; of a RUN, exported/ is run. Ctrl+C damps the robot and ends. While it runs,
    the robot view shows it like the robot of a training. Exits with 1 if a limit has ended it. A bundle that is not
    verified is reported; with a real robot, --yes then needs --unverified too.
    """
    request = _request(bundle, robot, log_root, **run)
    check_request(request)
    _consider(Path(request.bundle), robot, yes, unverified, as_json)
    cancelled = _CancelledBySignals()
    with progress_line(f"policy on {robot}", as_json) as report:
        result = do_own_work(RUN_POLICY, request, report, cancelled)
    show_result(run_text(result), result, as_json)
    if cancelled.number:
        raise click.exceptions.Exit(128 + cancelled.number)
    if (result.problem or not result.is_complete) and as_json:
        raise click.exceptions.Exit(1)  # the report is the one JSON value
    if not result.is_complete:
        raise UserError(f"stopped and damped: {result.reason}")
    if result.problem:
        raise UserError(result.problem)


def _request(
    bundle: str,
    robot: RobotKind,
    log_root: Path,
    *,
    command: str | None,
    seconds: float,
    ramp: float,
    max_tilt: float,
    loop_hz: float | None,
    interface: str,
    domain: int,
    record: Path | None,
) -> RunPolicyRequest:
    """Return the request that the options make; `max_tilt` is in degrees."""
    return RunPolicyRequest(
        bundle=str(find_bundle(bundle, log_root)),
        robot=robot,
        command=_values(command),
        seconds=seconds,
        ramp_seconds=ramp,
        max_tilt=math.radians(max_tilt),
        loop_hz=loop_hz or 0.0,
        interface=interface,
        domain=domain,
        record=str(record.absolute()) if record is not None else "",
        log_root=str(log_root.absolute()),
    )


def _consider(bundle: Path, robot: RobotKind, yes: bool, unverified: bool, as_json: bool) -> None:
    """Report a bundle that is not verified, and ask before a real robot moves.

    Raises `click.Abort` for a no, `UsageError` for a real robot, a bundle that is not verified, and `--yes` alone.
    """
    state = verification_state(bundle)
    is_verified = state.kind == "verified"
    if not is_verified:
        text = verdict_text(state.verification) if state.kind == "failed" and state.verification else state.text
        say(plain(f"policy: {text}"), err=as_json)
    if robot != "unitree":
        return
    if not is_verified and yes and not unverified:
        raise UsageError("expected a verified bundle for --yes on a real robot: verify it, or add --unverified")
    if not is_verified and not unverified:
        ask(_UNVERIFIED, abort=True, err=as_json)
    if not yes:
        ask(_WARNING, abort=True, err=as_json)


def _values(text: str | None) -> tuple[float, ...]:
    """Return the numbers of a command; which ones it has is the policy's matter."""
    if text is None:
        return ()
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise UsageError(f"expected numbers separated by commas, such as 0.5,0,0, got {text}")
    return values


class _CancelledBySignals(Event):
    """Set by a signal: the run is then damped, and reported as usual."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        """The first signal's; 0 before."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.number = self.number or number
        self.set()
