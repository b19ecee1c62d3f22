"""`agents`: show and answer the requests of agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tui.commands.shared.output import json_option, logs_option, show_result
from tui.session.agents.questions import Question, answer, open_questions
from tui.session.runs.run_index import find_run
from tui.session.text import plain


@click.command("agents")
@click.argument("run", required=False)
@click.option("--accept", "accepted", metavar="ID", help="Accept the request with this id.")
@click.option("--refuse", "refused", metavar="ID", help="Refuse the request with this id.")
@logs_option
@json_option
def agents_command(run: str | None, accepted: str | None, refused: str | None, log_root: Path, as_json: bool) -> None:
    """List the requests of agents; accept or refuse one.

    Lists the requests that wait for an answer, about RUN or all runs. Agents connect by humanoid-tui mcp. A request
    without an answer is refused after a while.
    """
    if accepted and refused:
        raise click.UsageError("--accept and --refuse exclude each other")
    if id := accepted or refused:
        answer(id, accepted=bool(accepted))
        done = "accepted" if accepted else "refused"
        show_result(f"request {id} {done}", {"id": id, "answer": done}, as_json)
        return
    questions = open_questions(None if run is None else find_run(run, log_root))
    text = "\n".join(map(_row, questions)) or "no requests of agents"
    show_result(text, [_record(question) for question in questions], as_json)


def _row(question: Question) -> str:
    run = Path(question.run).name
    left = f"{question.seconds_left:.0f} s left"
    return plain(f"{question.id}  {run}  {question.agent}: {question.what}; reason: {question.why} ({left})")


def _record(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "agent": question.agent,
        "run": question.run,
        "what": question.what,
        "why": question.why,
        "seconds_left": question.seconds_left,
    }
