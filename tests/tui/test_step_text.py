"""Fast mode as the user reads it: what `doctor RUN`, the machine panel and notifications tell of a run's step."""

from __future__ import annotations

import msgspec
import pytest

from tests.tui.conftest import RUN, STARTED
from tests.tui.machines import BOX
from trainer_proc.contract.messages import Frame, PhaseChanged
from trainer_proc.contract.monitoring import FAST_MODE, LeftOut, StepCaptured, StepPart
from tui.session.machine.view import machine_lines
from tui.session.notifications.news import step_news
from tui.session.state import RunState
from tui.session.step_text import step_parts

LOOPS = "it decides or loops in Python"
FIRST = StepCaptured(
    (StepPart("actions/process", ""), StepPart("rewards", ""), StepPart("rewards/own", LOOPS), StepPart("ppo/act", "")),
    captures=5,
    seconds=0.118,
)
LATER = StepCaptured((*FIRST.parts, StepPart("observations/actor/own", "it writes _count")), captures=9, seconds=0.12)
ENDED = PhaseChanged("finished")


@pytest.fixture
def doctor(make_run, prints, tmp_path):
    """Return a function that writes a run with these frames and examines it, as text and as JSON."""

    def doctor(*bodies, **spec):
        folder = make_run(RUN, STARTED, *bodies)
        folder.write_spec(msgspec.structs.replace(folder.read_spec(), **spec))
        options = ("doctor", RUN, "--logs", str(tmp_path / "logs"))
        return prints(*options), prints(*options, "--json")

    return doctor


def folded(*bodies):
    state = RunState()
    for number, body in enumerate(bodies):
        state.apply(Frame(number, 0.0, body))
    return state


def test_doctor_lists_what_is_captured_and_why_the_rest_is_not(doctor):
    text, told = doctor(FIRST, LATER, ENDED, device="cuda:0")
    assert text.splitlines() == [
        f"{RUN}: 3 of 5 parts of the training step are captured",
        "  captures    9, the slowest took 0.12 s",
        "  captured    actions/process, rewards, ppo/act",
        f"  eager       rewards/own: {LOOPS}",
        "              observations/actor/own: it writes _count",
    ]
    assert told == {
        "run": RUN,
        "fast_mode": True,
        "reason": "",
        "device": "cuda:0",
        "captured": ["actions/process", "rewards", "ppo/act"],
        "eager": {"rewards/own": LOOPS, "observations/actor/own": "it writes _count"},
        "captures": 9,
        "slowest_capture_seconds": 0.12,
    }


def test_an_environment_that_could_not_be_attached_is_an_eager_part(doctor):
    text, told = doctor(LeftOut(FAST_MODE, "AttributeError: no managers"), FIRST, ENDED, device="cuda:0")
    assert "environment: AttributeError: no managers" in text
    assert told["eager"] == {"rewards/own": LOOPS, "environment": "AttributeError: no managers"}


@pytest.mark.parametrize(
    ("bodies", "spec", "reason"),
    [
        ((ENDED,), {}, "it trains on cpu, and only a CUDA device has graphs"),
        ((ENDED,), {"fast": {"mode": "off"}, "device": "cuda:0"}, 'switched off: --no-fast or [fast] mode = "off"'),
        ((ENDED,), {"fast": {"mode": "off"}, "script": "train.py"}, "steer was called without fast=True"),
        ((ENDED,), {"device": "cuda:0"}, "the training ended before its first report"),
        ((LeftOut(FAST_MODE, "ValueError: no step"), ENDED), {"fast": {"mode": "on"}}, "ValueError: no step"),
    ],
)
def test_doctor_tells_why_a_run_has_no_fast_mode(doctor, bodies, spec, reason):
    text, told = doctor(*bodies, **spec)
    assert text == f"{RUN}: no fast mode: {reason}\n"
    assert (told["fast_mode"], told["reason"], told["captured"], told["eager"]) == (False, reason, [], {})


def test_a_process_that_starts_again_reports_its_own_parts():
    state = folded(STARTED, FIRST)
    assert step_parts(state) == FIRST.parts
    state.apply(Frame(2, 0.0, msgspec.structs.replace(STARTED, iterations=200)))
    assert step_parts(state) == FIRST.parts
    state.apply(Frame(3, 0.0, msgspec.structs.replace(STARTED, pid=STARTED.pid + 1)))
    assert step_parts(state) == ()


def test_news_is_what_turns_eager_during_the_training():
    assert step_news(None, FIRST) is None  # its eager parts are there from the start
    assert step_news(FIRST, msgspec.structs.replace(FIRST, captures=7)) is None
    assert step_news(LATER, FIRST) is None
    news = step_news(FIRST, LATER)
    assert (news.text, news.severity) == ("observations/actor/own is no longer captured: it writes _count", "warning")
    both = msgspec.structs.replace(LATER, parts=tuple(StepPart(part.name, LOOPS) for part in LATER.parts))
    assert step_news(FIRST, both).text == f"actions/process is no longer captured: {LOOPS}, and 3 more"


@pytest.mark.parametrize("width", [30, 37, 78, 190])
def test_the_machine_panel_has_a_line_of_it_and_the_reasons_at_its_end(width):
    lines = machine_lines(BOX, None, width, parts=LATER.parts)
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    assert "step: 3 of 5 parts captured, 2 eager (below)" in words
    assert words.endswith(f"eager parts of the step rewards/own: {LOOPS} observations/actor/own: it writes _count")


def test_without_fast_mode_or_eager_parts_the_panel_has_no_list():
    plain = machine_lines(BOX, None, 100)
    captured = machine_lines(BOX, None, 100, parts=(StepPart("rewards", ""),))
    assert [line for line in captured if line not in plain] == ["step: 1 of 1 parts captured"]
