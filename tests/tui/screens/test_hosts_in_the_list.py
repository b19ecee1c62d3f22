"""Runs of hosts in the list, through a real OpenSSH server on this machine."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from tests.hosts import NEEDS_SSHD, sshd_of
from tests.tui.screens.recorded import make_run, told, until
from tui.app import HumanoidTui
from tui.navigation import ShowRuns
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.runs.run_table import RunTable

pytestmark = NEEDS_SSHD
GONE = {"destination": "nowhere.invalid"}


@pytest.fixture
def server(tmp_path, monkeypatch):
    with sshd_of(tmp_path / "sshd") as server:
        server.use(monkeypatch, gone=GONE)
        make_run(server.home / "logs" / "rsl_rl", "cartpole", name="2026-01-02_00-00-00_there")
        yield server


async def test_runs_of_hosts_are_listed_and_opened_and_a_silent_host_delays_nothing(server, log_root):
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
