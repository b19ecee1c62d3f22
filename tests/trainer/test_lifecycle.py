"""A signal during the build ends the training, whatever the interrupted libraries do."""

from __future__ import annotations

import os
import signal

import pytest

from tests.fake_training import ListLink
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.knobs.live import TrainingKnobs
from trainer_proc.steering.boundary import Steering
from trainer_proc.training.lifecycle import end_other_ranks, run_and_report

STOPPED = PhaseChanged("finished", "stopped before the first iteration")


@pytest.fixture
def link():
    return ListLink()


@pytest.fixture
def steering(link):
    steering = Steering(link)
    steering.publish_knobs(TrainingKnobs([], []), {})
    return steering


def interrupt():
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_interrupts_the_build(steering, link):
    reached = []

    def build():
        interrupt()
        reached.append("the end")

    run_and_report(steering, build)
    assert link.emitted[-1] == STOPPED
    assert not reached


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_whose_exception_was_swallowed_ends_the_build_before_the_first_iteration(steering, link):
    class Interrupted:
        def __del__(self):
            interrupt()  # as in the callbacks of an import: Python prints the exception and continues

    reached = []

    def build_and_learn():
        waste = Interrupted()
        del waste
        reached.append("the end of the build")
        steering.start_iterating(0)
        reached.append("an iteration")

    run_and_report(steering, build_and_learn)
    assert link.emitted[-1] == STOPPED
    assert reached == ["the end of the build"]


def test_an_error_that_a_library_made_of_the_stop_is_a_stop(steering, link):
    def build():
        try:
            interrupt()
        except BaseException as error:
            raise ImportError("initialization failed") from error

    run_and_report(steering, build)
    assert link.emitted[-1] == STOPPED


def test_an_error_during_the_build_is_reported_and_raised(steering, link):
    def build():
        raise ImportError("no such thing")

    with pytest.raises(ImportError):
        run_and_report(steering, build)
    assert link.emitted[-1] == PhaseChanged("failed", "ImportError: no such thing")


@pytest.mark.parametrize(
    ("text", "is_lost_rank"),
    [
        ("[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:538] Read error: Connection reset by peer", True),
        ("[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [::1]:5", True),
        ("NCCL error: remote process exited or there was a network error", True),
        ("[Errno 32] Broken pipe", False),
    ],
)
def test_the_end_of_another_rank_is_named(steering, link, monkeypatch, text, is_lost_rank):
    def fail():
        raise RuntimeError(text)

    for ranks, names_it in (("2", is_lost_rank), ("1", False)):
        monkeypatch.setenv("WORLD_SIZE", ranks)
        with pytest.raises(RuntimeError):
            run_and_report(steering, fail)
        named = "another rank has ended, see the end of console.log; " if names_it else ""
        assert link.emitted[-1] == PhaseChanged("failed", f"{named}RuntimeError: {text}")


def test_a_stop_during_the_build_signals_no_process_in_place_of_the_launcher(steering, monkeypatch):
    signalled = []
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.setattr(os, "kill", lambda pid, number: signalled.append((pid, number)))
    end_other_ranks(steering)
    assert signalled == [(os.getppid(), signal.SIGTERM)]
    monkeypatch.setattr(os, "getppid", lambda: 1)  # the launcher has died
    end_other_ranks(steering)
    assert len(signalled) == 1
