"""The commands that turn knobs and tell what was turned."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.tui.many_knobs import CURRICULUM, g1_knobs, turned
from tests.waiting import wait_for
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import (
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    MetricSet,
    PhaseChanged,
    Ramp,
    RunStarted,
)

pytestmark = pytest.mark.usefixtures("empty_working_directory")
RUN = "2026-03-01_12-00-00"
WEIGHT, PUSH, FRICTION = "reward/upright/weight", "event/push_robot/velocity_range/x", "event/foot_friction/ranges"
TWIST, MODE, SCHEDULE = "command/twist/lin_vel_x", "guard/kl/mode", "ppo/schedule"
TRAINING = (
    RunStarted(
        run=RUN,
        preset="g1-walk",
        backend="mjlab",
        task="task",
        device="cpu",
        num_envs=4,
        iterations=100,
        seed=42,
        pid=1,
    ),
    g1_knobs(),
    PhaseChanged("training"),
    MetricSet(0, ()),
    IterationFinished(60, 0, b"", 96, 1.0),
)


@pytest.fixture
def turned_run(make_run):
    """An ended run to whose knobs one thing of each kind has happened."""
    return make_run(RUN, *TRAINING, *turned(), PhaseChanged("finished"))


@pytest.fixture
def steered(folder, link):
    """A living run whose trainer does what it is asked for, without a simulator; a weight of 13 it can't take."""
    for body in TRAINING:
        link.emit(body)
    wait_for(lambda: len(JournalReader(folder.journal).read_new()) == len(TRAINING), "the first iteration")
    received: list[InterventionQueued] = []
    closing = threading.Event()

    def train():
        while not closing.is_set():
            for order in link.receive(0.05):
                if isinstance(order, InterventionQueued):
                    received.append(order)
                    link.emit(outcome(order))

    thread = threading.Thread(target=train)
    thread.start()
    yield received
    closing.set()
    thread.join()


def outcome(order):
    if any(change.new == 13.0 for change in order.changes):
        return InterventionFailed(order.number, 61, "RuntimeError: thirteen")
    applied = InterventionApplied(
        number=order.number,
        origin=order.origin,
        iteration=61,
        revision=order.number,
        changes=order.changes,
        note=order.note,
    )
    names = [change.knob for change in order.changes]
    if order.ramp is not None:
        targets = {change.knob: change.new for change in order.changes}
        first = tuple(replace(change, new=change.old) for change in order.changes)
        applied = replace(applied, changes=first, ramp=replace(order.ramp, targets=targets))
    pinned = tuple(name for name in names if name == TWIST)
    return replace(
        applied,
        pinned=pinned,
        unpinned=order.unpin,
        stopped_ramps=order.stop_ramps,
        undoes=order.undoes,
        redoes=order.redoes,
    )


def test_values_of_every_type_are_sent(prints, steered):
    prints("tune", "latest", f"{WEIGHT}=2", f"{PUSH}=-2:2", f"{MODE}=off", f"{SCHEDULE}=fixed", "--applied")
    prints("tune", "latest", "command/twist/heading_command=off", "ppo/num_learning_epochs=3", "--applied")
    sent = {change.knob: change.new for order in steered for change in order.changes}
    assert sent == {
        WEIGHT: 2.0,
        PUSH: (-2.0, 2.0),
        MODE: "off",
        SCHEDULE: "fixed",
        "command/twist/heading_command": False,
        "ppo/num_learning_epochs": 3.0,
    }


def test_default_and_usual_are_the_knob_s_own(prints, fails, steered):
    answer = prints("tune", "latest", f"{PUSH}=usual", f"{WEIGHT}=default", "--applied", "--json")
    assert [(change["knob"], change["new"]) for change in answer["changes"]] == [(PUSH, [-1.0, 1.0]), (WEIGHT, 1.0)]
    assert fails(2, "tune", "latest", f"{WEIGHT}=usual") == f"{WEIGHT} has no usual value: expected default or a value"
    assert "nearest: reward/upright/weight" in fails(2, "tune", "latest", "reward/uprigt/weight=default")


