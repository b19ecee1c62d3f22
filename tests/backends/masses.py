"""Masses that are drawn again, by what the physics has."""

from __future__ import annotations

import numpy as np

from tests.backends.measured_run import MeasuredRun

_NOTICED = 1e-3
"""A ratio that differs from 1 by this was drawn."""


def check_drawn_now(run: MeasuredRun, mass: str) -> None:
    """Assert that every environment draws by itself, from the same masses each time, which a neutral range brings back.

    `mass` is the knob of a range that scales; it is neutral afterwards.
    """
    default = np.array(run.turned({mass: (1.0, 1.0)}, "now")["masses"])
    np.testing.assert_allclose(default, default[:1].repeat(len(default), 0), rtol=1e-6)
    has_mass = default[0] > 0
    for low, high in ((0.5, 0.6), (0.5, 0.61), (1.5, 1.6)):
        ratios = np.array(run.turned({mass: (low, high)}, "now")["masses"])[:, has_mass] / default[:, has_mass]
        drawn = (np.abs(ratios - 1) > _NOTICED).any(axis=0)
        assert drawn.any()
        assert ((ratios[:, drawn] >= low - 1e-5) & (ratios[:, drawn] <= high + 1e-5)).all()
        assert len(np.unique(ratios[:, drawn][:, 0])) == len(ratios)
    np.testing.assert_allclose(run.turned({mass: (1.0, 1.0)}, "now")["masses"], default, rtol=1e-6)


def check_drawn_on_reset(run: MeasuredRun, mass: str) -> None:
    """Assert that an environment draws when its episode ends, once, and keeps what it has until then.

    The range must be neutral, and episodes must not all end at the same step.
    """
    applied = run.changed({mass: (0.5, 0.6)}, "on reset")
    default = np.array(run.rollout(applied.iteration - 1)["masses"])
    has_mass = default[0] > 0
    has_ended, was_waiting = np.zeros(len(default), dtype=bool), False
    iteration = applied.iteration
    while not has_ended.all():
        rollout = run.rollout(iteration)
        has_ended |= np.array(rollout["ended"]).any(axis=0)
        ratios = np.array(rollout["masses"])[:, has_mass] / default[:, has_mass]
        drawn = ((ratios >= 0.5 - 1e-5) & (ratios <= 0.6 + 1e-5)).any(axis=1)
        np.testing.assert_array_equal(drawn, has_ended)
        was_waiting |= bool((~has_ended).any())
        iteration += 1
    assert was_waiting
    np.testing.assert_array_equal(run.rollout(iteration + 3)["masses"], rollout["masses"])
    run.turned({mass: (1.0, 1.0)}, "now")
