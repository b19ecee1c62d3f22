"""Status and exports of a run as one line of text."""

from __future__ import annotations

import math
from textwrap import shorten

from trainer_proc.contract.damage_text import damage_text
from trainer_proc.contract.monitoring import TrainerStalled
from trainer_proc.contract.products import ExportFailed, ExportFinished, ExportStarted
from tui.session.evaluation_text import evaluation_text, goal_text
from tui.session.guards import present_text, ways_text
from tui.session.machine.gpu_use import GpuUse
from tui.session.metrics.names import own_name
from tui.session.numbers import rough_duration, short_count
from tui.session.references.fit import seconds_left
from tui.session.remedies import remedy_now
from tui.session.state import RunState, RunStatus

STATUS_SIGNS: dict[RunStatus, str] = {
    "waiting": "…",
    "starting": "…",
    "building": "…",
    "compiling": "…",
    "training": "▶",
    "running": "▶",
    "paused": "⏸",
    "stopping": "…",
    "finished": "✔",
    "stopped": "■",
    "failed": "✘",
    "killed": "✘",
    "stalled": "!",
    "lost": "?",
}
"""A sign for each status; colour is not needed to tell them apart."""


_BARS = (40, 30, 20, 14, 10, 7, 5)
"""Widths of the progress bar, in cells; the first one that leaves room for the rest is used."""
_BARS_BESIDE = tuple(bar for bar in _BARS if bar >= 10)
"""Widths beside goal and evaluations."""


def progress_line(
    state: RunState, is_alive: bool, width: int, now: float, problem: str = "", *, exporting_since: float | None = None
) -> str:
    """Return the progress in at most `width` cells if possible; the bar and the elapsed time make room for the rest.

    Goal and evaluations follow where there is room for them beside a bar.

    `now` is Unix time in seconds, for the elapsed time of a run that is alive. `exporting_since` is that of an export's
    begin, if the run itself does not report it.
    """
    if exporting_since is None and is_alive:
        exporting_since = state.exporting_since
    exporting = "" if exporting_since is None else exporting_text(now - exporting_since)
    elapsed = rough_duration(state.seconds_elapsed(now if is_alive else None)) if state.started is not None else ""
    added = [text for text in (goal_text(state), evaluation_text(state, is_alive)) if text]
    beside = [(bar, elapsed, added[:count]) for count in range(len(added), 0, -1) for bar in _BARS_BESIDE]
    alone = [
        (bar, shown, added[:0]) for bar, shown in [*((bar, elapsed) for bar in _BARS), (0, elapsed), (5, ""), (0, "")]
    ]
    line = ""
    for bar, shown, texts in [*beside, *alone]:
        line = "  ".join([progress(state, is_alive, bar, problem, elapsed=shown, exporting=exporting), *texts])
        if len(line) <= width:
            break
    return line


def progress(
    state: RunState, is_alive: bool, bar_width: int, problem: str = "", *, elapsed: str = "", exporting: str = ""
) -> str:
    """Return one line: status, iteration, a bar of `bar_width` cells, elapsed and remaining time, or current step.

    `problem` is why the run is followed no more; it comes first. `exporting` is what an export does. Skipped frames are
    reported at the end.
    """
    times = [f"{elapsed} elapsed"] if elapsed else []
    status = state.status(is_alive)
    parts = [not_following(problem)] if problem else []
    parts.append(f"{STATUS_SIGNS[status]} {status}")
    if state.started is not None and state.iteration is not None:
        filled = round(state.progress * bar_width)
        parts.append(f"iteration {state.iteration + 1} of {state.last_iteration + 1}")
        parts.append(f"{'█' * filled}{'░' * (bar_width - filled)} {state.progress:.0%}".strip())
        if status in ("training", "paused"):
            times.append(f"{rough_duration(seconds_left(state))} left")
        parts += [", ".join(times)] if times else []
        times = []
    parts += [exporting] if exporting else []
    trouble = present_text(state.troubles.present) if is_alive else ""
    if trouble and not (status == "paused" and state.phase is not None and state.phase.detail.startswith("guard ")):
        parts.append(trouble)
    if status == "failed" and state.started is not None:
        remedy = remedy_now(state.started.num_envs, state, is_alive=False)
        parts += [f"{remedy.failure} (C: remedy)"] if remedy is not None else []
    if status == "stalled" and state.stalled is not None:
        parts.append(stalled_text(state.stalled))
    if status == "waiting":
        parts.append(state.waiting)
    if is_alive and state.delayed:
        parts.append(delayed_text(state))
    if status == "paused" and state.phase is not None and (ways := ways_text(state.phase)):
        parts.append(ways)
    if (
        state.phase is not None
        and state.phase.detail not in ("", status)
        and status not in ("training", "stalled", "waiting")
    ):
        parts.append(state.phase.detail)
    if status == "compiling" and state.phase is not None:
        parts.append(f"{state.phase.kernel_modules} kernel modules")
    parts += times  # of a run without iterations
    if state.unknown_kinds:
        parts.append(skipped_frames(state))
    if state.damaged:
        parts.append(damage_text(state.damaged))
    return "  ".join(parts)


