"""The command line: exit codes, one line for every failure, one JSON value with `--json`."""

from __future__ import annotations

import json
import sys
import threading

import click
import pytest

from tests.tui.curricula_run import begun, finished_with, how_it_goes, started
from tests.waiting import wait_for
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    PhaseChanged,
    RunStarted,
)
from trainer_proc.contract.requests import Pause, Resume, Save, Stop
from tui.cli import run
from tui.command_group import HELP_ORDER, cli, command_names

pytestmark = pytest.mark.usefixtures("empty_working_directory")
COMMANDS = cli.list_commands(None)
KNOB = "reward/upright/weight"
RUN = "2026-03-01_12-00-00"
STARTED = RunStarted(
    run=RUN, preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)
BODIES = (
    STARTED,
    KnobsAvailable(0, (Knob(KNOB, "reward", 1.0, 1.0, "next iteration"),)),
    PhaseChanged("training"),
    MetricSet(0, ("Train/mean_reward",)),
    IterationFinished(0, 0, pack_values([2.5]), 96, 1.0),
    InterventionQueued(1, "person", (Change(KNOB, 1.0, 2.0),)),
    InterventionApplied(1, "person", 1, 1, (Change(KNOB, 1.0, 2.0),)),
    IterationFinished(1, 0, pack_values([float("nan")]), 192, 1.0),
    PhaseChanged("finished"),
)


@pytest.fixture
def ended(make_run):
    """A run that has finished."""
    return make_run(RUN, *BODIES)


async def test_attach_reads_a_long_journal_before_the_program_is_imported(ended, monkeypatch):
    from tui.session.metrics import early_reader

    class Reader(early_reader.EarlyReader):
        def __init__(self, path, at_once):
            super().__init__(path, at_once)
            readers.append(self)

    apps, readers = [], []
    monkeypatch.setattr(early_reader, "EarlyReader", Reader)
    monkeypatch.setattr("tui.terminal.run.run_app", apps.append)
    assert run(["attach", RUN]) == 0
    assert readers == []
    monkeypatch.setattr("tui.commands.attach._LONG", 1)
    assert run(["attach", RUN]) == 0
    ((reader,), (_, app)) = readers, apps
    async with app.run_test():
        assert app.screen.journal is reader


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(prints, command):
    text = prints(command, "--help")
    assert text.startswith(f"Usage: humanoid-tui {command}")
    assert prints(command, "-h") == text


def test_the_program_lists_its_commands(prints):
    text = prints("--help")
    listed = [name for name in COMMANDS if not cli.get_command(None, name).hidden]
    assert [line.split()[0] for line in text.partition("Commands:\n")[2].splitlines() if line] == listed
    assert prints("--version").startswith("humanoid-tui, version ")


@pytest.mark.parametrize(("name", "hint"), [("lunch", "nearest: launch"), ("xyz", "there are launch, presets")])
def test_an_unknown_command_is_told_with_the_nearest(fails, name, hint):
    assert fails(2, name, "--json").startswith(f"no such command: {name}; {hint}")


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_wrong_use_is_one_line_and_code_2(fails, ended, more):
    assert "nearest: cartpole" in fails(2, "launch", "cartpol", *more)
    assert "such as reward/" in fails(2, "launch", "cartpole", "--set", KNOB, *more)
    assert "expected the device cpu or cuda:N, got gpu" in fails(2, "launch", "cartpole", "--device", "gpu", *more)
    assert "--num-envs" in fails(2, "launch", "cartpole", "--num-envs", "0", *more)
    assert "expected a run name" in fails(2, "launch", "cartpole", "--name", "a/b", *more)
    assert "finite" in fails(2, "launch", "cartpole", "--set", f"{KNOB}=nan", *more)
    assert "such as reward/" in fails(2, "tune", RUN, KNOB, *more)
    assert "such as reward/" in fails(2, "tune", RUN, "=1", *more)
    assert "such as reward/" in fails(2, "tune", RUN, f"{KNOB}= ", *more)
    assert fails(2, "tune", RUN, f"{KNOB}=much", *more) == f"{KNOB}: expected a number such as 0.5, got much"
    assert fails(2, "tune", RUN, "reward/uprigt/weight=default", *more).endswith(f"nearest: {KNOB}")
    assert "--ramp N, the number of iterations" in fails(2, "tune", RUN, f"{KNOB}=1", "--geometric", *more)
    assert "--when" in fails(2, "tune", RUN, f"{KNOB}=1", "--when", "tomorrow", *more)
    assert "LOW:HIGH" in fails(2, "launch", "cartpole", "--bound", f"{KNOB}=3", *more)
    assert "expected LOW ≤ HIGH, got 3:1" in fails(2, "launch", "cartpole", "--bound", f"{KNOB}=3:1", *more)
    assert "--processes" in fails(2, "launch", "cartpole", "--processes", "0", *more)
    assert "KNOB=VALUE" in fails(2, "tune", RUN, *more)
    assert "--colour" in fails(2, "runs", "--colour", *more)


