"""The command line as a test calls it."""

from tests.tui.conftest import fails  # noqa: F401 (a fixture)
