"""Captured work on a CPU, where the work itself runs, and the report of what is captured."""

from __future__ import annotations

import pytest

from trainer_proc.fast.report import NOT_YET, FastReport


@pytest.fixture(scope="module", autouse=True)
def imported():
    global capture, torch
    import torch

    from trainer_proc.fast.graph import capture


def test_results_stay_where_they_are():
    source = torch.zeros(3)
    graph = capture(lambda: (source + 1,), torch.device("cpu"))
    (first,) = graph.replay()
    assert first.tolist() == [1, 1, 1]
    source.fill_(2)
    (second,) = graph.replay()
    assert second is first
    assert first.tolist() == [3, 3, 3]


def test_results_of_inference_mode_can_be_written_outside_of_it():
    source = torch.ones(2)
    with torch.inference_mode():
        graph = capture(lambda: (source * 2,), torch.device("cpu"))
        graph.replay()
    (result,) = graph.replay()
    result.zero_()
    assert not result.is_inference()


def test_a_capture_changes_nothing():
    counted, generator = torch.zeros(1), torch.get_rng_state()
    capture(lambda: (counted.add_(1), torch.rand(2)), torch.device("cpu"), [counted])
    assert counted.item() == 0
    assert torch.equal(torch.get_rng_state(), generator)


def test_the_report_names_what_runs_eagerly():
    report = FastReport()
    report.part("ppo/act").captured(0.02)
    report.part("rewards/upright").is_eager("waits for the device")
    report.part("ppo/update")
    assert report.eager() == {"rewards/upright": "waits for the device", "ppo/update": NOT_YET}
    report.part("ppo/act").captured(0.01)
    assert (report.part("ppo/act").captures, report.part("ppo/act").capture_seconds) == (2, 0.01)
    assert [part.name for part in report.parts] == ["ppo/act", "rewards/upright", "ppo/update"]
