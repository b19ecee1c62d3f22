"""Runs of hosts as rows of the list of runs."""

from __future__ import annotations

from trainer_proc.contract.run_folder import RunSpec
from tui.session.hosts.mirror_folder import mirror_folder
from tui.session.hosts.protocol import RunRow
from tui.session.runs.labels import Labels
from tui.session.runs.run_index import RunOrigin, RunSummary


def summary_of(host: str, row: RunRow) -> RunSummary:
    """Return the row of a run on `host`."""
    folder = mirror_folder(host, row.path)
    spec = RunSpec(
        preset=row.preset,
        backend="",
        task=row.task,
        experiment=row.experiment,
        device=row.device,
        num_envs=row.num_envs,
        iterations=row.iterations,
        seed=0,
        parent=row.parent,
        checkpoint=row.checkpoint,
    )
    return RunSummary(
        folder=folder,
        spec=None if row.problem else spec,
        status=row.status,
        iteration=row.iteration,
        iterations=row.iterations,
        reward=row.reward,
        success=row.success,
        seconds=row.seconds,
        rewards=row.rewards,
        problem=row.problem,
        reason=row.reason,
        warning=row.warning,
        damage=row.damage,
        labels=Labels(row.title, row.note, row.tags, row.starred, row.archived),
        origin=RunOrigin(host, row.path),
    )
