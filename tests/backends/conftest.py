"""The same promises on whichever simulator is installed beside this interpreter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.backends.names import ISAACLAB, MJLAB, Simulator, installed_simulator
from tests.offline_assets import offline_assets
from trainer_proc.contract.asset_root import ASSET_ROOT_VARIABLE


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if installed_simulator() is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="neither mjlab nor Isaac Lab is installed here"))


@pytest.fixture(scope="session")
def simulator() -> Simulator:
    found = installed_simulator()
    assert found is not None
    return found


@pytest.fixture(scope="module", params=["eager", "captured"])
def mode(request: pytest.FixtureRequest, simulator: Simulator) -> str:
    """Whether the step runs as the simulator's, or is recorded and replayed as in fast mode."""
    if request.param == "captured" and simulator is not MJLAB:
        pytest.skip("only the step of mjlab's environments is captured")
    return str(request.param)


@pytest.fixture(scope="session")
def started_here(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the user's own configuration is used, and robots are found without their server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        if simulator is ISAACLAB and not os.environ.get(ASSET_ROOT_VARIABLE):
            patch.setenv(ASSET_ROOT_VARIABLE, str(offline_assets()))
        yield


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory, started_here: None) -> Path:
    """Where the program is called."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Two trainings at a time: each keeps one core busy."""
    pool = ThreadPoolExecutor(2)
    yield pool
    pool.shutdown(cancel_futures=True)
