"""The evaluations of the app: started from any screen, reported on whichever is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App

from tui.app_settings import settings_of
from tui.session.evaluations.jobs import EvaluationJobs, Job
from tui.session.evaluations.run import evaluate
from tui.session.evaluations.table import ended_news
from tui.terminal.toasts import show_news


def evaluation_jobs(app: App[Any]) -> EvaluationJobs:
    """Return the queue of an app's evaluations; each one that ends is reported in a toast."""

    def report(job: Job) -> None:  # from the thread that evaluates
        if (news := ended_news(job)) is not None:
            app.call_later(show_news, app, news, settings_of(app).notify, Path(job.request.run).name)

    jobs = EvaluationJobs(evaluate)
    jobs.listen(report)
    return jobs