def stalled_text(stalled: TrainerStalled) -> str:
    """Return one line about a training that makes no progress."""
    return f"no progress for {stalled.seconds:.0f} s: the training process {stalled.doing}"


def delayed_text(state: RunState) -> str:
    """Return one line about what can't be written now; there must be something."""
    reasons = dict.fromkeys(state.delayed.values())
    return f"⚠ not written yet: {', '.join(state.delayed)} ({'; '.join(reasons)})"


def not_following(problem: str, run: str = "") -> str:
    """Return why a run is not followed any more; `run` is its name among several."""
    return f"✘ not following{f' {run}' if run else ''}: {problem}"


def load_text(state: RunState, is_alive: bool, gpus: GpuUse | None) -> str:
    """Return how fast a training runs and how busy its GPUs are; empty for a run that does not train."""
    if not is_alive or state.iteration is None:
        return ""
    steps = state.latest.get(own_name("steps_per_second"))
    parts = [f"{short_count(steps)} steps/s"] if steps is not None and math.isfinite(steps) else []
    if gpus is not None:
        parts.append(f"{gpus.count} GPUs" * (gpus.count > 1) + "GPU" * (gpus.count == 1) + f" {gpus.share:4.0%}")
    return "  ".join(parts)


def skipped_frames(state: RunState) -> str:
    """Return one line about frames of unknown kinds; there must be some."""
    kinds = ", ".join(state.unknown_kinds)
    return f"{state.unknown_kinds.total()} frames of unknown kinds skipped ({kinds}): update humanoid-tui"


def exporting_text(seconds: float) -> str:
    """Return in few words that an export runs, and for how long: on a busy machine it may take minutes."""
    return "exporting" if seconds < 1 else f"exporting for {seconds:.0f} s"


def export_result(export: ExportStarted | ExportFinished | ExportFailed, verification: str = "not verified yet") -> str:
    """Return one line about an export; `verification` is the state of its bundle, which is new."""
    if isinstance(export, ExportStarted):
        return f"exporting iteration {export.iteration}; training blocked for {export.stall_ms:.1f} ms"
    if isinstance(export, ExportFailed):
        return f"export of iteration {export.iteration} failed: {export.reason}"
    left_out = shorten("; ".join(export.not_included), 80, placeholder=" …")
    not_measured = ", ".join(line.partition(":")[0] for line in export.not_measured)
    not_written = shorten("; ".join(export.not_written), 160, placeholder=" …")
    return (
        f"iteration {export.iteration} exported to {export.folder}: largest difference from torch "
        f"{export.largest_difference:.1e}, p50 {export.latency_p50_us:.0f} µs, "
        f"p99 {export.latency_p99_us:.0f} µs, rate up to {export.rate_hz:,.0f} Hz"
        f"{verification and f'; {verification}'}"
        f"{not_measured and f'; the robot can not measure {not_measured} (see policy.json)'}"
        f"{left_out and f'; not included (see policy.json): {left_out}'}"
        f"{not_written and f'; not written: {not_written}'}"
    )
