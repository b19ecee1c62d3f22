"""What the launch screen lists: running trainings, the last run, and presets by what they train."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curricula.errors import UserError
from presets import Preset
from presets.preset import GROUPS
from trainer_proc.contract.connection import is_live
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.launching.changes_after import changes_after
from tui.session.launching.continuing import continued_spec
from tui.session.launching.spec_checks import checked_spec
from tui.session.runs.names import own_name
from tui.session.runs.run_index import read_state, run_folders
from tui.session.text import plain, shortened, shortened_names

ATTACH, CONTINUE = "attach:", "continue:"
"""Begin the ids of rows of runs; the path of the run follows. Rows of presets have the preset's name."""
_OWN = "your own"
_MOST_LIVE = 8
_TRIED = 5
"""Newest ended runs among which the last one that can be continued is looked for."""


@dataclass(frozen=True)
class ListedRuns:
    """Runs on the launch screen: those with a trainer, and the spec that continues the newest ended one."""

    live: tuple[RunFolder, ...] = ()
    last: RunFolder | None = None
    continued: RunSpec | None = None
    changes: str = ""
    """Changes that the checkpoint lacks, which `continued` makes again, as lines; empty for none."""


@dataclass(frozen=True)
class ListRow:
    """A row: name and simulator, or the heading of a group, which has no id."""

    id: str
    name: str
    simulator: str = ""


def find_runs(log_root: Path) -> ListedRuns:
    """Return the runs for the launch screen. Reads the disk."""
    folders = run_folders(log_root)
    live = [folder for folder in folders if is_live(folder)]
    for folder in [folder for folder in folders if folder not in live][:_TRIED]:
        try:
            spec = checked_spec(continued_spec(folder, read_state(folder), None))
            changes = changes_after(folder, Path(spec.checkpoint))
            spec = msgspec.structs.replace(spec, set=dict(changes.values))
            return ListedRuns(tuple(live[:_MOST_LIVE]), folder, spec, changes.listed(Path(spec.checkpoint)))
        except (UserError, OSError):  # finished, without a checkpoint, or unreadable
            continue
    return ListedRuns(tuple(live[:_MOST_LIVE]))


def launch_rows(
    presets: Iterable[Preset], unreadable: Iterable[str], runs: ListedRuns, pattern: str = ""
) -> list[ListRow]:
    """Return the rows whose texts have all words of `pattern`; headings of groups without rows are left out."""
    words = pattern.lower().split()
    attach = [ListRow(f"{ATTACH}{run.path}", f"attach {own_name(run.name)}") for run in runs.live]
    last = runs.last
    again = [] if last is None else [ListRow(f"{CONTINUE}{last.path}", f"continue {own_name(last.name)}")]
    groups: dict[str, list[tuple[ListRow, str]]] = {
        "running": [(row, f"running {row.name}") for row in attach],
        "last run": [(row, f"last run {row.name}") for row in again],
        **{group: [] for group in (*GROUPS, _OWN)},
    }
    for preset in presets:
        texts = (preset.name, preset.title, preset.task, preset.group, preset.backend)
        groups[preset.group or _OWN].append((ListRow(preset.name, preset.name, preset.backend), " ".join(texts)))
    groups[_OWN] += [(ListRow(name, f"{name} !"), name) for name in unreadable]
    rows: list[ListRow] = []
    for group, members in groups.items():
        found = [row for row, text in members if all(word in text.lower() for word in words)]
        rows += [ListRow("", group), *found] if found else []
    return rows


def run_text(row: str, runs: ListedRuns) -> str:
    """Describe the run of a row, and what Enter does with it."""
    path = row.partition(":")[2]
    if row.startswith(ATTACH):
        return f"{path}\n\nThis training is running. Enter opens its dashboard."
    spec = runs.continued
    left = "" if spec is None else f"\n\n{spec.iterations} iterations are left from {Path(spec.checkpoint).name}."
    again = f"\n\n{runs.changes}\nThey are made again before the first iteration." if runs.changes else ""
    return f"{path}{left}{again}\n\nEnter continues it as a new run."


def row_texts(rows: Sequence[ListRow], width: int) -> list[str]:
    """Return the rows' texts in `width` cells: names that differ look different, with a column for the simulator."""
    column = max((len(row.simulator) for row in rows), default=0)
    with_column = max(width - column - 1, 1)
    names = shortened_names([plain(row.name) for row in rows if row.simulator], with_column)
    short = iter(names)
    return [
        f"{next(short):<{with_column}} {row.simulator}" if row.simulator else shortened(plain(row.name), max(width, 1))
        for row in rows
    ]
