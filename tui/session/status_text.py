"""Status and exports of a run as one line of text."""

from __future__ import annotations

from trainer_proc.contract.messages import ExportFailed, ExportFinished, ExportStarted
from tui.session.guards import present_text, ways_text
from tui.session.numbers import duration
from tui.session.state import RunState, RunStatus

STATUS_SIGNS: dict[RunStatus, str] = {
    "starting": "…",
    "building": "…",
    "compiling": "…",
    "training": "▶",
    "paused": "⏸",
    "stopping": "…",
    "finished": "✔",
    "stopped": "■",
    "failed": "✘",
    "killed": "✘",
}
"""A sign for each status; colour is not needed to tell them apart."""


def progress(state: RunState, is_alive: bool, bar_width: int, problem: str = "") -> str:
    """Return one line: status, iteration, a bar of `bar_width` cells, time left or current step.

    `problem` is why the run is followed no more; it comes first. Skipped frames are reported at the end.
    """
    status = state.status(is_alive)
    parts = [f"✘ not following: {problem}"] if problem else []
    parts.append(f"{STATUS_SIGNS[status]} {status}")
    if state.started is not None and state.iteration is not None:
        filled = round(state.progress * bar_width)
        parts.append(f"iteration {state.iteration + 1} of {state.last_iteration + 1}")
        parts.append("█" * filled + "░" * (bar_width - filled) + f" {state.progress:.0%}")
        if status in ("training", "paused"):
            parts.append(f"{duration(state.seconds_left)} left")
    trouble = present_text(state.troubles.present) if is_alive else ""
    if trouble and not (status == "paused" and state.phase is not None and state.phase.detail.startswith("guard ")):
        parts.append(trouble)
    if status == "paused" and state.phase is not None and (ways := ways_text(state.phase)):
        parts.append(ways)
    if state.phase is not None and state.phase.detail not in ("", status) and status != "training":
        parts.append(state.phase.detail)
    if status == "compiling" and state.phase is not None:
        parts.append(f"{state.phase.kernel_modules} kernel modules")
    if state.unknown_kinds:
        parts.append(skipped_frames(state))
    return "  ".join(parts)


def skipped_frames(state: RunState) -> str:
    """Return one line about frames of unknown kinds; there must be some."""
    kinds = ", ".join(state.unknown_kinds)
    return f"{state.unknown_kinds.total()} frames of unknown kinds skipped ({kinds}): update humanoid-tui"


def export_result(export: ExportStarted | ExportFinished | ExportFailed) -> str:
    """Return one line about an export."""
    if isinstance(export, ExportStarted):
        return f"exporting iteration {export.iteration}; training blocked for {export.stall_ms:.1f} ms"
    if isinstance(export, ExportFailed):
        return f"export of iteration {export.iteration} failed: {export.reason}"
    return (
        f"iteration {export.iteration} exported to {export.folder}: largest difference from torch "
        f"{export.largest_difference:.1e}, p50 {export.latency_p50_us:.0f} µs, "
        f"p99 {export.latency_p99_us:.0f} µs, rate up to {export.rate_hz:,.0f} Hz"
    )
