"""Exports during training: the weights are copied, and training continues."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.trainer.full_disk import largest_file
from trainer_proc.contract.products import ExportFailed, ExportStarted


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global ExportJobs, make_runner
    from tests.tiny_training import make_runner
    from trainer_proc.export.job import ExportJobs


# --- Exports during training ------------------------------------------------------------------------------


def export(folder):
    """Export the policy of a tiny training; return the two bodies that report it."""
    emitted = []
    jobs = ExportJobs(folder, emitted.append)
    jobs.start(make_runner(), 5)
    jobs.wait()
    started, ended = emitted
    assert isinstance(started, ExportStarted)
    return ended


def test_an_export_that_can_not_work_gives_the_reason_in_one_line(folder):
    failed = export(folder)  # the run has no params/policy.json
    assert isinstance(failed, ExportFailed)
    assert failed.iteration == 5
    assert len(failed.reason.splitlines()) == 1
    assert "policy.json" in failed.reason


def test_an_export_to_a_full_disk_fails_and_another_can_be_requested(folder):
    with largest_file(1000):
        failed = export(folder)
    assert isinstance(failed, ExportFailed)
    assert len(failed.reason.splitlines()) == 1


@pytest.mark.parametrize(
    ("output", "reason"),
    [("", "no answer"), ("not json", "no answer"), ("{}", "no answer"), ("[]", "no answer"), ('{"error": "!"}', "!")],
)
def test_whatever_the_exporter_prints_the_export_ends(folder, output, reason, monkeypatch, tmp_path):
    exporter = tmp_path / "exporter"
    exporter.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    exporter.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(exporter))
    failed = export(folder)
    assert isinstance(failed, ExportFailed)
    assert reason in failed.reason
    assert len(failed.reason.splitlines()) == 1


def test_waiting_for_no_export_returns(folder):
    ExportJobs(folder, SimpleNamespace).wait()
