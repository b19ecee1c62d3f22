"""The table of a run's evaluations: a row a policy, a column a suite."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_proc.contract.evaluation import SUITES, Evaluation, SuiteName
from trainer_proc.contract.worker import Progress
from tui.session.evaluations.jobs import Job
from tui.session.evaluations.measured import mean_of, measured, scale_for, title_of
from tui.session.evaluations.stored import Policy, RunEvaluations
from tui.session.notifications.news import News
from tui.session.numbers import UNKNOWN
from tui.session.text import plain, shortened_names

REFERENCE_SIGN, GONE_SIGN = "■", "×"
"""Before the policy that others are compared with (the sign of its values in figures), and before one that is gone."""
_RUNNING = "▶"


def table_rows(
    found: RunEvaluations, jobs: Sequence[Job], *, reference: str, name_width: int
) -> dict[str, tuple[str, ...]]:
    """Return the cells of each policy by its key: sign and name in `name_width` cells, then one for each suite.

    `jobs` are those of this run; `reference` is the key of the policy that others are compared with, or empty.
    """
    names = shortened_names([plain(policy.name) for policy in found.policies], name_width - 2)
    return {
        policy.key: (
            f"{_sign(policy, reference)} {name}",
            *(cell_text(found, jobs, policy, suite) for suite in SUITES),
        )
        for policy, name in zip(found.policies, names, strict=True)
    }


def name_width(found: RunEvaluations) -> int:
    """Return the cells of the longest name with its sign."""
    return 2 + max((len(plain(policy.name)) for policy in found.policies), default=0)


def cell_text(found: RunEvaluations, jobs: Sequence[Job], policy: Policy, suite: SuiteName) -> str:
    """Return what is known of a policy in a suite: progress, a failure, or the headline of the result."""
    job = job_of(jobs, policy, suite)
    if job is not None and job.state == "running":
        return f"{_RUNNING} {progress_text(job.progress)}"
    if job is not None and job.state in ("queued", "failed"):
        return job.state
    stored = found.result(policy.key, suite)
    if stored is None:
        return UNKNOWN
    return "damaged" if stored.evaluation is None else headline(stored.evaluation)


def job_of(jobs: Sequence[Job], policy: Policy, suite: SuiteName) -> Job | None:
    """Return the newest job of a policy and suite."""
    return next((job for job in reversed(jobs) if (job_key(job), job.request.suite) == (policy.key, suite)), None)


def job_key(job: Job) -> str:
    """Return the key of a job's policy."""
    return job.request.checkpoint.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def jobs_text(jobs: Sequence[Job]) -> str:
    """Return what runs and how many wait, of all runs; empty if nothing does."""
    running = next((job for job in jobs if job.state == "running"), None)
    waiting = sum(job.state == "queued" for job in jobs)
    if running is None:
        return f"{waiting} evaluations wait" if waiting else ""
    policy = running.request.checkpoint.rsplit("/", 1)[-1]
    text = f"evaluating {running.request.suite} of {policy} {progress_text(running.progress)}"
    return f"{text}, {waiting} more" if waiting else text


def ended_news(job: Job) -> News | None:
    """Return what to report of a job that has ended by itself; None for others."""
    what = f"{job.request.suite} of {job.request.checkpoint.rsplit('/', 1)[-1]}"
    if job.state == "failed":
        return News(f"{what} failed: {job.problem}", "error", True)
    if job.state == "done" and job.result is not None:
        return News(f"{what}: {headline_text(job.result)}", "information", True)
    return None


def progress_text(progress: Progress) -> str:
    """Return a share in percent; `build` while the environment is built."""
    return f"{100 * progress.done / progress.total:.0f} %" if progress.total and progress.done else "build"


def headline(evaluation: Evaluation) -> str:
    """Return the mean of the first measure over all cells: the success rate where there is one."""
    for measure in measured(evaluation)[:1]:
        value = mean_of(evaluation.cells, measure.name)
        if value is not None:
            scale = scale_for(evaluation, measure, [value])
            return f"{scale.text(value)} {scale.unit}".rstrip()
    return UNKNOWN


def headline_text(evaluation: Evaluation) -> str:
    """Return the headline with the name of its measure: `success 96 %`."""
    names = [title_of(measure.name) for measure in measured(evaluation)[:1]]
    return f"{names[0]} {headline(evaluation)}" if names else "nothing was measured"


def _sign(policy: Policy, reference: str) -> str:
    if policy.key == reference:
        return REFERENCE_SIGN
    return " " if policy.path is not None else GONE_SIGN
