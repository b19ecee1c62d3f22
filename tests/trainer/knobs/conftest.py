"""One cartpole and one G1 for all tests of this folder; every test gets them as they were built."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def built_cartpole():
    from tests.trainer.knobs.simulated import CARTPOLE, Simulated

    return Simulated(CARTPOLE, 6)


@pytest.fixture(scope="session")
def built_g1():
    from tests.trainer.knobs.simulated import G1, Simulated

    return Simulated(G1, 6)


@pytest.fixture
def cartpole(built_cartpole):
    built_cartpole.reset()
    built_cartpole.reports.clear()
    yield built_cartpole
    built_cartpole.put_back()


@pytest.fixture
def g1(built_g1):
    built_g1.reset()
    built_g1.reports.clear()
    yield built_g1
    built_g1.put_back()
