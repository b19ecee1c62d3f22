"""The bell and the desktop notification as a terminal gets them; nothing is trained here."""

from __future__ import annotations

import pytest

from presets import own_presets_folder
from tests.terminal import Terminal
from tests.tui.screens.recorded import FakeTrainer, bodies_of, make_run
from trainer_proc.contract.monitoring import GuardFired

GUARD = GuardFired("kl", 61, "KL is 0.41, \x1b]0;owned\a above\n the desired", "paused")
NOTIFICATION = b"\x1b]9;humanoid-tui 2026-11-21_16-15-12_walk: guard kl (paused): KL is 0.41, above the desired\a"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("TMUX", raising=False)


@pytest.fixture
def trainer(tmp_path):
    trainer = FakeTrainer(make_run(tmp_path / "logs" / "rsl_rl", "g1-walk", bodies=[]))
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    yield trainer
    trainer.close()


def said_when_a_guard_fires(tmp_path, trainer, settings):
    """What the program writes to the terminal from the moment that a guard fires until it has ended."""
    config = own_presets_folder().with_name("config.toml")
    config.parent.mkdir(parents=True)
    config.write_text(f"[notify]\n{settings}\n")
    terminal = Terminal(tmp_path, "attach", "latest")
    try:
        terminal.wait_until(lambda text: "iteration 61 of 120" in text, "the dashboard")
        terminal.said.clear()
        trainer.emit(GUARD)
        terminal.wait_until(lambda text: "✘ guard kl (paused): KL is 0.41" in text, "the toast")
        terminal.press(b"q")
        assert terminal.wait_for_end() == 0
    finally:
        terminal.close()
    return terminal.said.partition(b"The training continues")[0]


def test_a_guard_rings_the_bell_once_and_asks_for_a_notification(tmp_path, trainer):
    said = said_when_a_guard_fires(tmp_path, trainer, "bell = true\ndesktop = true")
    assert said.count(NOTIFICATION) == 1
    assert said.replace(NOTIFICATION, b"").count(b"\a") == 1
    assert b"owned" not in said


def test_in_tmux_the_notification_is_passed_through(tmp_path, trainer, monkeypatch):
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    said = said_when_a_guard_fires(tmp_path, trainer, "desktop = true")
    assert said.count(b"\x1bPtmux;\x1b" + NOTIFICATION + b"\x1b\\") == 1


def test_without_settings_the_terminal_is_left_in_peace(tmp_path, trainer):
    said = said_when_a_guard_fires(tmp_path, trainer, "")
    assert b"\x1b]9;" not in said
    assert b"\a" not in said
