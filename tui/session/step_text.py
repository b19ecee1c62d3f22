"""Fast mode of a run: which parts of its training step graphs replay, which run eagerly, and why."""

from __future__ import annotations

import textwrap

import msgspec

from presets.fast import read_fast
from trainer_proc.contract.monitoring import FAST_MODE, StepCaptured, StepPart
from trainer_proc.contract.run_folder import RunSpec
from tui.session.state import RunState
from tui.session.text import plain

_ENVIRONMENT = "environment"
_LABEL = 12
_WIDTH = 80


class StepReport(msgspec.Struct, frozen=True):
    """Fast mode of a run, as `humanoid-tui doctor RUN --json` prints it."""

    run: str
    fast_mode: bool
    """Whether parts of the step have been reported."""
    reason: str
    """Why there is no fast mode, one line; empty with it."""
    device: str
    """`cpu` or `cuda:N`. On a CPU, captured parts run as they are, without a graph."""
    captured: list[str]
    eager: dict[str, str]
    """Reason by name of the part."""
    captures: int
    """Captures so far; a changed value captures again what reads it."""
    slowest_capture_seconds: float | None
    """None without fast mode."""


def step_parts(state: RunState) -> tuple[StepPart, ...]:
    """Return the parts of the step; none without fast mode, or before the first report."""
    if state.step_captured is None:
        return ()
    problem = state.missing.get(FAST_MODE, "")
    return (*state.step_captured.parts, *([StepPart(_ENVIRONMENT, problem)] if problem else []))


def turned_eager(before: StepCaptured | None, now: StepCaptured) -> list[StepPart]:
    """Return the parts that run eagerly since this report; none at the first one, which starts the training."""
    known = {part.name for part in before.parts if part.reason} if before is not None else set()
    return [part for part in now.parts if before is not None and part.reason and part.name not in known]


def step_report(run: str, spec: RunSpec, state: RunState, is_live: bool) -> StepReport:
    """Return what is known of a run's fast mode. Raises `SchemaError` if its setting is wrong."""
    parts, captured = step_parts(state), state.step_captured
    return StepReport(
        run=run,
        fast_mode=captured is not None,
        reason="" if captured is not None else _why_not(spec, state, is_live),
        device=spec.device,
        captured=[part.name for part in parts if not part.reason],
        eager={part.name: part.reason for part in parts if part.reason},
        captures=captured.captures if captured is not None else 0,
        slowest_capture_seconds=captured.seconds if captured is not None else None,
    )


def _why_not(spec: RunSpec, state: RunState, is_live: bool) -> str:
    setting = read_fast(spec.fast)
    if not setting.is_on(spec.device):
        if setting.mode == "auto":
            return f"it trains on {spec.device}, and only a CUDA device has graphs"
        return "steer was called without fast=True" if spec.script else 'switched off: --no-fast or [fast] mode = "off"'
    if problem := state.missing.get(FAST_MODE):
        return problem
    if is_live:
        return "not reported yet: parts are captured during the first two iterations"
    if state.iteration is None:
        return "the training ended before its first report"
    return "nothing was reported: an older version of the program has trained it"


def report_text(report: StepReport) -> str:
    """Return the lines of `humanoid-tui doctor RUN`."""
    if not report.fast_mode:
        return f"{report.run}: no fast mode: {plain(report.reason)}"
    count = len(report.captured)
    lines = [f"{report.run}: {count} of {count + len(report.eager)} parts of the training step are captured"]
    on_cpu = ", on a CPU without graphs" if report.device == "cpu" else ""
    lines += _labelled(
        "captures", [f"{report.captures}, the slowest took {report.slowest_capture_seconds:.2f} s{on_cpu}"]
    )
    lines += _labelled("captured", [", ".join(name.replace(" ", "\N{NO-BREAK SPACE}") for name in report.captured)])
    lines += _labelled("eager", [f"{name}: {reason}" for name, reason in report.eager.items()])
    return "\n".join(line.replace("\N{NO-BREAK SPACE}", " ") for line in lines)


def summary_lines(parts: tuple[StepPart, ...], width: int) -> list[str]:
    """Return one line of at most `width` cells for the machine panel, wrapped if it must be; none without parts."""
    if not parts:
        return []
    eager = sum(bool(part.reason) for part in parts)
    text = f"step: {len(parts) - eager} of {len(parts)} parts captured"
    return _wrapped(text + (f", {eager} eager (below)" if eager else ""), width)


def eager_lines(parts: tuple[StepPart, ...], width: int) -> list[str]:
    """Return each part that runs eagerly with its reason, under a title; none if there is no such part."""
    lines = [line for part in parts if part.reason for line in _wrapped(f"{part.name}: {part.reason}", width)]
    return ["", "eager parts of the step", *lines] if lines else []


def _labelled(label: str, texts: list[str]) -> list[str]:
    """Return wrapped lines with a label before the first."""
    lines = [line for text in texts if text for line in _wrapped(text, _WIDTH - _LABEL - 2)]
    return [f"  {label if at == 0 else '':<{_LABEL}}{line}" for at, line in enumerate(lines)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(plain(text), width, subsequent_indent="  ", break_on_hyphens=False)
