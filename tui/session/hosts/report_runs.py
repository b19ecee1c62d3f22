"""The host's end of the list of runs: reports what changes, until nobody listens."""

from __future__ import annotations

from pathlib import Path

from curricula.errors import UserError
from tui.session.hosts.listener import Listener
from tui.session.hosts.protocol import GpuLoad, HostReport, MachineLoad, MessageWriter, RunRow
from tui.session.machine.machine import MachineReader, MachineReading
from tui.session.runs.journal_summary import spread_points
from tui.session.runs.run_index import RunSummary
from tui.session.runs.run_list import RunList

_EVERY_SECONDS = 2.0
_POINTS = 32
"""Of a row's trend."""
_LONGEST = 1000
"""Characters of a reason or a problem."""


def report_runs(log_root: Path, output: MessageWriter, listener: Listener) -> None:
    """Send a report every 2 s; ends when nobody listens."""
    runs, machine = RunList(log_root), MachineReader()
    known: dict[str, RunRow] = {}
    machine.read(False)
    try:
        while True:
            rows = {row.path: row for rows in _look(runs) for row in map(row_of, rows)}
            changed = tuple(row for path, row in rows.items() if known.get(path) != row)
            gone = tuple(known.keys() - rows.keys())
            output.send(HostReport(_load(machine.read(False)), changed, gone))
            known = rows
            if not listener.waits(_EVERY_SECONDS):
                return
    except OSError:  # the connection is closed
        return
    finally:
        machine.close()


def _look(runs: RunList) -> list[list[RunSummary]]:
    try:
        return list(runs.look())
    except OSError as error:
        raise UserError(f"the runs can't be read: {error}") from error


def row_of(summary: RunSummary) -> RunRow:
    """Return the row of a run as it is sent."""
    spec, labels = summary.spec, summary.labels
    row = RunRow(
        path=_text(str(summary.folder.path)),
        status=summary.status,
        iteration=summary.iteration,
        iterations=summary.iterations,
        reward=summary.reward,
        success=summary.success,
        seconds=summary.seconds,
        rewards=tuple(spread_points(summary.rewards, _POINTS)),
        problem=_text(summary.problem),
        reason=_text(summary.reason),
        warning=_text(summary.warning),
        damage=_text(summary.damage),
        title=_text(labels.title),
        note=_text(labels.note),
        tags=tuple(map(_text, labels.tags)),
        starred=labels.starred,
        archived=labels.archived,
    )
    if spec is None:
        return row
    import msgspec

    return msgspec.structs.replace(
        row,
        preset=_text(spec.preset),
        task=_text(spec.task),
        experiment=_text(spec.experiment),
        device=_text(spec.device),
        num_envs=spec.num_envs,
        parent=_text(spec.parent),
        checkpoint=_text(spec.checkpoint),
    )


def _text(text: str) -> str:
    """Return a text of bounded length that is UTF-8."""
    return text[:_LONGEST].encode(errors="replace").decode()


def _load(reading: MachineReading) -> MachineLoad:
    return MachineLoad(
        cores=reading.cpu.count,
        cpu=reading.cpu.utilisation,
        memory_used_bytes=reading.memory.used_bytes,
        memory_total_bytes=reading.memory.total_bytes,
        gpus=tuple(
            GpuLoad(gpu.index, gpu.utilisation, gpu.memory_used_bytes, gpu.memory_total_bytes) for gpu in reading.gpus
        ),
    )
