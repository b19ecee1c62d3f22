"""Saves checkpoints that are complete or absent and carry the steering state."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from curricula.errors import message_of
from trainer_proc.checkpoints.load import CheckpointError, is_finite, load_into_live, read_checkpoint
from trainer_proc.contract.run_folder import RunFolder, checkpoint_name, iteration_of
from trainer_proc.metrics.nan_guard import has_finite_weights

_RETRY_SECONDS = 5.0
"""Time between two attempts to write a checkpoint that a full disk has refused."""


class LiveCheckpoints:
    """Saves and reloads a running training. Wraps `runner.save` on the instance, which covers rsl-rl's own saves.

    A file is written beside its target, renamed, and then uploaded. `infos()` is stored in every file.
    `on_saved(iteration, path)` is called for each. If a save fails, on a full disk for one, training continues and
    `on_failed(iteration, reason)` is called; `catch_up` tries again until one is written.
    """

    def __init__(
        self,
        runner: Any,
        infos: Callable[[], dict[str, Any]],
        on_saved: Callable[[int, Path], None],
        on_failed: Callable[[int, str], None],
    ) -> None:
        self._runner = runner
        self._infos = infos
        self._on_saved = on_saved
        self._on_failed = on_failed
        self.loaded = ""
        """Path of the checkpoint that the training continues from; empty for none."""
        self.reloaded_at = -1
        """Last iteration before a checkpoint was loaded into the live policy; -1 for none."""
        self._complete: tuple[Path, dict[str, Any]] | None = None
        """The file that `save_complete` has written last, and its `infos`."""
        self.owed = ""
        """Why the newest checkpoint could not be written; empty if it was."""
        self._next_try = 0.0
        self._original_save = runner.save
        runner.save = self._save_whole

    def save(self, iteration: int) -> None:
        """Save `model_<iteration>.pt`, on the rank that has a writer."""
        self._complete = None
        if self._runner.logger.writer is not None:
            self._runner.save(str(self._file_of(iteration)))

    def save_complete(self, iteration: int) -> None:
        """As `save`; the library's own saves of this iteration are left out unless steering changes in between."""
        infos = self._infos()
        self.save(iteration)
        self._complete = (self._file_of(iteration), infos)

    def catch_up(self, iteration: int) -> None:
        """Save the policy after `iteration` if the last save has failed, at most every few seconds."""
        if self.owed and time.monotonic() >= self._next_try:
            self.save(iteration)

    def finish(self, iteration: int, error: BaseException | None) -> None:
        """Save the policy after `iteration`, the last one, if that is owed or if an `error` ends the training.

        If it can't be written, it is saved in the folder for temporary files. Never raises `Exception`.
        """
        if self._runner.logger.writer is None:
            return
        try:
            if self.owed or (isinstance(error, Exception) and not self._file_of(iteration).is_file()):
                self.save(iteration)
            if self.owed:
                self._save_elsewhere(iteration)
        except Exception as problem:  # a GPU that has failed fails at every operation
            self._on_failed(iteration, f"the last checkpoint is lost: {message_of(problem)}")

    def _save_elsewhere(self, iteration: int) -> None:
        folder = Path(tempfile.mkdtemp(prefix=f"humanoid-tui-{Path(self._runner.logger.log_dir).name}-"))
        self._original_save(str(folder / checkpoint_name(iteration)), self._infos())
        self._on_failed(iteration, f"the last checkpoint is kept in {folder}: {self.owed}")

    def reload(self, iteration: int, on_all_ranks: Callable[[bool], bool] = bool) -> str | None:
        """Load `model_<iteration>.pt` into the live policy and return its name; the iteration number is not changed.

        Returns None if any rank lacks the file or can't read it.
        """
        return self.reload_file(checkpoint_name(iteration), on_all_ranks)

    def newest_good(self, before: int | None = None) -> str:
        """Return the newest readable and finite checkpoint of an iteration below `before`, empty if there is none.

        It is a path relative to the run's folder, or the file that the training continues from.
        """
        folder = Path(self._runner.logger.log_dir)
        numbered = [(iteration_of(path) or 0, path.name) for path in RunFolder(folder).checkpoints()]
        names = [name for number, name in reversed(numbered) if before is None or number < before]
        for name in (*names, *filter(None, (self.loaded,))):
            with suppress(CheckpointError):
                if is_finite(read_checkpoint(folder / name)):
                    return name
        return ""

    def reload_file(self, name: str, on_all_ranks: Callable[[bool], bool] = bool) -> str | None:
        """As `reload`, for a path as `newest_good` returns it."""
        path = Path(self._runner.logger.log_dir) / name
        iteration = self._runner.current_learning_iteration
        content = self._read(path, iteration) if path.is_file() else None
        if not on_all_ranks(content is not None) or content is None:
            return None
        try:
            load_into_live(self._runner, content)
        except (RuntimeError, KeyError, ValueError) as error:  # a checkpoint of another training
            self._on_failed(iteration, message_of(error))
            return None
        self.reloaded_at = iteration
        return path.name

    def _is_complete(self, target: Path) -> bool:
        """Return whether `save_complete` has written this file, and steering has not changed since."""
        return self._complete == (target, self._infos()) and target.is_file() if self._complete else False

    def _file_of(self, iteration: int) -> Path:
        return Path(self._runner.logger.log_dir) / checkpoint_name(iteration)

    def _read(self, path: Path, iteration: int) -> dict[str, Any] | None:
        try:
            return read_checkpoint(path)
        except CheckpointError as error:
            self._on_failed(iteration, str(error))
            return None

    def _save_whole(self, path: str, infos: dict[str, Any] | None = None) -> None:
        target = Path(path)
        if infos is None and self._is_complete(target):
            return
        temporary = target.with_name(f".{target.name}")
        iteration = self._runner.current_learning_iteration
        # a resumed run or an export starts from the newest checkpoint: it must be finite
        if not has_finite_weights(self._runner.alg):
            self._on_failed(iteration, f"{target.name} is not saved: the policy is not finite")
            return
        uploads: list[int] = []
        try:
            with self._uploads_put_off(uploads):
                self._original_save(str(temporary), {**(infos or {}), **self._infos()})
            for beside in target.parent.glob(f".{target.stem}[!0-9]*"):  # a user's runner may save more than one file
                beside.replace(beside.with_name(beside.name[1:]))
        except Exception as error:  # torch reports a full disk as RuntimeError, exporters of users' runners as anything
            self._has_failed(iteration, target, message_of(error))
        else:
            self.owed = ""
            self._on_saved(iteration, target)
            for number in uploads:
                self._upload(target, number)
        finally:
            with suppress(OSError):  # the folder may be gone, or read-only
                temporary.unlink(missing_ok=True)

    def _has_failed(self, iteration: int, target: Path, reason: str) -> None:
        if not self.owed:  # once, however often it is tried again
            self._on_failed(iteration, f"{target.name} can't be saved: {reason}")
        self.owed = reason
        self._next_try = time.monotonic() + _RETRY_SECONDS

    @contextmanager
    def _uploads_put_off(self, uploads: list[int]) -> Iterator[None]:
        """Collect the iterations that rsl-rl's logger would upload, to W&B for one, under the temporary name."""
        logger: Any = getattr(self._runner, "logger", None)
        upload = getattr(logger, "save_model", None)
        if upload is None:
            yield
            return
        logger.save_model = lambda path, it: uploads.append(it)
        try:
            yield
        finally:
            logger.save_model = upload

    def _upload(self, target: Path, iteration: int) -> None:
        try:
            self._runner.logger.save_model(str(target), iteration)
        except Exception as error:  # of the service's library
            self._on_failed(iteration, f"{target.name} can't be uploaded: {message_of(error)}")
