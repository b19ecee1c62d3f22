"""Values of the next trial, chosen by Optuna from the results so far.

A study is made from the experiment's members each time. There is no database that could disagree with the runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from curricula.errors import UsageError
from trainer_proc.contract.install import install_command
from tui.session.experiments.attempts import ENDED, MemberState
from tui.session.experiments.experiment import Axis, Experiment, Search
from tui.session.experiments.ranking import group_by_values, mean_of, value_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial


class SearchUnavailable(UsageError):
    """Optuna is not installed."""


def check_available() -> None:
    """Raise `SearchUnavailable` without Optuna."""
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise SearchUnavailable(f"--trials needs Optuna, which is not installed: {install_command('mjlab', 'sweep')}")


def next_values(experiment: Experiment, states: Sequence[MemberState]) -> dict[str, Any]:
    """Return the values of the next trial; the same for the same results. Raises `SearchUnavailable`."""
    check_available()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = experiment.search
    assert search is not None
    groups = group_by_values(states)
    sampler = _sampler(search, seed=experiment.seeds[0] + len(groups))
    study = optuna.create_study(direction="minimize" if experiment.minimize else "maximize", sampler=sampler)
    distributions = {axis.path: _distribution(axis) for axis in experiment.axes}
    _add_trials(study, experiment, groups, distributions)
    trial = study.ask(distributions)
    return {axis.path: _value(axis, trial.params[axis.path]) for axis in experiment.axes}


def _add_trials(
    study: Study,
    experiment: Experiment,
    groups: Sequence[Sequence[MemberState]],
    distributions: dict[str, BaseDistribution],
) -> None:
    for group in groups:
        study.add_trial(_trial(experiment, group, distributions))


def _trial(
    experiment: Experiment, group: Sequence[MemberState], distributions: dict[str, BaseDistribution]
) -> FrozenTrial:
    """Return what is known of one combination of values: its mean over seeds, if all have ended."""
    from optuna.trial import TrialState, create_trial

    params = {axis.path: _param(axis, group[0].member.values[axis.path]) for axis in experiment.axes}
    if any(state.status not in ENDED for state in group):
        return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)
    mean = mean_of([value_of(state, experiment.objective) for state in group])
    if mean is None:
        return create_trial(state=TrialState.FAIL, params=params, distributions=distributions)
    return create_trial(state=TrialState.COMPLETE, value=mean, params=params, distributions=distributions)


def _sampler(search: Search, seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler, TPESampler

    seed %= 2**32
    return RandomSampler(seed=seed) if search.sampler == "random" else TPESampler(seed=seed, constant_liar=True)


def _distribution(axis: Axis) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if axis.scale:
        return FloatDistribution(axis.low, axis.high, log=axis.scale == "log")
    return CategoricalDistribution([_text(value) for value in axis.values])


def _param(axis: Axis, value: Any) -> Any:
    return value if axis.scale else _text(value)


def _value(axis: Axis, param: Any) -> Any:
    """Return the value that a parameter of Optuna stands for; numbers of an interval with six digits."""
    if axis.scale:
        return min(max(float(f"{param:.6g}"), axis.low), axis.high)
    return next(value for value in axis.values if _text(value) == param)


def _text(value: Any) -> str:
    """Return a value as one of Optuna's categories, which can't be lists."""
    return msgspec.json.encode(value).decode()
