"""The evaluations of one run: a table of policies and suites, and the picture of the chosen one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import DataTable, Static

from trainer_proc.contract.connection import is_live
from trainer_proc.contract.evaluation import Request, SuiteName
from trainer_proc.contract.run_folder import RunFolder
from tui.app_settings import evaluations_of
from tui.navigation import OpenRun, ShowRuns
from tui.screens.evaluation.evaluate_dialog import EvaluateDialog
from tui.screens.evaluation.evaluation_table import EvaluationTable
from tui.screens.evaluation.figure_view import FigureView
from tui.session.backends.devices import list_devices
from tui.session.evaluations.detail import Choice, Detail, detail_of, gone_text
from tui.session.evaluations.jobs import Job
from tui.session.evaluations.measured import measured
from tui.session.evaluations.stored import EvaluationReader, Policy, RunEvaluations
from tui.session.evaluations.table import job_of, jobs_text
from tui.session.text import plain
from tui.terminal.partial_repaint import PartialRepaintScreen
from tui.widgets.key_footer import KeyFooter
from tui.widgets.key_table import key
from tui.widgets.status_line import StatusLine

_REFRESH_SECONDS = 2.0


class EvaluationScreen(PartialRepaintScreen):
    """Shows stored and running evaluations of a run, starts and cancels them."""

    CSS_PATH = "evaluation.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("e", "evaluate", "evaluate",
            "Evaluate this policy, after a question", id="evaluations.evaluate", footer=True),
        key("x", "cancel", "cancel", "Cancel this evaluation", id="evaluations.cancel", footer=True),
        key("space", "compare", "compare",
            "Compare all policies with this one, or stop comparing", id="evaluations.compare", footer=True),
        key("m", "measure(1)", "measure", "Show the next measure", id="evaluations.next-measure", footer=True),
        key("M", "measure(-1)", "previous measure", "Show the previous measure", id="evaluations.previous-measure"),
        key("d", "dashboard", "dashboard", "Open this run's dashboard", id="evaluations.dashboard", footer=True),
        key("r,escape", "runs", "runs", "Go to the list of runs", id="evaluations.runs", footer=True),
        key("q", "leave", "quit", "Quit the program; this cancels evaluations", id="evaluations.leave", footer=True),
    ]  # fmt: skip

    @dataclass
    class Found(Message):
        """Results were read from disk; `problem` is why they can't be."""

        found: RunEvaluations
        problem: str = ""

    @dataclass
    class JobChanged(Message):
        """An evaluation of any run has started, gone on or ended."""

        job: Job

    def __init__(self, folder: RunFolder) -> None:
        """Show the evaluations of the run in `folder`."""
        super().__init__()
        self.folder = folder
        self._reader = EvaluationReader(folder)
        self._found = RunEvaluations()
        self._reference = ""
        self._measures: dict[SuiteName, str] = {}

    def compose(self) -> ComposeResult:
        with Horizontal(classes="title-line"):
            yield Static(plain(f"evaluations of {self.folder.name}"), id="headline", markup=False)
            yield StatusLine()
        with Vertical(id="body"):
            yield EvaluationTable(id="evaluations")
            with VerticalScroll(id="detail"):
                yield Static("", id="text", markup=False)
                yield FigureView(id="figures")
                yield Static("", id="notes", markup=False)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the results, and again every 2 s."""
        self.query_one(EvaluationTable).focus()
        evaluations_of(self.app).listen(self._take_job)
        self.reload()
        self.set_interval(_REFRESH_SECONDS, self.reload)

    def on_unmount(self) -> None:
        """Stop listening; evaluations go on."""
        evaluations_of(self.app).stop_listening(self._take_job)

    # --- what is on disk, and what runs ---

    @work(thread=True, exclusive=True, group="read")
    def reload(self) -> None:
        try:
            self.post_message(self.Found(self._reader.read()))
        except OSError as error:
            self.post_message(self.Found(RunEvaluations(), f"cannot read the evaluations: {error}"))

    def _take_job(self, job: Job) -> None:
        self.post_message(self.JobChanged(job))

    @on(JobChanged)
    def _show_job(self, message: JobChanged) -> None:
        if message.job.state == "done":
            self.reload()
        self._show()

    @on(Found)
    def _show_found(self, message: Found) -> None:
        self._found = message.found
        self._show()
        if not message.found.policies:
            self._show_detail(Detail(plain(message.problem or "no checkpoint yet"), is_problem=bool(message.problem)))

    @property
    def _jobs(self) -> list[Job]:
        """The evaluations of this run that this program was asked for."""
        return [job for job in evaluations_of(self.app).jobs if job.request.run == str(self.folder.path)]

    def _show(self) -> None:
        if not self.is_drawable:
            return
        self.query_one(EvaluationTable).show(self._found, self._jobs, self._reference)
        self.query_one(StatusLine).show(plain(jobs_text(evaluations_of(self.app).jobs)))
        self._show_chosen()

    @on(DataTable.CellHighlighted)
    def _show_chosen(self) -> None:
        table = self.query_one(EvaluationTable)
        if table.policy is not None:
            choice = Choice(table.suite, self._measures.get(table.suite, ""), self._reference)
            self._show_detail(detail_of(self._found, self._jobs, table.policy, choice))
        self.refresh_bindings()

    def _show_detail(self, detail: Detail) -> None:
        text = self.query_one("#text", Static)
        text.set_class(detail.is_problem, "problem")
        text.update(detail.text)
        self.query_one(FigureView).show(detail.figures)
        self.query_one("#notes", Static).update(detail.notes)

    # --- keys ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the key that cancels where nothing waits or runs."""
        return action != "cancel" or self._open_job is not None

    @property
    def _open_job(self) -> Job | None:
        """The waiting or running evaluation under the cursor."""
        table = self.query_one(EvaluationTable)
        job = job_of(self._jobs, table.policy, table.suite) if table.policy is not None else None
        return job if job is not None and job.is_open else None

    @on(DataTable.CellSelected)
    def action_evaluate(self) -> None:
        """Ask how to evaluate the policy under the cursor."""
        table = self.query_one(EvaluationTable)
        if table.policy is not None:
            self._evaluate(table.policy, table.suite)

    @work
    async def _evaluate(self, policy: Policy, suite: SuiteName) -> None:
        if policy.path is None:
            self.notify(gone_text(policy), severity="error", markup=False)
            return
        devices = await asyncio.to_thread(list_devices)
        # a training needs its GPU for itself
        device = "cpu" if is_live(self.folder) else devices[0].name
        answer = await self.answer_to(EvaluateDialog(policy.name, suite, devices, device))
        if answer is not None:
            request = Request(run=str(self.folder.path), checkpoint=str(policy.path), suite=answer[0], device=answer[1])
            if evaluations_of(self.app).ask(request) is None:
                self.notify(plain(f"{answer[0]} of {policy.name} is already waiting or running"), markup=False)
            self.query_one(EvaluationTable).go_to(policy.key, answer[0])

    def action_cancel(self) -> None:
        """Cancel the evaluation under the cursor."""
        if (job := self._open_job) is not None:
            evaluations_of(self.app).cancel(job.number)

    def action_compare(self) -> None:
        """Compare all policies with the one under the cursor, or stop comparing."""
        policy = self.query_one(EvaluationTable).policy
        if policy is not None:
            self._reference = "" if policy.key == self._reference else policy.key
            self._show()

    def action_measure(self, by: int) -> None:
        """Show a neighbouring measure; the last one is followed by the first."""
        table = self.query_one(EvaluationTable)
        evaluation = self._found.evaluation(table.policy.key, table.suite) if table.policy is not None else None
        names = [measure.name for measure in measured(evaluation)] if evaluation is not None else []
        if names:
            now = self._measures.get(table.suite, names[0])
            place = names.index(now) if now in names else 0
            self._measures[table.suite] = names[(place + by) % len(names)]
            self._show_chosen()

    def action_dashboard(self) -> None:
        self.post_message(OpenRun(self.folder))

    def action_runs(self) -> None:
        self.post_message(ShowRuns())

    def action_leave(self) -> None:
        self.app.exit()
