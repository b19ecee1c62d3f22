"""Actions on knobs and on the history of changes: edit, step, reset, unpin, undo, redo, before/after, copy."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from textual import on, work
from textual.timer import Timer

from trainer_proc.contract.requests import Redo, StopRamp, Tune, Undo, Unpin
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.screens.dashboard.impact_dialog import ImpactDialog
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.run_screen import RunScreen
from tui.session.knob_states import KnobState
from tui.session.knobs.edit import EditFields
from tui.session.knobs.knob_text import history_text
from tui.session.knobs.steps import KnobSteps
from tui.session.notifications.news import News
from tui.session.recordings.preset_text import changed_values, preset_text
from tui.session.runs.checkpoints import nearest_checkpoint

STEP_SECONDS = 0.3
"""Presses of a step key within this time of each other become one request."""
_WIDTH_OF_HISTORY = 40


class KnobActions(RunScreen):
    """Handlers of keys in `actions.KEYS`, and of the knob panel's messages."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(folder)
        self._knob_steps = KnobSteps()
        self._step_timer: Timer | None = None

    # --- editing ---

    @on(KnobTable.EditRequested)
    def _edit_knob(self, message: KnobTable.EditRequested) -> None:
        self._open_dialog(message.knob, None, self.state.revision)

    @on(KnobLine.DialogRequested)
    def _continue_in_dialog(self, message: KnobLine.DialogRequested) -> None:
        self._open_dialog(message.knob, message.fields, message.revision)

    @work
    async def _open_dialog(self, knob: KnobState, fields: EditFields | None, revision: int) -> None:
        if self._is_read_only(knob):
            return
        name = knob.knob.name
        history = history_text(self.knob_history.drawn_as(name), self.knob_history.line(name, _WIDTH_OF_HISTORY))
        tune = await self.answer_to(KnobDialog(knob, revision, fields, history))
        if tune is not None:
            self.send(tune)

    @on(KnobPanel.Tuned)
    def _send_value(self, message: KnobPanel.Tuned) -> None:
        self.send(message.tune)

    @on(KnobPanel.EditRefused)
    def _report_read_only(self, message: KnobPanel.EditRefused) -> None:
        self._is_read_only(message.knob)

    @on(KnobTable.StepRequested)
    def _step_knob(self, message: KnobTable.StepRequested) -> None:
        """Add a step to the wanted value; send it once no more step keys come."""
        if problem := self._knob_steps.step(message.knob, message.factor, self.state.revision):
            self.report(News(problem))
        if not self._knob_steps.wanted:
            return
        if self._step_timer is not None:
            self._step_timer.stop()
        self._step_timer = self.set_timer(STEP_SECONDS, self._send_steps)
        self.show_panels()

    def _send_steps(self) -> None:
        tune = self._knob_steps.take(self.state.knobs)
        if tune is not None:
            self.send(tune)
        self.show_panels()

    def action_default(self) -> None:
        """Reset the selected knobs to their defaults."""
        chosen = self._chosen_knobs
        if not chosen or any(map(self._is_read_only, chosen)):
            return
        away = [one.knob for one in chosen if one.is_changed or one.pending is not None or one.ramp is not None]
        if away:
            values = {knob.name: knob.default for knob in away}
            self.send(Tune(values, "reset to default", revision=self.state.revision))
        elif len(chosen) == 1:
            self.report(News(f"{chosen[0].knob.name} is at its default"))
        else:
            self.report(News(f"all {len(chosen)} knobs are at their defaults"))

    def action_unpin(self) -> None:
        """Return the selected knobs to their competing writers."""
        if names := _names_of(self._chosen_knobs, lambda one: one.knob.pinned):
            self.send(Unpin(names, revision=self.state.revision))

    def action_stop_ramp(self) -> None:
        """Stop the ramps of the selected knobs."""
        if names := _names_of(self._chosen_knobs, lambda one: one.ramp is not None):
            self.send(StopRamp(names, revision=self.state.revision))

    @property
    def _chosen_knobs(self) -> list[KnobState]:
        """The selected knobs, or the one under the cursor; none while the curricula replace the knobs."""
        panel = self.query_one(KnobPanel)
        return panel.chosen if panel.display else []

    def _is_read_only(self, state: KnobState) -> bool:
        """Return whether a knob cannot be changed, and report why."""
        if state.knob.read_only:
            self.report(News(f"{state.knob.name} is read-only: {state.knob.read_only}", "error"))
        return bool(state.knob.read_only)

    # --- the history of changes ---

    def action_undo(self) -> None:
        """Undo the latest change that is not undone."""
        self.send(Undo(revision=self.state.revision))

    def action_redo(self) -> None:
        """Redo the most recently undone change."""
        self.send(Redo(revision=self.state.revision))

    @work
    async def action_history(self) -> None:
        """List all changes; undo or redo the chosen one."""
        command = await self.answer_to(HistoryDialog(self.state, self.history))
        if isinstance(command, int):
            await self.continue_run(nearest_checkpoint(self.folder, command))
        elif command is not None:
            self.send(msgspec.structs.replace(command, revision=self.state.revision))

    def action_impact(self) -> None:
        """Compare metrics before and after the latest change; arrow keys go to the others."""
        if self.is_active:
            self.app.push_screen(ImpactDialog(self.state, self.history))

    def action_copy(self) -> None:
        """Copy a preset that repeats this run with its changes."""
        try:
            text = preset_text(self.folder.name, self.folder.read_spec(), self.state)
        except RunFolderError as error:
            self.report(News(str(error), "error"))
            return
        self.app.copy_to_clipboard(text)
        count = len(changed_values(self.state))
        self.report(News(f"preset copied, with {count} changed knob{'s' * (count != 1)}"))


def _names_of(chosen: list[KnobState], has_state: Callable[[KnobState], bool]) -> tuple[str, ...]:
    """Return the knobs that have a state; if none has it, all: then the trainer's refusal says so."""
    return tuple(one.knob.name for one in chosen if has_state(one)) or tuple(one.knob.name for one in chosen)
