"""Actions on curricula: one level up or down, and back to auto mode."""

from __future__ import annotations

from textual.timer import Timer

from curricula.curriculum import Curriculum
from curricula.curriculum_knobs import mode_knob
from trainer_proc.contract.requests import Tune
from trainer_proc.contract.run_folder import RunFolder
from tui.screens.dashboard.curriculum_panel import CurriculumPanel
from tui.screens.dashboard.knob_actions import STEP_SECONDS
from tui.screens.dashboard.knob_panel import KnobPanel
from tui.screens.dashboard.run_screen import RunScreen
from tui.session.curricula.level_steps import LevelSteps
from tui.session.curricula.reconstruct import curriculum_of_knob
from tui.session.notifications.news import News


class CurriculumActions(RunScreen):
    """Handlers of keys in `actions.KEYS`."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(folder)
        self._level_steps = LevelSteps()
        self._level_timer: Timer | None = None

    def action_level(self, by: int) -> None:
        """Add `by` levels to the wanted level; send it once no more level keys come."""
        curriculum = self._selected_curriculum()
        if curriculum is None:
            return
        if problem := self._level_steps.step(curriculum, self.state, by):
            self.report(News(problem))
            return
        if self._level_timer is not None:
            self._level_timer.stop()
        self._level_timer = self.set_timer(STEP_SECONDS, self._send_levels)
        self.show_panels()

    def _send_levels(self) -> None:
        tune = self._level_steps.take(self.curricula, self.state)
        if tune is not None:
            self.send(tune)
        self.show_panels()

    def action_auto(self) -> None:
        """Return the curriculum to auto mode."""
        curriculum = self._selected_curriculum()
        if curriculum is None:
            return
        knob = self.state.knobs[mode_knob(curriculum.name)]
        if (knob.pending or curriculum.mode) == "auto":
            self.report(News(f"{curriculum.name} is already in auto mode"))
        else:
            self.send(Tune({knob.knob.name: "auto"}, revision=self.state.revision))

    def _selected_curriculum(self) -> Curriculum | None:
        """Return the curriculum under a cursor, or the only one. Return None and report why if no level can be set."""
        if not self.curricula:
            self.report(News("this run has no curriculum"))
            return None
        panel, knobs = self.query_one(CurriculumPanel), self.query_one(KnobPanel)
        selected = panel.selected if self.has_class("-curricula") or len(self.curricula) == 1 else None
        if selected is None and knobs.display and knobs.knob is not None:
            selected = curriculum_of_knob(knobs.knob.knob.name, self.curricula)
        if selected is None and panel.display:
            selected = panel.selected
        if selected is None:
            self.report(News("several curricula: press t, then choose one with the arrow keys"))
        elif mode_knob(selected.name) not in self.state.knobs:
            self.report(News("levels are available after the environment is built"))
            return None
        return selected
