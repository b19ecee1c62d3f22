import pytest
from textual.drivers.web_driver import WebDriver

from tui.app import HumanoidTui
from tui.driver import TerminalDriver


def test_a_terminal_is_drawn_on_without_waiting_for_it(tmp_path):
    assert HumanoidTui(tmp_path).driver_class is TerminalDriver


@pytest.mark.parametrize("driver", [WebDriver, TerminalDriver])
def test_who_asks_for_another_driver_gets_it(tmp_path, monkeypatch, driver):
    """As textual-serve does with TEXTUAL_DRIVER."""
    monkeypatch.setattr("textual.constants.DRIVER", f"{driver.__module__}:{driver.__name__}")
    assert HumanoidTui(tmp_path).driver_class is driver
