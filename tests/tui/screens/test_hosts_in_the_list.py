"""Runs of hosts in the list, through a real OpenSSH server on this machine."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from textual.widgets import Static

from tests.hosts import NEEDS_SSHD, sshd_of
from tests.tui.screens.recorded import make_run, told, until
from tui.app import HumanoidTui
from tui.navigation import ShowRuns
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.runs.run_table import RunTable

pytestmark = NEEDS_SSHD
BUNDLE = Path(__file__).parents[2] / "recordings" / "bundles" / "g1-walk-deploy"
GONE = {"destination": "nowhere.invalid"}


@pytest.fixture
def server(tmp_path, monkeypatch):
    with sshd_of(tmp_path / "sshd") as server:
        # a real export takes long
        exports = f'[ "$1" = export ] && [ -e {server.home}/exports ] && exec echo exported "$2"'
        words = f'{exports}; exec {server.table["command"]} "$@"'
        loop = {**server.table, "command": f"sh -c {shlex.quote(words)} -"}
        server.use(monkeypatch, gone=GONE, loop=loop)
        yield server


async def test_runs_of_hosts_are_listed_opened_and_exported_and_a_silent_host_delays_nothing(server, log_root):
    there = make_run(server.home / "logs" / "rsl_rl", "cartpole", name="2026-01-02_00-00-00_there")
    make_run(log_root, "cartpole", name="2026-01-01_00-00-00_here")
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 30)) as pilot:
        app.go_to(ShowRuns())
        await until(lambda: app.screen.query("#runs") and app.screen.query_one(RunTable).row_count == 2, "both runs")
        table = app.screen.query_one(RunTable)

        def lines():
            return str(app.screen.query_one("#host-lines", Static).content).splitlines()

        await until(lambda: "there is no such host" in lines()[1], "the silent host")
        await until(lambda: lines()[0].endswith("0 live of 1 run"), "the load of the other one")
        await pilot.press("home")
        assert (table.summary.folder.name, table.summary.origin.host) == ("2026-01-02_00-00-00_there", "loop")
        await pilot.press("d", "space", "asterisk")
        assert table.row_count == 2
        assert "this run is on loop: open it, or use humanoid-tui --host loop COMMAND" in told(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        await until(lambda: app.screen.state.iteration == 39, "the journal")
        assert str(app.screen.query_one("#headline", Static).content).startswith("loop:2026-01-02_00-00-00_there")
        await pilot.press("E", "C", "g")
        assert isinstance(app.screen, DashboardScreen)
        await pilot.press("e")
        await until(lambda: any("loop: " in text and "no checkpoint yet" in text for text in told(app)), "the refusal")
        shutil.copytree(BUNDLE, there.exported)
        (server.home / "exports").touch()
        await pilot.press("e")
        copy = log_root / "cartpole" / there.name / "exported"
        result = f"loop: exported {there.path}; copied to {copy} of this machine"
        await until(lambda: result in told(app), "the copy")
    assert (copy / "policy.json").read_bytes() == (BUNDLE / "policy.json").read_bytes()
    assert (copy / "policy.onnx").read_bytes() == (BUNDLE / "policy.onnx").read_bytes()
