"""A real headless Chromium, and the program served to it."""

from __future__ import annotations

import pytest

from tests.tui.screens.recorded import make_run
from tests.waiting import PATIENCE_SECONDS
from tests.web.in_browser import CHROMIUM, FLAGS, Served, Tab


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), timeout=1000 * PATIENCE_SECONDS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1200, "height": 700})
    context.set_default_timeout(1000 * PATIENCE_SECONDS)
    yield context
    context.close()


@pytest.fixture
def open_tab(context):
    """Open the program in a tab."""
    return lambda server: Tab(context, server.address)


@pytest.fixture
def serve(tmp_path):
    """Serve the program from an empty folder; it has ended after the test."""
    servers = []

    def serve(*arguments: str) -> Served:
        servers.append(Served(tmp_path, *arguments))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def recorded_run(tmp_path):
    return make_run(tmp_path / "logs" / "rsl_rl", "g1-walk")