@pytest.mark.parametrize("command", ["knobs", "history", "pause", "resume", "stop", "save", "export", "undo", "redo"])
def test_an_unknown_run_is_told_with_the_nearest(fails, ended, command):
    assert fails(2, command, "2025", "--json") == f"no such run: 2025; nearest: {RUN}"


def test_an_unknown_run_can_not_be_tuned_or_attached_to(fails, ended):
    for arguments in (("tune", "2025", f"{KNOB}=1"), ("unpin", "2025", KNOB), ("attach", "2025")):
        assert fails(2, *arguments) == f"no such run: 2025; nearest: {RUN}"


def test_a_preset_file_with_an_unknown_key_is_one_line(fails, tmp_path):
    preset = tmp_path / "mine.toml"
    preset.write_text('title = "Mine"\niteratons = 5\n')
    assert "iteratons" in fails(2, "launch", str(preset), "--json")


@pytest.mark.parametrize("command", ["pause", "stop", "save", "undo", "redo"])
def test_a_run_that_has_ended_takes_no_request(fails, ended, command):
    assert "it has ended" in fails(1, command, "latest", "--json")
    for arguments in (("tune", "latest", f"{KNOB}=1"), ("unpin", "latest", KNOB), ("stop-ramp", "latest", KNOB)):
        assert "it has ended" in fails(1, *arguments)


def test_a_run_without_a_checkpoint_can_not_be_exported(fails, ended):
    assert fails(1, "export", "latest", "--json") == f"{RUN} has no checkpoint yet"


def test_what_can_not_be_read_is_one_line(fails, ended):
    ended.journal.write_bytes(b"no frames at all")
    assert "damaged at byte 0" in fails(1, "knobs", "latest", "--json")
    ended.spec_file.write_bytes(b"\xff")
    assert "run.toml can't be read" in fails(1, "knobs", "latest", "--json")
    assert "run.toml can't be read" in fails(1, "attach", "latest")


