"""The question before a run is deleted."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widgets import Static

from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.delete import DeleteError, check_deletable, contents_of, deletion_question
from tui.session.text import plain
from tui.widgets.dialogs import Confirm, Dialog


class DeleteDialog(Confirm, inherit_bindings=False):
    """Asks whether a run is to be deleted; closes and says why if it can't be.

    It is there at once, though what the run holds takes a while to count: a question that comes late would take keys
    that are meant for something else. For the same reason Enter, which ends a filter, is no answer.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *Dialog.BINDINGS,
        Binding("y", "delete", "delete", tooltip="Delete the run with all its files", id="delete.yes"),
        Binding("n,escape", "dismiss(False)", "no", tooltip="Leave it", id="delete.no"),
    ]

    def __init__(self, folder: RunFolder, log_root: Path) -> None:
        """Ask about the run in `folder`."""
        super().__init__(plain(f"Delete {folder.name}? Counting what it holds…"))
        self._folder = folder
        self._log_root = log_root
        self._is_known = False

    def on_mount(self) -> None:
        """Look at the run."""
        self._look()

    def action_delete(self) -> None:
        """Delete it, once it is known what goes."""
        if self._is_known:
            self.dismiss(True)

    @work(thread=True)
    def _look(self) -> None:
        try:
            check_deletable(self._folder, self._log_root)
            question = deletion_question(self._folder, contents_of(self._folder, self._log_root))
        except (DeleteError, OSError) as problem:
            self.app.call_from_thread(self._refuse, str(problem))
        else:
            self.app.call_from_thread(self._ask, question)

    def _ask(self, question: str) -> None:
        self._is_known = True
        if self.is_attached:
            self.query_one(Static).update(self.text_of(plain(question)))

    def _refuse(self, problem: str) -> None:
        self.notify(plain(problem), severity="error", markup=False)
        if self.is_active:
            self.dismiss(False)
