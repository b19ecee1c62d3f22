"""A screen that turns the knobs of one run, and sets the levels of its curricula."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.timer import Timer

from curricula.curriculum import Curriculum
from curricula.curriculum_knobs import mode_knob
from curricula.schema import SchemaProblem
from trainer_proc.contract.requests import Redo, StopRamp, Tune, Undo, Unpin
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.screens.dashboard.curriculum_panel import CurriculumPanel
from tui.screens.dashboard.history_dialog import PastDialog
from tui.screens.dashboard.impact_dialog import ImpactDialog
from tui.screens.dashboard.knob_dialog import KnobEdit
from tui.screens.dashboard.knob_line import KnobLine
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.dashboard.run_screen import RunScreen
from tui.session.curricula.level_steps import LevelSteps
from tui.session.curricula.reconstruct import curricula_now, curriculum_of_knob
from tui.session.curricula.view import has_panel, levels_text
from tui.session.knobs.edit import EditFields
from tui.session.knobs.steps import KnobSteps
from tui.session.knobs.text import history_text
from tui.session.notifications.news import News
from tui.session.recordings.preset_text import changed_values, preset_text
from tui.session.state import KnobState

_STEP_KEYS_SECONDS = 0.3
"""Presses of + and -, or of the keys that step a knob, that follow each other faster are one request."""
_WIDTH_OF_HISTORY = 40


class SteeringScreen(RunScreen):
    """Has a panel of knobs and one of curricula; a class on it, `-curricula`, tells which of them is worked on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "b",
            "impact",
            "before/after",
            show=False,
            tooltip="Tell what a change did: success, reward, KL and what was edited, before and after it",
            id="dashboard.impact",
        ),
    ]

    def __init__(self, folder: RunFolder) -> None:
        """Show the run in `folder`."""
        super().__init__(folder)
        self.curricula: list[Curriculum] = []
        self._curricula_problem = ""
        self._levels = LevelSteps()
        self._level_timer: Timer | None = None
        self._steps = KnobSteps()
        self._step_timer: Timer | None = None

    def take_curricula(self) -> None:
        """Bring the curricula up to date with the state."""
        try:
            self.curricula = curricula_now(self.state)
        except SchemaProblem as problem:  # of another version of the program
            if not self._curricula_problem:
                self.say(News(f"this run's curricula can't be shown: {problem}", "warning"))
            self._curricula_problem = str(problem)

    def show_steering(self) -> None:
        """Draw knobs and curricula; where the curricula have no place beside the knobs, their levels stand below."""
        panel = self.query_one(CurriculumPanel)
        self.set_class(has_panel(self.state, self.curricula), "-has-curricula")
        panel.show(self.state, self.curricula, self._levels.wanted)
        is_elsewhere = self.has_class("-has-curricula") and not panel.display
        note = f"t curricula: {levels_text(self.curricula)}" if self.curricula else "t terrain and tasks"
        shown_note = note if is_elsewhere else ""
        self.query_one(KnobPanel).show(self.state, shown_note, self.knob_history, self._steps.wanted)

    # --- turning knobs ---

    @on(KnobTable.EditRequested)
    def _edit_knob(self, message: KnobTable.EditRequested) -> None:
        self._open_dialog(message.knob, None, self.state.revision)

    @on(KnobLine.MoreWanted)
    def _edit_knob_on(self, message: KnobLine.MoreWanted) -> None:
        self._open_dialog(message.knob, message.fields, message.revision)

    @work
    async def _open_dialog(self, knob: KnobState, fields: EditFields | None, revision: int) -> None:
        if self._is_read_only(knob):
            return
        name = knob.knob.name
        history = history_text(self.knob_history.drawn_as(name), self.knob_history.line(name, _WIDTH_OF_HISTORY))
        tune = await self.answer_to(KnobEdit(knob, revision, fields, history))
        if tune is not None:
            self.ask(tune)

    @on(KnobPanel.Tuned)
    def _ask_for_value(self, message: KnobPanel.Tuned) -> None:
        self.ask(message.tune)

    @on(KnobPanel.CannotEdit)
    def _tell_why_not(self, message: KnobPanel.CannotEdit) -> None:
        self._is_read_only(message.knob)

    @on(KnobTable.StepRequested)
    def _step_knob(self, message: KnobTable.StepRequested) -> None:
        """Want a knob higher or lower; the trainer is asked once no more such keys come."""
        if said := self._steps.step(message.knob, message.factor, self.state.revision):
            self.say(News(said))
        if not self._steps.wanted:
            return
        if self._step_timer is not None:
            self._step_timer.stop()
        self._step_timer = self.set_timer(_STEP_KEYS_SECONDS, self._ask_for_steps)
        self.show_steering()

    def _ask_for_steps(self) -> None:
        tune = self._steps.take(self.state.knobs)
        if tune is not None:
            self.ask(tune)
        self.show_steering()

    def action_default(self) -> None:
        """Set the knob under the cursor to its default."""
        state = self._knob
        if state is None or self._is_read_only(state):
            return
        knob = state.knob
        if not state.is_changed and state.pending is None and state.ramp is None:
            self.say(News(f"{knob.name} is at its default"))
        else:
            self.ask(Tune({knob.name: knob.default}, "back to the default", revision=self.state.revision))

    def action_unpin(self) -> None:
        """Give the knob under the cursor back to what else writes it."""
        if knob := self._knob:
            self.ask(Unpin((knob.knob.name,), revision=self.state.revision))

    def action_stop_ramp(self) -> None:
        """Leave the knob under the cursor where its ramp is."""
        if knob := self._knob:
            self.ask(StopRamp((knob.knob.name,), revision=self.state.revision))

    def action_undo(self) -> None:
        """Undo the last change that is not undone."""
        self.ask(Undo(revision=self.state.revision))

    def action_redo(self) -> None:
        """Do again what was undone last."""
        self.ask(Redo(revision=self.state.revision))

    @work
    async def action_past(self) -> None:
        """List what was done; undo or redo what is chosen."""
        command = await self.answer_to(PastDialog(self.state, self.history))
        if command is not None:
            self.ask(msgspec.structs.replace(command, revision=self.state.revision))

    def action_impact(self) -> None:
        """Tell what the newest intervention did, and the others by arrows."""
        if self.is_active:
            self.app.push_screen(ImpactDialog(self.state, self.history))

    def action_filter(self) -> None:
        """Find knobs by letters of their names."""
        self.remove_class("-curricula")
        self.query_one(KnobPanel).open_filter()

    def action_only_changed(self) -> None:
        """Show only what was changed, or everything."""
        self.remove_class("-curricula")
        self.query_one(KnobPanel).toggle_only_changed()

    def action_copy(self) -> None:
        """Put a preset that repeats this run with its changes on the clipboard."""
        try:
            text = preset_text(self.folder.name, self.folder.read_spec(), self.state)
        except RunFolderError as error:
            self.say(News(str(error), "error"))
            return
        self.app.copy_to_clipboard(text)
        count = len(changed_values(self.state))
        self.say(News(f"a preset with {count} changed knob{'s' * (count != 1)} is on the clipboard"))

    @property
    def _knob(self) -> KnobState | None:
        """The knob under the cursor; None while the curricula are shown in the knobs' place."""
        panel = self.query_one(KnobPanel)
        return panel.knob if panel.display else None

    def _is_read_only(self, state: KnobState) -> bool:
        """Tell whether a knob can't be turned, and the person why."""
        if state.knob.read_only:
            self.say(News(f"{state.knob.name} can't be changed: {state.knob.read_only}", "error"))
        return bool(state.knob.read_only)

    # --- curricula ---

    def action_curricula(self) -> None:
        """Go to the curricula, or back to the knobs."""
        if not self.has_class("-has-curricula"):
            self.say(News("this run has no curriculum, no terrain levels and no tasks"))
            return
        self.remove_class("-log")
        self.toggle_class("-curricula")
        self.focus_steering()

    def focus_steering(self) -> None:
        """Go to the panel that is worked on."""
        self.query_one(CurriculumPanel if self.has_class("-curricula") else KnobTable).focus()

    @on(events.DescendantFocus)
    def _follow_focus(self, event: events.DescendantFocus) -> None:
        """Let `t` lead away from where the focus is, however it came there."""
        if isinstance(event.widget, CurriculumPanel):
            self.add_class("-curricula")
        elif isinstance(event.widget, KnobTable):
            self.remove_class("-curricula")

    def action_level(self, by: int) -> None:
        """Want a curriculum higher or lower; the trainer is asked once no more such keys come."""
        curriculum = self._meant_curriculum()
        if curriculum is None:
            return
        if problem := self._levels.step(curriculum, self.state, by):
            self.say(News(problem))
            return
        if self._level_timer is not None:
            self._level_timer.stop()
        self._level_timer = self.set_timer(_STEP_KEYS_SECONDS, self._ask_for_levels)
        self.show_steering()

    def _ask_for_levels(self) -> None:
        tune = self._levels.take(self.curricula, self.state)
        if tune is not None:
            self.ask(tune)
        self.show_steering()

    def action_auto(self) -> None:
        """Let a curriculum set its level by itself again."""
        curriculum = self._meant_curriculum()
        if curriculum is None:
            return
        knob = self.state.knobs[mode_knob(curriculum.name)]
        if (knob.pending or curriculum.mode) == "auto":
            self.say(News(f"{curriculum.name} is in auto"))
        else:
            self.ask(Tune({knob.knob.name: "auto"}, revision=self.state.revision))

    def _meant_curriculum(self) -> Curriculum | None:
        """Return the curriculum under a cursor, or the only one; if there is none whose level can be set, say so."""
        if not self.curricula:
            self.say(News("this run has no curriculum"))
            return None
        panel = self.query_one(CurriculumPanel)
        meant = panel.chosen if self.has_class("-curricula") or len(self.curricula) == 1 else None
        if meant is None and self._knob is not None:
            meant = curriculum_of_knob(self._knob.knob.name, self.curricula)
        if meant is None and panel.display:
            meant = panel.chosen
        if meant is None:
            self.say(News("there are several curricula: t goes to them, arrows choose one"))
        elif mode_knob(meant.name) not in self.state.knobs:
            self.say(News("the environment is still being built; levels can be set once it trains"))
            return None
        return meant
