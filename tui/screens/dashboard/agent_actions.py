"""Shows the requests of agents about the run, and answers them."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on, work
from textual.message import Message

from curricula.errors import UserError
from tui.screens.dashboard.agent_dialog import AgentDialog
from tui.screens.dashboard.run_screen import Reported, RunScreen
from tui.session.agents.question_text import question_line
from tui.session.agents.questions import Question, answer
from tui.session.agents.watch import QuestionWatch
from tui.session.notifications.news import News
from tui.widgets.diff_text import DiffText
from tui.widgets.shown_keys import shown_keys
from tui.widgets.thread_failed import ThreadFailed

_KEY = "dashboard.agent"


@dataclass
class QuestionsChanged(Message):
    """The open requests about the run, oldest first."""

    questions: list[Question]


class AgentActions(RunScreen):
    """Keeps the line of requests up to date. Handler of a key in `actions.KEYS`."""

    _questions: tuple[Question, ...] = ()
    _watch: QuestionWatch | None = None

    def on_mount(self) -> None:
        """Begin to watch for requests."""
        self._watch = QuestionWatch(
            self.folder,
            on_questions=lambda questions: self._post(QuestionsChanged(questions)),
            on_problem=lambda text: self._post(ThreadFailed(text)),
        )

    def on_unmount(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.close()

    @work
    async def action_answer_agent(self) -> None:
        """Ask the user about the oldest request, and pass the answer on."""
        if not self._questions:
            self.report(News("no requests of agents"))
            return
        question = self._questions[0]
        accepted = await self.answer_to(AgentDialog(question))
        if accepted is not None:
            self._answer(question, accepted)

    @on(QuestionsChanged)
    def _show_questions(self, message: QuestionsChanged) -> None:
        known = {question.id for question in self._questions}
        self._questions = tuple(message.questions)
        line = self.query_one("#agents", DiffText)
        line.display = bool(self._questions)
        if self._questions:
            keys = {shown.id: shown.keys[0] for shown in shown_keys(self)}
            line.update(question_line(message.questions, keys.get(_KEY, "")))
        for question in self._questions:
            if question.id not in known:
                text = f"{question.agent} asks: {question.what}"
                self.report(News(text, "warning", needs_user=True))
        dialog = self.app.screen
        if isinstance(dialog, AgentDialog) and dialog.question not in self._questions:
            dialog.dismiss(None)
            self.report(News("the request of the agent is over"))

    @work(thread=True)
    def _answer(self, question: Question, accepted: bool) -> None:
        try:
            answer(question.id, accepted)
        except UserError as error:
            self.post_message(Reported(News(str(error), "error")))
            return
        done = "accepted" if accepted else "refused"
        self.post_message(Reported(News(f"{done}: {question.what}")))