def test_a_trainer_that_dies_before_it_says_a_word_ends_the_launch(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert run(["launch", "cartpole", "--device", "cpu", "--json"]) == 1
    out, err = capsys.readouterr()
    path, problem = err.splitlines()  # where the run lies is told before anything can go wrong
    assert path.startswith(str(tmp_path / "logs" / "cartpole"))
    assert "died" in problem
    assert "console.log" in problem
    assert json.loads(out) == {"error": problem.removeprefix("humanoid-tui: ")}


@pytest.fixture
def steered(folder, link):
    """A living run that has said what can be turned; its trainer applies what it is asked for, and nothing else."""
    for body in BODIES[:5]:  # up to an iteration: a stop before it would be a signal to this process
        link.emit(body)
    wait_for(lambda: len(JournalReader(folder.journal).read_new()) == 5, "the first iteration")
    received = []
    closing = threading.Event()

    def train():
        while not closing.is_set():
            for order in link.receive(0.05):
                received.append(order)
                if isinstance(order, InterventionQueued):
                    number, changes = order.number, order.changes
                    link.emit(
                        InterventionApplied(
                            number=number,
                            origin=order.origin,
                            iteration=7,
                            revision=number,
                            changes=changes,
                            note=order.note,
                        )
                    )

    thread = threading.Thread(target=train)
    thread.start()
    yield received
    closing.set()
    thread.join()


def test_a_living_run_is_steered(prints, fails, steered):
    assert prints("tune", "latest", f"{KNOB}=2") == "#1 queued for the next iteration\n"
    answer = prints("tune", "latest", f"{KNOB}=-3.5", "--note", "why not", "--applied", "--json")
    assert (answer["intervention"], answer["state"], answer["iteration"]) == (2, "applied", 7)
    assert (answer["changes"][0]["new"], answer["note"]) == (-3.5, "why not")
    assert fails(1, "tune", "latest", "reward/uprigt/weight=1", "--json").endswith(f"nearest: {KNOB}")
    assert "finite" in fails(1, "tune", "latest", f"{KNOB}=inf")
    for command in ("pause", "resume", "save", "stop"):
        assert prints(command, "latest", "--json")["accepted"] == command
    assert "is stopping" in fails(1, "pause", "latest", "--json")
    wait_for(lambda: len(steered) == 6, "all orders")
    assert [type(order) for order in steered[2:]] == [Pause, Resume, Save, Stop]


def test_runs_are_listed_and_a_broken_one_does_not_hide_the_others(prints, ended, make_run):
    broken = make_run("2026-03-02_00-00-00")
    broken.spec_file.write_bytes(b"\xff")
    first, second = prints("runs", "--json")
    assert (first["name"], first["preset"]) == (broken.name, None)
    assert "can't be read" in first["problem"]
    assert (second["name"], second["status"], second["iteration"], second["problem"]) == (RUN, "finished", 2, "")
    assert (second["iterations"], second["newest_iteration"]) == (100, 1)
    assert second["reward"] is None  # a NaN; JSON has none
    lines = prints("runs").splitlines()
    assert lines[0].startswith(broken.name)
    assert lines[1].split() == [f"cartpole/{RUN}", "finished", "2", "of", "100", "reward", "nan", "0:00:08"]


def test_a_failed_run_is_listed_with_its_reason(prints, make_run):
    make_run(RUN, STARTED, PhaseChanged("failed", "no such knob: reward/nothing/weight"))
    assert prints("runs").rstrip().endswith("no such knob: reward/nothing/weight")
    assert [row["reason"] for row in prints("runs", "--json")] == ["no such knob: reward/nothing/weight"]


def test_without_runs_the_list_is_empty(prints, tmp_path):
    assert prints("runs", "--json") == []
    assert prints("runs") == f"no runs in {tmp_path / 'logs'}\n"


def test_knobs_are_listed_with_their_values(prints, ended, make_run):
    (knob,) = prints("knobs", "latest", "--json")["knobs"]
    assert (knob["name"], knob["value"], knob["default"], knob["applied_at"]) == (KNOB, 2.0, 1.0, 1)
    assert prints("knobs", RUN).split() == [
        KNOB,
        *["2", "default", "1;", "applied", "@1", "(user)"],
    ]
    make_run("2026-03-02_00-00-00", STARTED)
    assert prints("knobs", "latest").startswith("no knobs yet")
    assert prints("knobs", "latest", "--json") == {"revision": 0, "knobs": []}


def test_what_the_dashboard_shows_is_printed_as_json(prints, ended):
    shown = prints("attach", RUN, "--json")
    assert (shown["status"], shown["iteration"], shown["environment_steps"]) == ("finished", 2, 192)
    assert (shown["iterations"], shown["newest_iteration"], shown["last_iteration"]) == (100, 1, 99)
    assert shown["metrics"] == {"Train/mean_reward": None}  # NaN
    assert [knob["value"] for knob in shown["knobs"]] == [2.0]
    assert [intervention["number"] for intervention in shown["interventions"]] == [1]
    assert shown["curricula"] == []


def test_curricula_are_printed_with_what_happens_next(prints, make_run):
    make_run("2026-03-03_00-00-00", *begun(), *finished_with(4, how_it_goes()))
    (velocity, *_) = prints("attach", "2026-03-03_00-00-00", "--json")["curricula"]
    assert (velocity["name"], velocity["level"], velocity["top"], velocity["mode"]) == ("velocity", 0, 5, "auto")
    assert velocity["outlook"].startswith("up when Train/success_rate > 0.8; now 0.62; eligible in 15 iterations")
    make_run("2026-03-04_00-00-00", started({"future": {"kind": "dreams"}}))
    assert prints("attach", "2026-03-04_00-00-00", "--json")["curricula"] is None


def test_an_error_of_ours_is_not_hidden(monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError

    monkeypatch.setattr("tui.commands.presets.list_presets", fail)
    with pytest.raises(ZeroDivisionError):
        run(["presets"])


def test_every_module_is_a_command_of_its_name():
    names = command_names()
    assert set(HELP_ORDER) <= set(names)
    for name in names:
        command = cli.get_command(click.Context(cli), name)
        assert command.name == name
        assert command.callback.__module__ == f"tui.commands.{name.replace('-', '_')}"