def test_a_change_can_be_ramped_dated_and_drawn_at_once(prints, fails, steered):
    text = prints("tune", "latest", f"{PUSH}=-1:1", "--ramp", "20", "--note", "harder", "--applied")
    assert text == f"#1 applied @61: {PUSH} -0.5:0.5 → -1:1 over 20 iterations\n"
    prints("tune", "latest", "ppo/desired_kl=0.02", "--ramp", "5", "--geometric", "--when", "now", "--applied")
    assert [(order.ramp, order.when) for order in steered] == [
        (Ramp(20, "linear"), "on reset"),
        (Ramp(5, "geometric"), "now"),
    ]
    assert "geometric ramp" in fails(1, "tune", "latest", f"{PUSH}=-1:1", "--ramp", "5", "--geometric")
    assert "has changed since revision 0" in fails(1, "tune", "latest", f"{PUSH}=0:1", "--revision", "0")
    assert prints("tune", "latest", f"{WEIGHT}=3", "--revision", "2", "--json")["state"] == "queued"


def test_a_change_that_costs_says_so_once(prints, steered):
    assert "(the training is blocked" in prints("tune", "latest", f"{FRICTION}=0.1:2")
    assert prints("tune", "latest", f"{FRICTION}=0.1:3", "--json")["message"] == ""


def test_a_change_that_the_simulator_can_not_take_fails(fails, steered):
    line = fails(1, "tune", "latest", f"{WEIGHT}=13", "--applied", "--json")
    assert line == "change #1 was not applied: RuntimeError: thirteen"


def test_what_was_done_is_undone_and_done_again(prints, fails, steered):
    assert fails(1, "undo", "latest") == "there is nothing to undo"
    prints("tune", "latest", f"{WEIGHT}=2", "--applied")
    assert (
        prints("undo", "latest", "--note", "worse", "--applied") == f"undo of #1 (as #2) applied @61: {WEIGHT} 2 → 1\n"
    )
    assert prints("redo", "latest", "1", "--applied", "--json")["redoes"] == 1
    assert prints("undo", "latest", "1", "--json") == {"intervention": 4, "state": "queued", "message": ""}
    assert [(order.undoes, order.redoes, order.note) for order in steered[1:3]] == [(1, None, "worse"), (None, 1, "")]
    assert "NUMBER" in fails(2, "undo", "latest", "0")
    assert "at most 19 digits" in fails(1, "undo", "latest", "9" * 30)
    assert "at most 19 digits" in fails(1, "tune", "latest", f"{WEIGHT}=3", "--revision", "9" * 30, "--json")


def test_pins_and_ramps_are_let_go(prints, fails, steered):
    assert fails(1, "unpin", "latest", TWIST) == f"{TWIST} is not pinned"
    assert prints("tune", "latest", f"{TWIST}=-2:2", "--applied").endswith(f"; pinned: {TWIST}\n")
    assert prints("unpin", "latest", TWIST, "--applied") == f"#2 applied @61: {TWIST} unpinned\n"
    assert fails(1, "stop-ramp", "latest", PUSH) == f"{PUSH} is not ramping"
    prints("tune", "latest", f"{PUSH}=-1:1", "--ramp", "9", "--applied")
    assert prints("stop-ramp", "latest", PUSH, "--applied", "--json")["stopped_ramps"] == [PUSH]


