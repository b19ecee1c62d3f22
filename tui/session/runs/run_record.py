"""A row of the list of runs as a dictionary of plain values, for JSON."""

from __future__ import annotations

from typing import Any

from tui.session.runs.iterations import iteration_record
from tui.session.runs.run_index import RunSummary


def run_record(summary: RunSummary) -> dict[str, Any]:
    """Return all facts about a run; of an unreadable one, only path, name and `problem`."""
    spec = summary.spec
    origin = summary.origin
    return {
        "host": None if origin is None else origin.host,
        "run": str(summary.folder.path) if origin is None else origin.path,
        "name": summary.folder.name,
        "preset": spec.preset if spec else None,
        "task": spec.task if spec else None,
        "status": summary.status,
        **iteration_record(summary.iteration),
        "iterations": summary.iterations if spec else None,
        "reward": summary.reward,
        "success": summary.success,
        "seconds": summary.seconds if spec else None,
        "parent": (spec.parent or None) if spec else None,
        "checkpoint": (spec.checkpoint or None) if spec else None,
        "title": summary.labels.title,
        "note": summary.labels.note,
        "tags": summary.labels.tags,
        "starred": summary.labels.starred,
        "archived": summary.labels.archived,
        "labels_problem": summary.labels_problem,
        "reason": summary.reason,
        "warning": summary.warning,
        "damage": summary.damage,
        "problem": summary.problem,
    }
