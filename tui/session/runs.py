"""The runs on disk: finding them, and what can be said of each without attaching."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from trainer_proc.wire.connection import read_connection
from trainer_proc.wire.journal import JournalDamaged, JournalReader
from trainer_proc.wire.run_folder import RUN_FILE, RunFolder, RunFolderError, RunSpec
from tui.session.state import RunState, RunStatus


class RunNotFound(Exception):
    """No run, or more than one, goes by that name; the message is one line."""


@dataclass(frozen=True)
class RunSummary:
    """One row of the list of runs. `problem` says why a run can't be read; the rest is then empty.

    `iterations` counts those before a checkpoint that the run began with too, as `iteration` does.
    """

    folder: RunFolder
    spec: RunSpec | None
    status: RunStatus
    iteration: int | None
    iterations: int
    reward: float | None
    problem: str = ""


def run_folders(log_root: Path) -> list[RunFolder]:
    """Return the runs under `log_root`, newest first. Raises `OSError` if it can't be read."""
    if not log_root.exists():
        return []
    paths = [path.parent for path in log_root.glob(f"*/*/{RUN_FILE}")]
    return [RunFolder(path) for path in sorted(paths, key=lambda path: path.name, reverse=True)]


def summarize(folder: RunFolder) -> RunSummary:
    """Read a run's `run.toml` and journal; what can't be read is told in `problem`."""
    try:
        spec = folder.read_spec()
        state = read_state(folder)
    except (RunFolderError, JournalDamaged, OSError) as error:
        return RunSummary(folder, None, "failed", None, 0, None, str(error))
    return RunSummary(
        folder=folder,
        spec=spec,
        status=state.status(read_connection(folder) is not None),
        iteration=state.iteration,
        iterations=spec.iterations if state.started is None else state.last_iteration + 1,
        reward=state.latest.get("Train/mean_reward"),
    )


def read_state(folder: RunFolder) -> RunState:
    """Return the fold of the run's journal as it is now. Raises `JournalDamaged` or `OSError`."""
    state = RunState()
    for frame in JournalReader(folder.journal).read_new():
        state.apply(frame)
    return state


def find_run(text: str, log_root: Path) -> RunFolder:
    """Return the run that `text` names: a path, `latest`, a folder's name or a unique part of it.

    Raises `RunNotFound` or `RunFolderError`.
    """
    if (Path(text) / RUN_FILE).is_file():
        return RunFolder(Path(text))
    folders = run_folders(log_root)
    if not folders:
        raise RunNotFound(f"there are no runs in {log_root}: start one with humanoid-tui launch, or name its folder")
    if text == "latest":
        return folders[0]
    matches = [folder for folder in folders if folder.name == text] or [f for f in folders if text in f.name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(folder.name for folder in matches[:3])
        raise RunNotFound(f"{len(matches)} runs match {text}: {names}; say which")
    nearest = difflib.get_close_matches(text, [folder.name for folder in folders], n=3, cutoff=0.0)
    raise RunNotFound(f"there is no run {text}; nearest: {', '.join(nearest)}")
