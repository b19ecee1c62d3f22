"""Keys of the list of runs that act on the selected run."""

from __future__ import annotations

from textual import on, work
from textual.widgets import DataTable

from trainer_proc.contract.run_folder import RunFolder
from tui.navigation import OpenHostRun, OpenRun, ShowEvaluations, ShowExperiment
from tui.screens.runs.delete_dialog import DeleteDialog
from tui.screens.runs.label_dialog import LabelDialog
from tui.screens.runs.run_list_screen import RunListScreen
from tui.session.runs.delete import DeleteError, delete_run
from tui.session.runs.labels import LabelChange, LabelError, Labels, change_labels
from tui.session.text import plain
from tui.widgets.code_dialog import CodeDialog
from tui.widgets.continue_dialog import ContinueDialog
from tui.widgets.shown_keys import key_of


class RunActions(RunListScreen):
    """Opens, continues, labels and deletes the selected run."""

    @on(DataTable.RowSelected)
    def action_attach(self) -> None:
        """Open the dashboard of the selected run, or the experiment."""
        if (group := self.table.group) is not None:
            self.post_message(ShowExperiment(group.path))
            return
        summary = self.readable()
        if summary is not None:
            self.post_message(OpenRun(summary.folder) if summary.origin is None else OpenHostRun(summary.origin))

    def action_evaluations(self) -> None:
        """Show the evaluations of the selected run."""
        if (summary := self.own()) is not None:
            self.post_message(ShowEvaluations(summary.folder))

    @work
    async def action_continue_run(self) -> None:
        """Continue the selected run as a new one, and open that."""
        summary = self.own()
        if summary is not None and (new := await self.answer_to(ContinueDialog(summary.folder))):
            self.post_message(OpenRun(new))

    def action_delete(self) -> None:
        """Delete the selected run after a question."""
        summary = self.table.summary
        if summary is not None and summary.origin is None:  # an unreadable one too
            self._delete(summary.folder)
        else:
            self.own()

    @work
    async def _delete(self, folder: RunFolder) -> None:
        if await self.answer_to(DeleteDialog(folder, self.log_root)):
            await self._delete_now(folder).wait()
            self.reload()

    @work(thread=True)
    def _delete_now(self, folder: RunFolder) -> None:
        try:
            delete_run(folder, self.log_root)
        except (DeleteError, OSError) as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="error", markup=False)
        else:
            self.app.call_from_thread(self.notify, plain(f"{folder.name} deleted"), markup=False)

    def action_code(self) -> None:
        """Show the code that the selected run was started with."""
        if (summary := self.own()) is not None:
            self.app.push_screen(CodeDialog(summary.folder))

    # --- labels ---

    @work
    async def action_label(self) -> None:
        """Edit the labels of the selected run."""
        summary = self.own()
        if summary is None:
            return
        if summary.labels_problem:
            self.notify(plain(summary.labels_problem), severity="error", markup=False)
        elif change := await self.answer_to(LabelDialog(summary.folder.name, summary.labels)):
            self._label(summary.folder, change)

    def action_star(self) -> None:
        """Star the selected run, or remove its star."""
        if (summary := self.own()) is not None:
            self._label(summary.folder, LabelChange(starred=not summary.labels.starred))

    def action_archive(self) -> None:
        """Archive the selected run, or list it again."""
        if (summary := self.own()) is not None:
            self._label(summary.folder, LabelChange(archived=not summary.labels.archived))

    @work(thread=True, group="labels")
    def _label(self, folder: RunFolder, change: LabelChange) -> None:
        try:
            (labels,) = change_labels([folder], change)
        except LabelError as problem:
            self.app.call_from_thread(self.notify, plain(str(problem)), severity="error", markup=False)
        else:
            self.app.call_from_thread(self._show_label, folder, labels, is_archived=change.archived)

    def _show_label(self, folder: RunFolder, labels: Labels, *, is_archived: bool | None) -> None:
        self.show_labels(folder, labels)
        if is_archived is not None:
            key = key_of(self.app, "runs.archived", "h")
            done = f"archived: {key} lists archived runs" if is_archived else "listed again"
            self.notify(plain(f"{folder.name} {done}"), markup=False)
