"""What the screen shows of one policy in one suite: text, figures, notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainer_proc.contract.evaluation import Evaluation, SuiteName
from tui.session.bars import progress_bar
from tui.session.evaluations.comparison import comparison_lines, difference_figures
from tui.session.evaluations.evaluation_figures import figures_of, has_cells
from tui.session.evaluations.figures import Figure
from tui.session.evaluations.jobs import Job
from tui.session.evaluations.measured import estimate_of, measured, scale_for, title_of
from tui.session.evaluations.paired import differing_conditions
from tui.session.evaluations.stored import Policy, RunEvaluations
from tui.session.evaluations.suites import SUITE_TEXTS
from tui.session.evaluations.table import job_of
from tui.session.numbers import rough_duration
from tui.session.text import plain

_BAR = 30


@dataclass(frozen=True)
class Detail:
    """Texts above and below `figures`; `is_problem` is whether the upper one reports an error."""

    text: str
    figures: tuple[Figure, ...] = ()
    notes: str = ""
    is_problem: bool = False


@dataclass(frozen=True)
class Choice:
    """What the user looks at: `measure` by suite, and the key of the policy to compare with, empty for none."""

    suite: SuiteName
    measure: str = ""
    reference: str = ""


def detail_of(found: RunEvaluations, jobs: Sequence[Job], policy: Policy, choice: Choice) -> Detail:
    """Return what is shown of a policy: its result, or why there is none yet."""
    job = job_of(jobs, policy, choice.suite)
    if job is not None and (job.is_open or job.state == "failed"):
        return _of_job(job, policy)
    stored = found.result(policy.key, choice.suite)
    if stored is not None and stored.evaluation is None:
        return Detail(plain(stored.problem), is_problem=True)
    if stored is None or stored.evaluation is None:
        return _without_result(job, policy, choice.suite)
    other = found.evaluation(choice.reference, choice.suite) if choice.reference != policy.key else None
    detail = of_evaluation(stored.evaluation, other, choice)
    return detail if policy.path is not None else replace(detail, text=f"{detail.text}\n{gone_text(policy)}")


def gone_text(policy: Policy) -> str:
    """Return why a policy can't be evaluated again."""
    return plain(f"{policy.name} is gone: only its results are left")


def of_evaluation(evaluation: Evaluation, other: Evaluation | None, choice: Choice) -> Detail:
    """Return what is shown of a result, alone or against `other`."""
    lines, notes = [facts_text(evaluation)], list(evaluation.notes)
    if other is None:
        figures = figures_of(evaluation, choice.measure)
        notes += ["", *means_lines(evaluation)] if has_cells(evaluation) else []
    else:
        figures = difference_figures(evaluation, other, choice.measure)
        lines.append(f"compared with {other.checkpoint}, {_pairing_text(evaluation, other)}")
        notes += ["", "all cells", *comparison_lines(evaluation, other)] if has_cells(evaluation) else []
    return Detail(_text(lines), figures, _text(notes).strip("\n"))


def facts_text(evaluation: Evaluation) -> str:
    """Return how the evaluation was made, in one line."""
    cells = len(evaluation.cells)
    episodes = sum(cell.episodes for cell in evaluation.cells)
    parts = [
        f"{episodes} episode{'s' * (episodes != 1)}" + (f" in {cells} cells" * (cells > 1)),
        f"{evaluation.device}, seed {evaluation.seed}",
        evaluation.finished[:16].replace("T", " "),
        f"took {rough_duration(evaluation.seconds)}" if evaluation.seconds else "",
    ]
    return "  ".join(part for part in parts if part)


def means_lines(evaluation: Evaluation) -> list[str]:
    """Return the mean of each measure over all episodes with its interval, a line each."""
    lines = ["all cells"]
    for measure in measured(evaluation):
        found = estimate_of(evaluation, measure)
        if found is not None:
            scale = scale_for(evaluation, measure, [found.value])
            unit = f" {scale.unit}" if scale.unit else ""
            ends = "" if math.isnan(found.low) else f" ({scale.text(found.low)} to {scale.text(found.high)})"
            lines.append(f"{title_of(measure.name)}: {scale.text(found.value)}{unit}{ends}")
    return lines


def _pairing_text(evaluation: Evaluation, other: Evaluation) -> str:
    differing = differing_conditions(evaluation, other)
    return f"not under the same conditions: {', '.join(differing)}" if differing else "in the same episodes"


def _of_job(job: Job, policy: Policy) -> Detail:
    suite = job.request.suite
    if job.state == "failed":
        return Detail(plain(f"{suite} of {policy.name} failed: {job.problem}"), is_problem=True)
    if job.state == "queued":
        return Detail(plain(f"{suite} of {policy.name} waits for the evaluation that runs"))
    progress = job.progress
    share = progress.done / progress.total if progress.total else 0.0
    steps = f"{progress.done:,} of {progress.total:,} steps" if progress.total else ""
    text = progress.text or "building the environment"
    return Detail(_text([f"{suite} of {policy.name}: {text}", f"{progress_bar(share, _BAR)} {steps}".rstrip()]))


def _without_result(job: Job | None, policy: Policy, suite: SuiteName) -> Detail:
    if job is not None and job.state == "cancelled":
        return Detail(plain(f"{suite} of {policy.name} was cancelled; nothing was stored"))
    return Detail(_text([f"{suite} of {policy.name}: not evaluated", SUITE_TEXTS[suite]]))


def _text(lines: Sequence[str]) -> str:
    return "\n".join(map(plain, lines))
