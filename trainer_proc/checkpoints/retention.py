"""Deletes the run's own checkpoints that no rule of `[checkpoints]` keeps; a thread does it, after each save."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from curricula.toml_file import TomlFileError, read_toml
from presets.checkpoints import Retention
from trainer_proc.contract.best_checkpoint import read_best
from trainer_proc.contract.checkpoint_use import delete_unless_in_use
from trainer_proc.contract.run_folder import LARGEST_SPEC, RUN_FILE, RunFolder, iteration_of


@dataclass(frozen=True)
class Needed:
    """What the training itself needs of its checkpoints, as iterations."""

    below: tuple[int, ...] = ()
    """The newest checkpoint below each of these is kept: a guard may return to it."""
    changes: tuple[int, ...] = ()
    """First iterations under changes by the user."""
    exactly: tuple[int, ...] = ()
    """Checkpoints that are kept."""


def kept(iterations: Collection[int], rules: Retention, needed: Needed, best: int | None) -> set[int]:
    """Return which of the checkpoints of these iterations are kept; `best` is the one with the best evaluation."""
    ordered = sorted(iterations)
    keep = set(ordered[-rules.newest :])
    keep |= {iteration for iteration in ordered if rules.every and iteration % rules.every == 0}
    keep |= {iteration for iteration in needed.exactly if iteration in iterations}
    if rules.best and best is not None and best in iterations:
        keep.add(best)
    limits = (*needed.below, *(needed.changes if rules.before_changes else ()))
    for limit in limits:
        if before := [iteration for iteration in ordered if iteration < limit]:
            keep.add(before[-1])
    return keep


class CheckpointRetention:
    """Applies `rules` to the checkpoints in `folder`, in the background.

    `on_deleted(names)` and `on_failed(reason)` are called by its thread. Never deleted: a file with another name than
    `model_<iteration>.pt`, one that another process uses, and one that another run was started from.
    """

    def __init__(
        self,
        folder: RunFolder,
        rules: Retention,
        on_deleted: Callable[[tuple[str, ...]], None],
        on_failed: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._rules = rules
        self._on_deleted = on_deleted
        self._on_failed = on_failed
        self._thread: threading.Thread | None = None
        self._needed: Needed | None = None
        self._started_from = _StartedFrom(folder)

    def apply(self, needed: Needed) -> None:
        """Delete what is not kept, and return at once; while the last deletion runs, leave it to the next save."""
        self._needed = needed
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=self._delete, args=(needed,), name="retention")
        self._thread.start()

    def finish(self) -> None:
        """Delete what is not kept at the end of the training; the last evaluation may have found another best one."""
        if self._thread is not None:
            self._thread.join()
        if self._needed is not None:
            self._delete(self._needed)

    def _delete(self, needed: Needed) -> None:
        try:
            by_iteration = {iteration_of(path): path for path in self._folder.checkpoints()}
            iterations = [iteration for iteration in by_iteration if iteration is not None]
            best = read_best(self._folder)
            keep = kept(iterations, self._rules, needed, None if best is None else best.iteration)
            candidates = [by_iteration[iteration] for iteration in iterations if iteration not in keep]
            deleted = list(self._deleted(candidates)) if candidates else []
        except OSError as error:
            self._on_failed(f"checkpoints can't be deleted: {error}")
            return
        if deleted:
            self._on_deleted(tuple(deleted))

    def _deleted(self, candidates: Iterable[Path]) -> Iterable[str]:
        started_from = self._started_from.read()
        for path in candidates:
            if path not in started_from and not path.is_symlink() and delete_unless_in_use(path):
                yield path.name


class _StartedFrom:
    """The checkpoints in a folder that other runs were started from, by their `run.toml`; each is read once."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder.path
        self._seen: set[Path] = set()
        self._files: set[Path] = set()

    def read(self) -> set[Path]:
        """Return them. Reads the disk."""
        for file in self._folder.parents[1].glob(f"*/*/{RUN_FILE}"):
            if file in self._seen or file.parent == self._folder:
                continue
            with suppress(OSError, TomlFileError):  # being written: read it next time
                checkpoint = read_toml(file, LARGEST_SPEC).get("checkpoint")
                self._seen.add(file)
                if isinstance(checkpoint, str) and checkpoint:
                    self._files.add(Path(checkpoint).resolve())
        return self._files
