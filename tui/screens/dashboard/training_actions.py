"""Actions on the training as a whole: pause, save, export, stop, and leaving its dashboard."""

from __future__ import annotations

import asyncio
import shlex
import signal
from pathlib import Path

from rich.text import Text
from textual import work

from trainer_proc.contract.requests import Pause, Resume, Save, Stop
from tui.navigation import ShowEvaluations, ShowRollouts, ShowRuns
from tui.screens.dashboard.pause_dialog import PauseDialog
from tui.screens.dashboard.run_screen import Reported, RunScreen
from tui.session.guards import asks_how_to_go_on
from tui.session.notifications.news import News
from tui.session.rollouts.of_run import nearest_rollout
from tui.session.runs.checkpoints import nearest_checkpoint
from tui.session.stopping import NotStopped, end_restart, signal_trainer
from tui.session.text import plain_lines
from tui.widgets.code_dialog import CodeDialog
from tui.widgets.dialogs import Confirm

_STOP_STEPS = (
    "Save a checkpoint and stop?",
    "A stop was requested. Send SIGTERM to the training process?",
    "SIGTERM was sent. Send SIGKILL? Nothing is saved.",
)


class TrainingActions(RunScreen):
    """Handlers of keys in `actions.KEYS`."""

    _stop_step = 0
    """What a stop asks next."""

    @work
    async def action_pause_or_resume(self) -> None:
        """Pause the training, or resume it; after a guard's pause, ask how."""
        phase = self.state.phase
        if phase is None or self.state.status(self.is_live) != "paused":
            self.send(Pause(), "training pauses after this iteration")
        elif not asks_how_to_go_on(phase):
            self.send(Resume(), "training continues")
        elif (command := await self.answer_to(PauseDialog(phase))) is not None:
            self.send(command, "training stops" if isinstance(command, Stop) else "training continues")

    def action_code(self) -> None:
        """Show the code that the run was started with."""
        self.app.push_screen(CodeDialog(self.folder))

    def action_save(self) -> None:
        """Save a checkpoint."""
        self.send(Save())

    @work
    async def action_stop(self) -> None:
        """Damp a robot at once. Confirm, then stop a training; asked again, end its process by SIGTERM, SIGKILL."""
        step = self._stop_step if self.is_live else 0
        cancelled = None if self.is_live else await asyncio.to_thread(end_restart, self.folder)
        if cancelled is not None:
            self.report(News("the next attempt is cancelled"))
        elif not self.is_live:
            self.send(Stop())  # the answer says why not: no question first
        elif self.state.status(self.is_live) == "running":
            self.send(Stop(), "the robot is damped")  # at once: it may be falling
        elif await self.answer_to(Confirm(_STOP_STEPS[step])):
            self._stop_step = min(step + 1, len(_STOP_STEPS) - 1)
            if step == 0:
                self.send(Stop(), "training stops after this iteration")
            else:
                self._signal(signal.SIGTERM if step == 1 else signal.SIGKILL)

    @work(thread=True)
    def _signal(self, number: signal.Signals) -> None:
        try:
            process = signal_trainer(self.folder, number)
        except NotStopped as error:
            self.post_message(Reported(News(str(error), "error")))
            return
        sent = "no training process runs on this machine" if process is None else f"{number.name} sent to {process}"
        self.post_message(Reported(News(sent, "error" if process is None else "warning")))

    @work
    async def action_continue_run(self) -> None:
        """Start a new run from the newest checkpoint, or from the one before the crosshair."""
        crosshair = self.board.crosshair_iteration()
        at = None if crosshair is None else nearest_checkpoint(self.folder, crosshair)
        await self.continue_run(at)

    def action_evaluations(self) -> None:
        """Show the evaluations of this run's checkpoints."""
        self.post_message(ShowEvaluations(self.folder))

    def action_rollout(self) -> None:
        """Play the rollout nearest to the crosshair, or the newest."""
        path = nearest_rollout(self.folder, self.board.crosshair_iteration())
        if path is None:
            remedy = "record one with humanoid-tui rollout, or train with --rollout-every N"
            self.report(News(f"this run has no rollout: {remedy}"))
        else:
            self.post_message(ShowRollouts((path,), self.folder))

    def action_copy_link(self) -> None:
        """Copy the page of this run at an experiment tracker."""
        if (tracker := self.state.tracker) is None:
            self.report(News("this run logs to no tracker: scripts of your own can"))
        else:
            self.app.copy_to_clipboard(tracker.link)
            self.report(News(f"{tracker.tracker} link copied: {tracker.link}"))

    def action_runs(self) -> None:
        """Go to the list of runs."""
        self.post_message(ShowRuns())

    def action_leave(self) -> None:
        """Quit the program and print how to reopen the run."""
        path, here = self.folder.path, Path.cwd()
        shown = shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
        state = "The training has ended. Review" if self._has_ended() else "The training continues. Reopen"
        text = f"{state} it with:\nhumanoid-tui attach {shown}"
        self.app.exit(message=Text(plain_lines(text)))  # not markup: it holds a path

    def _has_ended(self) -> bool:
        """Return whether the training has ended; one that was just launched has no journal yet."""
        if self.has_ended:
            return True
        journal = self.folder.journal
        return not self.is_live and journal.exists() and journal.stat().st_size > 0
