"""A training in fast mode reports its parts, and `doctor RUN` tells them; on a CPU, each graph is the work itself."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.fake_training import ListLink
from tests.point_spec import SPEC
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Frame, RunStarted
from trainer_proc.contract.monitoring import StepCaptured
from tui.cli import run

STARTED = RunStarted("run", "own", "tests", "point", "cpu", 6, 3, 3, 1)


@pytest.fixture
def trained(make_run):
    """Return a function that trains with a `[fast]` table, and returns the run's folder and its reports."""
    from tests.tiny_training import PointEnv, make_runner
    from trainer_proc.steering.boundary import Steering
    from trainer_proc.training import build

    def trained(**fast):
        folder = make_run("run")
        folder.write_spec(msgspec.structs.replace(SPEC, fast=fast))
        link = ListLink([])
        runner = make_runner(str(folder.path), environment=lambda: PointEnv(range(6)))
        build.make_steerable(runner, Steering(link), link, folder, folder.read_spec())
        runner.learn(3)
        runner.logger.writer.close()
        journal = JournalWriter(folder.journal)
        for number, body in enumerate((STARTED, *link.emitted)):
            journal.append(encode(Frame(number, 0.0, body)))
        journal.close()
        return folder, [body for body in link.emitted if isinstance(body, StepCaptured)]

    return trained


def examined(folder, capsys):
    capsys.readouterr()  # rsl-rl's own output
    assert run(["doctor", str(folder.path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_run_tells_what_was_captured_and_that_a_foreign_environment_was_not(trained, capsys):
    folder, reports = trained(mode="on")
    told = examined(folder, capsys)
    assert told["fast_mode"]
    assert told["captured"] == ["ppo/act", "ppo/process_env_step", "ppo/compute_returns", "ppo/update"]
    assert told["eager"] == {"environment": "only the step of mjlab's environments is captured"}
    assert told["captures"] == reports[-1].captures
    assert len({report.parts for report in reports}) == len(reports)  # sent when it changes, not once an iteration


def test_on_a_cpu_fast_mode_is_off_unless_it_is_asked_for(trained, capsys):
    folder, reports = trained()
    assert reports == []
    assert examined(folder, capsys)["reason"] == "it trains on cpu, and only a CUDA device has graphs"
