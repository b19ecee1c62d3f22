"""The page of a run at an experiment tracker, where the training library logs there."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.products import TrackerLinked
from trainer_proc.contract.run_folder import RunSpec
from trainer_proc.steering.boundary import Steering

WITH_KEY = "https://user:key@host.test/team/run?apiKey=key#part"
PAGE = "https://host.test/team/run#part"
SPEC = RunSpec("script", "tests", "point", "tests", "cpu", 6, 10, 3)


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global LogWriter, make_runner, make_steerable, tracker_link
    from rsl_rl.utils import LogWriter

    from tests.tiny_training import make_runner
    from trainer_proc.training.build import make_steerable
    from trainer_proc.training.tracker_link import tracker_link


def linked_by(logger, folder):
    """Train with a logger of rsl-rl's configuration; return the links that were reported."""
    runner, link = make_runner(str(folder.path)), ListLink()
    runner.cfg["logger"] = logger
    make_steerable(runner, Steering(link), link, folder, SPEC)
    runner.learn(2)
    runner.logger.writer.close()
    return [body for body in link.emitted if isinstance(body, TrackerLinked)]


def test_wandb_offline_has_no_page(tmp_path, monkeypatch):
    """Begun here: rsl-rl 5.4.2's own writer gives wandb 0.31 a setting that it no longer has."""
    import wandb

    monkeypatch.setenv("WANDB_SILENT", "true")
    wandb.init(mode="offline", dir=str(tmp_path), project="test")
    try:
        assert wandb.run is not None
        assert tracker_link(SimpleNamespace()) is None
    finally:
        wandb.finish()


def test_a_writer_of_the_user_s_own_is_linked_once(folder):
    class OwnWriter(LogWriter):
        url = WITH_KEY

        def __init__(self, log_dir):
            pass

        def add_scalar(self, tag, scalar_value, global_step):
            pass

        def close(self):
            pass

    assert linked_by({"class_name": OwnWriter}, folder) == [TrackerLinked("tracker", PAGE)]


def test_tensorboard_alone_is_no_tracker(folder):
    assert linked_by("tensorboard", folder) == []


@pytest.mark.parametrize(
    ("module", "content", "writer", "tracker"),
    [
        ("wandb", {"run": SimpleNamespace(url=WITH_KEY, offline=False)}, {}, "W&B"),
        ("neptune", {}, {"run": SimpleNamespace(get_url=lambda: WITH_KEY)}, "Neptune"),
    ],
)
def test_no_key_in_a_link_reaches_the_journal(monkeypatch, module, content, writer, tracker):
    """Played by objects with the attributes of their libraries: a real page needs an account."""
    monkeypatch.setitem(sys.modules, module, SimpleNamespace(**content))
    assert tracker_link(SimpleNamespace(**writer)) == TrackerLinked(tracker, PAGE)


def test_the_page_of_mlflow_is_that_of_its_run(monkeypatch):
    info = SimpleNamespace(experiment_id="4", run_id="ab12")
    server = ["http://u:p@127.0.0.1:5000/"]
    mlflow = SimpleNamespace(active_run=lambda: SimpleNamespace(info=info), get_tracking_uri=lambda: server[0])
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    assert tracker_link(None) == TrackerLinked("MLflow", "http://127.0.0.1:5000/#/experiments/4/runs/ab12")
    server[0] = "file:///home/me/mlruns"
    assert tracker_link(None) is None


@pytest.mark.parametrize(
    "url", ["", "ftp://h/x", "file:///x", "javascript:alert(1)", "https://h/\x1b]0;x", "x" * 2000, 3]
)
def test_what_is_no_page_is_no_link(url):
    assert tracker_link(SimpleNamespace(url=url)) is None