def test_knobs_tell_scripts_everything(prints, turned_run):
    told = prints("knobs", RUN, "--json")
    knobs = {knob["name"]: knob for knob in told["knobs"]}
    assert (len(knobs), told["revision"]) == (len(g1_knobs().knobs), 8)
    assert (knobs[TWIST]["pinned"], knobs[TWIST]["overwritten_by"]) == (True, CURRICULUM)
    assert knobs[TWIST]["changed_by"] == {"origin": "person", "agent": None, "number": 3, "iteration": 61}
    assert knobs[PUSH]["ramp"] == {"target": [-1.0, 1.0], "shape": "linear", "iterations_left": 18}
    assert (knobs[PUSH]["type"], knobs[PUSH]["unit"], knobs[PUSH]["usual"]) == ("range", "m/s", [-1.0, 1.0])
    assert knobs[FRICTION]["value"] == [0.3, 1.6]
    assert knobs["reward/foot_clearance/weight"]["pending"] == -1.0
    assert knobs[MODE]["choices"] == ["off", "warn", "act"]
    assert knobs["environment/num_envs"]["read_only"].endswith("it needs a restart")


def test_knobs_can_be_restricted(prints, fails, turned_run):
    changed = [line.split()[0] for line in prints("knobs", RUN, "--changed").splitlines()]
    assert changed == ["reward/foot_clearance/weight", FRICTION, PUSH, TWIST]
    assert prints("knobs", RUN, "--changed", "--kind", "command").split()[:2] == [TWIST, "-1.5:2"]
    assert prints("knobs", RUN, "--changed", "--kind", "termination") == "no changes\n"
    assert "there are reward, randomization, command" in fails(2, "knobs", RUN, "--kind", "rewards")
    assert "exclude each other" in fails(2, "knobs", RUN, "--toml", "--json")


def test_the_toml_of_a_run_is_a_preset_that_repeats_it(prints, turned_run, tmp_path):
    file = tmp_path / "again.toml"
    file.write_text(prints("knobs", RUN, "--toml"))
    preset = load_preset(str(file))
    assert preset.set == {FRICTION: (0.3, 1.6), PUSH: (-1.0, 1.0), TWIST: (-1.5, 2.0)}
    assert (preset.task, preset.iterations, preset.num_envs.cuda) == ("Mjlab-Cartpole-Balance", 100, 4)
    file.write_text(prints("knobs", RUN, "--toml", "--kind", "command"))
    assert load_preset(str(file)).set == {TWIST: (-1.5, 2.0)}


def test_the_history_lists_what_was_done_newest_first(prints, turned_run, make_run):
    rows = prints("history", RUN).splitlines()
    assert [row.split()[0] for row in rows] == ["#9", "#8", "#7", "#6", "#5", "#4", "#3"]
    assert rows[0].split()[1:3] == ["user", "queued"]
    assert rows[0].endswith("reward/foot_clearance/weight -2 → -1; note: steps are too high")
    assert rows[2].endswith("guard/kl/mode warn → act; RuntimeError: the guard is disabled; note: watch it")
    assert "undo of #5: ppo/desired_kl 0.02 → 0.01" in rows[3]
    told = {row["number"]: row for row in prints("history", RUN, "--json")["interventions"]}
    assert {number: row["state"] for number, row in told.items()} == {
        9: "queued", 8: "applied", 7: "failed", 6: "applied", 5: "undone", 4: "applied", 3: "applied",
    }  # fmt: skip
    assert told[4]["ramp"] == {"iterations": 20, "shape": "linear", "targets": {PUSH: [-1.0, 1.0]}}
    assert told[8]["ramp"] is None
    assert told[8]["changes"] == [{"knob": FRICTION, "old": [0.3, 1.2], "new": [0.3, 1.6]}]
    make_run("2026-03-02_00-00-00", *TRAINING)
    assert prints("history", "latest") == "no changes\n"


def test_nothing_from_a_run_reaches_the_terminal_as_more_than_text(prints, make_run):
    wild = replace(g1_knobs().knobs[0], name="\x1b[2Jknob", unit="\x07m", competing_writer="\x1b]0;title\x07term")
    note = turned()[0]
    make_run(RUN, TRAINING[0], replace(g1_knobs(), knobs=(wild, *g1_knobs().knobs)), replace(note, note="\x1b[31mred"))
    for command in ("knobs", "history"):
        assert "\x1b" not in prints(command, RUN)
        assert "\x07" not in prints(command, RUN)
