"""The machine panel: read while it is seen, in its place in a terminal of any size."""

import threading
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.tui.machines import BOX, GPUS
from tests.tui.screens.recorded import SMALL, FakeTrainer, bodies_of, dashboard_is_filled, make_run, told, until
from trainer_proc.contract.monitoring import StepCaptured, StepPart
from tui.app import HumanoidTui
from tui.widgets.diff_text import DiffText
from tui.widgets.machine_panel import MachinePanel


class FakeReader:
    """Reads the same machine always, and counts."""

    made: ClassVar[list["FakeReader"]] = []

    def __init__(self, folder):
        self.folder, self.readings, self.is_closed, self.was_training = folder, 0, False, None
        self.thread = threading.current_thread()
        self.made.append(self)

    def read(self, is_training):
        self.readings += 1
        self.was_training = is_training
        return BOX

    def close(self):
        self.is_closed = True


@pytest.fixture(autouse=True)
def readers(monkeypatch):
    monkeypatch.setattr("tui.session.machine.follower.MachineReader", FakeReader)
    monkeypatch.setattr(FakeReader, "made", made := [])
    return made


def panel(app):
    return app.screen.query_one(MachinePanel)


def text(app):
    return str(panel(app).query_one(DiffText).content)


def areas(app):
    """Which parts of the dashboard can be seen."""
    parts = {"charts": "#charts", "knobs": "#knob-panel", "console": "#console-panel", "machine": "#machine"}
    parts["log line"] = "#log-strip"
    return {name for name, selector in parts.items() if app.screen.query_one(selector).region.area}


@pytest.mark.parametrize(
    ("terminal", "without", "beside"),
    [
        ((80, 24), {"charts", "knobs"}, {"machine"}),
        ((120, 40), {"charts", "knobs", "log line"}, {"charts", "knobs", "machine", "log line"}),
        ((120, 24), {"charts", "knobs", "log line"}, {"machine"}),
        ((200, 60), {"charts", "knobs", "console"}, {"charts", "knobs", "console", "machine"}),
        ((250, 70), {"charts", "knobs", "console"}, {"charts", "knobs", "console", "machine"}),
    ],
)
async def test_g_shows_the_machine_where_there_is_room_for_it(log_root, terminal, without, beside):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=terminal) as pilot:
        await dashboard_is_filled(app)
        await until(lambda: areas(app) == without, f"{without}")
        await pilot.press("g")
        await until(lambda: areas(app) == beside and "H200" in text(app), f"{beside}")
        assert app.focused is (panel(app) if beside == {"machine"} else app.screen.query_one("#knobs"))
        await pilot.press("g")
        await until(lambda: areas(app) == without, f"{without} again")
        assert app.focused.id == "knobs"


async def test_it_is_read_while_it_is_seen_by_one_thread_that_ends(log_root, readers, monkeypatch):
    monkeypatch.setattr("tui.session.machine.follower._SECONDS", 0.1)
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        assert readers == []  # no thread, no driver, before somebody looks
        await pilot.press("g")
        await until(lambda: readers and readers[0].readings > 3, "readings")
        assert readers[0].thread is not threading.main_thread()
        assert readers[0].was_training
        await pilot.press("g")
        await until(lambda: panel(app)._follower._is_seen.is_set() is False, "that nobody looks")
        count = readers[0].readings
        await pilot.pause(0.1)
        assert readers[0].readings <= count + 1  # one may have begun
        count = readers[0].readings + 1
        await pilot.press("g")
        await until(lambda: readers[0].readings > count, "more readings")
    assert len(readers) == 1
    await until(lambda: readers[0].is_closed, "the end of the thread")


async def test_a_run_that_has_not_trained_yet_is_told_so_to_the_reader(log_root, readers):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", bodies_of("g1-walk")[:3]))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: app.screen.query(MachinePanel) and app.screen.state.started, "the run")
        await pilot.press("g")
        await until(lambda: readers and readers[0].readings, "a reading")
        assert readers[0].was_training is False


async def test_log_and_machine_take_the_place_of_each_other(log_root):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(80, 24)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("g")
        await until(lambda: areas(app) == {"machine"}, "the machine")
        await pilot.press("l")
        await until(lambda: areas(app) == {"console"}, "the log")
        await pilot.press("g")
        await until(lambda: areas(app) == {"machine"}, "the machine")
        await pilot.press("g")
        await until(lambda: areas(app) == {"charts", "knobs"}, "the dashboard")


async def test_what_does_not_fit_can_be_scrolled_to(log_root, monkeypatch):
    many = replace(BOX, gpus=tuple(replace(GPUS[1], index=index) for index in range(8)))
    monkeypatch.setattr(FakeReader, "read", lambda self, is_training: many)
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("g")
        await until(lambda: panel(app).max_scroll_y > 0, "more lines than rows")
        panel(app).focus()
        await pilot.press("end")
        await until(lambda: panel(app).scroll_y == panel(app).max_scroll_y, "the last lines")


STEP = ("actions/process", "actions/apply", "scene/write", "scene/update", "terminations", "rewards", "observations")
EAGER = (
    StepPart("rewards/energy", "it decides or loops in Python"),
    StepPart("commands", "motion: MotionCommand samples lists of environments"),
)


async def test_a_part_that_turns_eager_is_reported_and_listed(log_root):
    before = StepCaptured((*(StepPart(name, "") for name in STEP), EAGER[1]), captures=7, seconds=0.1)
    now = StepCaptured((*(StepPart(name, "") for name in STEP), *EAGER), captures=9, seconds=0.1)
    trainer = FakeTrainer(make_run(log_root, "g1-walk", bodies=[]))
    app = HumanoidTui(log_root, trainer.folder)
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            trainer.play([*bodies_of("g1-walk", until_iteration=3), before])
            await until(lambda: app.screen.query(MachinePanel) and app.screen.state.step_captured, "the first report")
            await pilot.press("g")
            await until(lambda: "7 of 8 parts captured, 1 eager" in text(app), "the panel")
            trainer.emit(now)
            await until(lambda: "rewards/energy: it decides" in text(app), "the part in the panel")
            told_of_it = [line for line in told(app) if "captured" in line]
            assert told_of_it == ["rewards/energy is no longer captured: it decides or loops in Python"]
    finally:
        trainer.close()


# --- pictures ---


async def test_machine(log_root, sizes_look_as_before):
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk"))
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("g")
        await until(lambda: "H200" in text(app), "the machine")
        await sizes_look_as_before(pilot)


async def test_parts_of_the_step(log_root, sizes_look_as_before):
    step = StepCaptured((*(StepPart(name, "") for name in STEP), *EAGER), captures=9, seconds=0.1)
    app = HumanoidTui(log_root, make_run(log_root, "g1-walk", [*bodies_of("g1-walk"), step]))
    async with app.run_test(size=SMALL) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("g")
        await until(lambda: "7 of 9 parts captured" in text(app), "the parts")
        panel(app).scroll_end(animate=False, immediate=True)
        await until(lambda: panel(app).scroll_y == panel(app).max_scroll_y, "the end of the panel")
        await sizes_look_as_before(pilot)
