"""An Isaac Lab that is too old is told from one that can be imported, without importing it."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global BackendError, check_version, load_backend, load_library
    from trainer_proc.rl_libraries.isaaclab.load import load_library
    from trainer_proc.simulators.base import BackendError
    from trainer_proc.simulators.isaaclab.version import check_version
    from trainer_proc.simulators.registry import load_backend


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install a package `isaaclab` in front of all, with a file beside its `__init__`."""

    def install(file):
        package = tmp_path / "isaaclab"
        (package / file).parent.mkdir(parents=True, exist_ok=True)
        (package / file).touch()
        (package / "__init__.py").write_text("import isaacsim_that_is_not_there\n")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()

    for name in [name for name in sys.modules if name.partition(".")[0] == "isaaclab"]:
        monkeypatch.delitem(sys.modules, name)
    return install


@pytest.mark.parametrize("file", ["app/app_launcher.py", "source/isaaclab/isaaclab/app/app_launcher.py"])
def test_isaac_lab_2_is_refused_in_one_line_that_says_what_to_do(installed, file):
    installed(file)  # as in 2.3's sources, and in its wheel
    with pytest.raises(BackendError, match=r"^expected Isaac Lab 3, got 2\.x.*: install Isaac Lab 3 .*") as error:
        load_backend("isaaclab", load_library)
    assert len(str(error.value).splitlines()) == 1


def test_isaac_lab_3_is_let_pass(installed):
    installed("app/sim_launcher.py")
    check_version()
