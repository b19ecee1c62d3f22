"""A request of an agent as text for screens."""

from __future__ import annotations

import time

from tui.session.agents.questions import Question
from tui.session.text import plain


def question_line(questions: list[Question], key: str) -> str:
    """Return the oldest request in one line, with the `key` that answers it; there must be one."""
    first = questions[0]
    more = f" (1 of {len(questions)})" if len(questions) > 1 else ""
    return plain(f"▽ {key} answer{more}  {first.agent} asks: {first.what}  ({first.why})")


def question_details(question: Question) -> str:
    """Return a request in lines: who, what, why, until when."""
    until = time.strftime("%H:%M:%S", time.localtime(question.made + question.seconds))
    rows = (("agent", question.agent), ("change", question.what), ("reason", question.why), ("until", until))
    return "\n".join(f"{name:<8} {plain(text)}" for name, text in rows)
