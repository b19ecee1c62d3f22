"""An evaluation that the user asked for, by a program that a shell script plays: its result, its failures, its end."""

from __future__ import annotations

import os
from threading import Event, Thread

import msgspec
import pytest

from curricula.errors import UserError
from tests.waiting import wait_for
from trainer_proc.contract.evaluation import Cell, Evaluation, Measure, Request
from trainer_proc.contract.worker import Progress
from tui.session.evaluations.run import evaluate

RESULT = Evaluation(
    suite="quick",
    run="run",
    checkpoint="model_4.pt",
    sha256="",
    iteration=4,
    task="task",
    backend="mjlab",
    device="cpu",
    seed=0,
    num_envs=1,
    episode_seconds=1.0,
    measures=(Measure("success"),),
    cells=(Cell(episodes=1, values={"success": (1.0,)}),),
)


@pytest.fixture
def request_of(folder, tmp_path, monkeypatch):
    """Make a request that this shell script answers."""
    monkeypatch.chdir(tmp_path)

    def make(script):
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\nread request\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr("tui.session.backends.work.backend_command", lambda backend: ([str(program)], {}))
        return Request(run=str(folder.path), checkpoint=str(folder.checkpoint(4)))

    return make


def printing(*answers):
    lines = "\n".join(msgspec.json.encode(answer).decode() for answer in answers)
    return f"cat <<'END'\nIsaac Sim starts\n{lines}\nEND"


def test_progress_and_result_are_returned(request_of):
    seen = []
    request = request_of(printing(Progress(1, 2, "playing"), RESULT))
    assert evaluate(request, seen.append, Event()) == RESULT
    assert seen == [Progress(1, 2, "playing")]


@pytest.mark.parametrize(
    ("script", "message", "exit_code"),
    [
        ("echo first >&2; echo no memory >&2; exit 3", "the evaluation ended with code 3 and no answer: no memory", 1),
        ("exit 4", "the evaluation ended with code 4 and no answer: it printed no error", 1),
        ("""echo '{"type": "Refusal", "error": "no such suite", "exit_code": 2}'""", "no such suite", 2),
    ],
)
def test_a_failure_is_one_line(request_of, script, message, exit_code):
    with pytest.raises(UserError) as error:
        evaluate(request_of(script), lambda progress: None, Event())
    assert (str(error.value), error.value.exit_code) == (message, exit_code)


def test_a_cancelled_one_leaves_no_process(request_of, tmp_path):
    cancelled, ended = Event(), []
    request = request_of("echo $$ > pid; while true; do sleep 0.05; done")

    def run():
        try:
            evaluate(request, lambda progress: None, cancelled)
        except UserError as error:
            ended.append(str(error))

    thread = Thread(target=run)
    thread.start()
    pid = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "its start"))
    cancelled.set()
    thread.join()
    assert ended == ["cancelled"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_interrupted_program_ends_it(request_of, tmp_path):
    def interrupt(progress):
        raise KeyboardInterrupt

    script = f"{printing(Progress(1, 2))}\necho $$ > pid; while true; do sleep 0.05; done"
    with pytest.raises(KeyboardInterrupt):
        evaluate(request_of(f"echo $$ > pid; {script}"), interrupt, Event())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
