"""Requests of agents that wait for the user: asked, answered once, over with their time or their process."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from threading import Event, Thread

import platformdirs
import pytest

from tests.waiting import wait_for
from tui.cli import run
from tui.session.agents.questions import MOST_OPEN, QuestionError, answer, ask_user, await_answer, open_questions

CHANGE = {"agent": "claude", "what": "reward/upright/weight 1 → 2", "why": "it falls"}
LONG = 600.0


def state_folder():
    return platformdirs.user_state_path("humanoid-tui") / "agents"


def asked(folder, seconds=LONG):
    return ask_user(run=folder, seconds=seconds, **CHANGE)


def answered_by(question, act):
    """What the asking thread gets when `act` is done while it waits."""
    got = []
    thread = Thread(target=lambda: got.append(await_answer(question, Event())))
    thread.start()
    act()
    thread.join()
    return got[0]


@pytest.mark.parametrize(("accepted", "expected"), [(True, "accepted"), (False, "refused")])
def test_the_user_s_answer_reaches_the_agent_and_nothing_is_left(folder, accepted, expected):
    question = asked(folder)
    assert [one.id for one in open_questions(folder)] == [question.id]
    assert answered_by(question, lambda: answer(question.id, accepted)) == expected
    assert list(state_folder().iterdir()) == []


def test_a_request_is_the_user_s_own_to_read(folder):
    asked(folder)
    (file,) = state_folder().iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_first_answer_counts(folder):
    question = asked(folder)
    answer(question.id, accepted=False)
    with pytest.raises(QuestionError, match="no request"):
        answer(question.id, accepted=True)
    assert await_answer(question, Event()) == "refused"


def test_without_an_answer_in_time_it_is_refused_and_can_not_be_accepted_later(folder):
    question = asked(folder, seconds=0.01)
    assert await_answer(question, Event()) == "expired"
    with pytest.raises(QuestionError, match="its time is over"):
        answer(question.id, accepted=True)


def test_an_agent_that_gives_up_takes_its_request_back(folder):
    question, cancelled = asked(folder), Event()
    cancelled.set()
    assert await_answer(question, cancelled) == "expired"
    assert open_questions() == []


def test_an_answer_that_can_not_be_read_is_no_yes(folder):
    question = asked(folder)
    (state_folder() / f"{question.id}.answer").write_text("accepted, surely")
    assert await_answer(question, Event()) == "refused"


def test_a_request_of_a_process_that_has_ended_is_none_and_is_removed(folder):
    program = (
        "from pathlib import Path; from trainer_proc.contract.run_folder import RunFolder;"
        "from tui.session.agents.questions import ask_user;"
        f"ask_user(run=RunFolder(Path({str(folder.path)!r})), seconds=600.0, **{CHANGE!r})"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    (orphan,) = state_folder().iterdir()
    assert open_questions() == []
    asked(folder)
    assert not orphan.exists()


def test_only_a_few_requests_about_a_run_wait(make_run):
    folder, other = make_run(), make_run("2026-03-02_10-00-00")
    for _ in range(MOST_OPEN):
        asked(folder)
    with pytest.raises(QuestionError, match="wait for the user already"):
        asked(folder)
    asked(other)
    assert len(open_questions(folder)) == MOST_OPEN
    assert len(open_questions()) == MOST_OPEN + 1


def test_files_that_are_no_requests_are_passed_over(folder):
    question = asked(folder)
    (state_folder() / "deep.json").write_text("[" * 100_000)
    (state_folder() / "other.json").write_bytes((state_folder() / f"{question.id}.json").read_bytes())
    os.mkfifo(state_folder() / "pipe.json")
    assert [one.id for one in open_questions()] == [question.id]


def test_the_command_lists_and_answers(folder, capsys):
    logs = ["--logs", str(folder.path.parents[1])]

    def output(*arguments, code=0):
        assert run(["agents", *arguments, *logs]) == code
        return capsys.readouterr()

    assert output().out == "no requests of agents\n"
    question = asked(folder)
    line = output(folder.name).out
    assert all(part in line for part in (question.id, folder.name, "claude", CHANGE["what"], CHANGE["why"]))
    (record,) = json.loads(output("--json").out)
    assert record["id"] == question.id
    assert output("--accept", question.id).out == f"request {question.id} accepted\n"
    assert await_answer(question, Event()) == "accepted"
    assert "no request" in output("--refuse", question.id, code=1).err
    assert "exclude" in output("--refuse", "a", "--accept", "b", code=2).err


def test_a_command_answers_an_agent_that_waits(folder):
    question = asked(folder)

    def refuse():
        wait_for(lambda: open_questions(folder), "the request")
        assert run(["agents", "--refuse", question.id]) == 0

    assert answered_by(question, refuse) == "refused"
