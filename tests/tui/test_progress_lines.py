"""Progress of a starting training: a line for all kernel modules together."""

from __future__ import annotations

import io
import sys

from tests.tui.conftest import RUN, STARTED
from tests.waiting import wait_for
from trainer_proc.contract.messages import Frame, IterationFinished, MetricSet, PhaseChanged
from trainer_proc.contract.products import EvaluationFailed, EvaluationFinished
from tui.commands.shared.progress_line import elapsed_line
from tui.commands.shared.progress_lines import ProgressLines
from tui.session.state import RunState

MODULES = [
    PhaseChanged("compiling", f"{name} {how}", count)
    for count, (name, how) in enumerate(
        [("smooth", "compiled in 2.2 s"), ("constraint", "from the cache"), ("solver", "compiled in 9.9 s")], start=1
    )
]
BODIES = [
    STARTED,
    PhaseChanged("building", "loading mjlab"),
    PhaseChanged("building", "4 environments of task on cpu"),
    *MODULES,
    MetricSet(0, ()),
    PhaseChanged("training", kernel_modules=3),
    PhaseChanged("compiling", "late compiled in 0.1 s", 4),
    PhaseChanged("training", kernel_modules=4),
    IterationFinished(0, 0, b"", 96, 1.0),
]


ERASE = "\r\x1b[K"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(bodies):
    state = RunState()
    with ProgressLines() as lines:
        for number, body in enumerate(bodies):
            frame = Frame(number, 1e9 + 10 * number, body)
            state.apply(frame)
            lines.show(frame, state)


def test_work_without_progress_shows_its_time_on_a_terminal_until_its_end(monkeypatch):
    monkeypatch.setattr("tui.commands.shared.progress_line._TICK_SECONDS", 0.01)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with elapsed_line("exporting walk", quiet=False) as end:
        wait_for(lambda: f"{ERASE}exporting walk: 0 s" in terminal.getvalue(), "the time")
        end()
        shown = terminal.getvalue()
        assert shown.endswith(ERASE)
    with elapsed_line("exporting walk", quiet=True):
        pass
    assert terminal.getvalue() == shown


def test_without_a_terminal_kernel_modules_take_one_line(capsys):
    shown(BODIES)
    assert capsys.readouterr().out.splitlines() == [
        "building: loading mjlab",
        "building: 4 environments of task on cpu",
        "compiling: 3 kernel modules in 20 s",
        "training",
        "compiling: 4 kernel modules",
        "iteration 1 of 100",
    ]


def test_a_terminal_shows_the_line_growing(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    shown(BODIES)
    lines = sys.stdout.getvalue().split("\n")
    assert lines[2].split(ERASE) == [
        "",
        "compiling: 1 kernel module, smooth compiled in 2.2 s",
        "compiling: 2 kernel modules, constraint from the cache",
        "compiling: 3 kernel modules, solver compiled in 9.9 s",
        "compiling: 3 kernel modules in 20 s",
    ]
    assert [line.rpartition(ERASE)[2] for line in lines[3:]] == [
        "training",
        "compiling: 4 kernel modules",
        "iteration 1 of 100",
        "",
    ]


def test_the_line_is_ended_when_the_command_ends_in_between(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    with ProgressLines() as lines:
        lines.show(Frame(0, 1e9, MODULES[0]), RunState())
    assert sys.stdout.getvalue().endswith("compiling: 1 kernel module\n")


def test_a_guard_s_pause_is_printed_with_the_commands_that_get_on(capsys):
    paused = PhaseChanged("paused", "guard x: y", 3, is_resumable=False, good_checkpoint="model_0.pt")
    shown([*BODIES, paused, PhaseChanged("training", "", 3), PhaseChanged("paused", "after iteration 0", 3)])
    assert capsys.readouterr().out.splitlines()[-5:] == [
        "paused: guard x: y",
        f"  humanoid-tui resume {RUN} --reload: reload model_0.pt and continue",
        f"  humanoid-tui stop {RUN}: stop; the policy is not finite, nothing is saved",
        "training",
        "paused: after iteration 0",
    ]


def test_an_evaluation_beside_the_training_has_a_line(capsys):
    values = {"Evaluation/success": 0.75}
    evaluated = EvaluationFinished(0, "quick", values, "evaluations/model_0", 4, 2.0, is_best=True)
    shown([STARTED, evaluated, EvaluationFailed(2, "no memory")])
    assert capsys.readouterr().out.splitlines() == [
        "iteration 0 evaluated: success 75%, the best so far",
        "evaluation of iteration 2: no memory",
    ]
