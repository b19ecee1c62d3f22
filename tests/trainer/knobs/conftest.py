"""One cartpole and one G1 for all tests of this folder; every test gets them as they were built, in both modes."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def taped(monkeypatch):
    """Record what is captured again in a test; only there, as other tests of the same process capture otherwise."""
    from tests.trainer.fast.tape import capture_by_tape

    monkeypatch.setattr("trainer_proc.fast.part.capture", capture_by_tape)
    monkeypatch.setattr("trainer_proc.fast.mjlab.foreign.capture", capture_by_tape)


@pytest.fixture(scope="session", params=["eager", "captured"])
def mode(request):
    """Whether the step runs as mjlab's, or is replayed as in fast mode."""
    return request.param


@pytest.fixture(scope="session")
def built_cartpole():
    from tests.trainer.knobs.simulated import CARTPOLE, Simulated

    return Simulated(CARTPOLE, 6)


@pytest.fixture(scope="session")
def built_g1():
    from tests.trainer.knobs.simulated import G1, Simulated

    return Simulated(G1, 6)


@pytest.fixture(scope="session")
def cartpole_in_mode(built_cartpole, mode):
    with built_cartpole.in_mode(mode) as training:
        yield training


@pytest.fixture
def cartpole(cartpole_in_mode):
    cartpole_in_mode.reset()
    cartpole_in_mode.reports.clear()
    yield cartpole_in_mode
    cartpole_in_mode.put_back()


@pytest.fixture(scope="session")
def g1_in_mode(built_g1, mode):
    with built_g1.in_mode(mode) as training:
        yield training


@pytest.fixture
def g1(g1_in_mode):
    g1_in_mode.reset()
    g1_in_mode.reports.clear()
    yield g1_in_mode
    g1_in_mode.put_back()
