"""A folder that is watched in a real terminal, while PyTorch's writer writes into it."""

from __future__ import annotations

import shutil

import pytest

from tests.terminal import BRAILLE_DOTS, Terminal


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global SummaryWriter
    from torch.utils.tensorboard import SummaryWriter


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    terminal = Terminal(tmp_path, "watch", "logs", "--wait")
    yield terminal
    terminal.close()


def log(folder, steps, offset=0.0):
    """Log as Stable-Baselines3 does: environment steps, flushed at each dump."""
    with SummaryWriter(folder) as writer:
        for step in steps:
            writer.add_scalar("rollout/ep_rew_mean", step / 100 + offset, step)
            writer.add_scalar("train/approx_kl", 0.01, step)
            writer.add_scalar("train/entropy_loss", -1.5, step)


def test_a_training_is_watched_from_its_first_point_to_its_restart(terminal, tmp_path):
    terminal.wait_until(lambda text: "logs: it does not exist yet" in text, "the wait")
    log(tmp_path / "logs" / "PPO_1", range(0, 4096, 128))
    terminal.wait_until(lambda text: "step 3,968" in text and BRAILLE_DOTS.search(text), "the first points")
    assert "● last point" in terminal.text
    terminal.wait_until(lambda text: "negative entropy" in text, "what the library logs instead of the entropy")
    log(tmp_path / "logs" / "PPO_1", range(2048, 4480, 128), offset=100.0)  # from a checkpoint, in a new file
    terminal.wait_until(lambda text: "2 files" in text and "143.5" in text, "the restart")

    log(tmp_path / "logs" / "PPO_2", range(0, 1024, 128))
    terminal.wait_until(lambda text: "new run: PPO_2" in text, "a new run")
    terminal.press(b"r")
    terminal.wait_until(lambda text: "[ ] PPO_2" in text and "[✓] PPO_1" in text, "the runs")
    terminal.press(b"\x1b")
    terminal.wait_until(lambda text: "[✓]" not in text, "the charts")

    terminal.press(b"/learnkl")
    terminal.wait_until(lambda text: "0 of 3 match" in text, "no match")
    terminal.press(b"\x1b")
    terminal.wait_until(lambda text: "match" not in text, "all metrics")
    shutil.rmtree(tmp_path / "logs" / "PPO_1")
    # a look between the removal of the files and that of the folder sees only the files gone
    terminal.wait_until(lambda text: "can't read" in text or "the files of PPO_1 were deleted" in text, "what is gone")
    terminal.press(b"q")
    assert terminal.wait_for_end() == 0
