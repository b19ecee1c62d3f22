"""What is loaded when: the first screen must come fast, and the wire must be light."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import LOADED_WHILE_COLLECTING

HEAVY = {"torch", "numpy", "mjlab", "rsl_rl", "warp", "mujoco", "tensorboard", "onnx", "onnxruntime"}


def loaded_by(statement):
    """The top-level packages that a fresh interpreter has loaded after `statement`."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}


@pytest.mark.parametrize(
    ("statement", "not_loaded"),
    [
        ("import tui.cli", HEAVY | {"textual", "zmq", "click", "psutil"}),
        ("from tui.cli import run; run(['--help'])", HEAVY | {"textual"}),
        ("from tui.cli import run; run(['presets'])", HEAVY | {"textual"}),
        ("import tui.app, tui.screens.launch.screen", HEAVY),
        ("import tui.screens.dashboard.screen", HEAVY - {"numpy"}),
        ("import tui.screens.watch.screen", HEAVY - {"numpy"}),
        ("import tui.charts.files.run_charts, tui.charts.drawing", (HEAVY - {"numpy"}) | {"textual"}),
        ("import tui.commands.web", HEAVY | {"textual", "textual_serve", "aiohttp"}),
        ("import tui.commands.serve", HEAVY | {"textual", "starlette", "uvicorn", "zmq"}),
        ("import tui.commands.mcp, tui.commands.agents", HEAVY | {"textual", "mcp", "pydantic"}),
        ("import trainer_proc.wire.server", HEAVY | {"textual", "tui", "click"}),
        ("import trainer_proc.__main__", HEAVY | {"textual", "tui", "click"}),
        ("import tui.session.backends.doctor", HEAVY | {"textual"}),
        ("import tui.session.exporting", HEAVY | {"textual"}),
        ("import tui.session.machine.follower, tui.session.log.reader", HEAVY | {"textual", "pynvml"}),
        ("import presets, curricula", HEAVY | {"textual", "zmq", "tui", "trainer_proc"}),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(statement, not_loaded):
    assert loaded_by(statement) & not_loaded == set()


def test_the_doctor_looks_at_packages_without_loading_them():
    assert loaded_by("from tui.cli import run; run(['doctor', '--json'])") & HEAVY == set()


def test_what_is_loaded_would_be_noticed():
    assert "numpy" in loaded_by("import tui.session.metrics.series")


def test_no_simulator_is_loaded_while_tests_are_collected(request):
    assert request.config.stash[LOADED_WHILE_COLLECTING] == set()
