"""The dialog that confirms the deletion of a run."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.widgets import Static

from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.delete import DeleteError, check_deletable, contents_of, deletion_question
from tui.session.text import plain, plain_lines
from tui.widgets.dialogs import Confirm, Dialog
from tui.widgets.key_table import key


class DeleteDialog(Confirm, inherit_bindings=False):
    """Confirms that a run is to be deleted; closes with a report if it cannot be.

    It opens at once, while the files are still counted: a late question would take keys that are meant for something
    else. For the same reason Enter, which ends a filter, is no answer.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *Dialog.BINDINGS,
        key("y", "delete", "delete", "Delete the run and all its files", id="delete.yes", footer=True),
        key("n,escape", "dismiss(False)", "cancel", "Keep the run", id="delete.no", footer=True),
    ]

    def __init__(self, folder: RunFolder, log_root: Path) -> None:
        """Ask about the run in `folder`."""
        super().__init__(plain(f"Delete {folder.name}? Counting its files…"))
        self._folder = folder
        self._log_root = log_root
        self._is_counted = False

    def on_mount(self) -> None:
        self._count()

    def action_delete(self) -> None:
        """Confirm, once the files are counted."""
        if self._is_counted:
            self.dismiss(True)

    @work(thread=True)
    def _count(self) -> None:
        try:
            check_deletable(self._folder, self._log_root)
            question = deletion_question(self._folder, contents_of(self._folder, self._log_root))
        except (DeleteError, OSError) as problem:
            self.app.call_from_thread(self._refuse, str(problem))
        else:
            self.app.call_from_thread(self._ask, question)

    def _ask(self, question: str) -> None:
        self._is_counted = True
        if self.is_attached:
            self.query_one(Static).update(self.text_of(plain_lines(question)))

    def _refuse(self, problem: str) -> None:
        self.notify(plain(problem), severity="error", markup=False)
        if self.is_active:
            self.dismiss(False)
