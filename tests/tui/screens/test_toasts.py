"""Toasts: their place, their signs of severity, and alerts."""

import time

import pytest
from textual.widgets._toast import Toast

from tests.tui.screens.recorded import SMALL, bodies_of, dashboard_is_filled, make_run, told, until
from trainer_proc.contract.codec import encode
from trainer_proc.contract.journal import JournalWriter
from trainer_proc.contract.messages import Change, Frame, InterventionApplied
from trainer_proc.contract.monitoring import GuardCalmed, GuardFired, LeftOut
from trainer_proc.contract.products import CheckpointSaved, ExportFailed
from tui.app import HumanoidTui
from tui.navigation import ChangeSetting
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.widgets.diff_table import DiffTable

KNOB = "reward/track_linear_velocity/weight"
GUARD = GuardFired("kl", 61, "KL 0.41 exceeded 5× desired KL (0.01) for 5 iterations", "paused")


def applied(number):
    return InterventionApplied(0, "person", 60 + number, 1 + number, (Change(KNOB, 2.0, 4.0),))


@pytest.fixture
def app(log_root, trainer):
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    return HumanoidTui(log_root, trainer.folder)


def toasts(app):
    return [str(toast.render()) for toast in app.screen.query(Toast)]


async def is_at_iteration_60(app):
    await dashboard_is_filled(app)
    await until(lambda: app.screen.state.iteration == 60, "iteration 60")


async def test_no_toast_hides_the_knobs(app, trainer, size):
    async with app.run_test(size=size, notifications=True):
        await is_at_iteration_60(app)
        for number in range(1, 6):
            trainer.emit(applied(number))
        trainer.emit(GUARD)
        await until(lambda: len(app.screen.query(Toast)) == 6, "all of it")
        await until(lambda: all(toast.region for toast in app.screen.query(Toast)), "their places")
        knobs = app.screen.query_one("#knob-panel").region
        rack = app.screen.query_one("ToastRack").region
        if size[0] < 160:  # above the knobs; in a wide terminal beside the charts, where there is more room
            assert rack.bottom <= knobs.y
        assert rack.y == 0
        assert all(toast.region.height <= 2 for toast in app.screen.query(Toast))


async def test_one_line_hides_the_head_alone(app, trainer):
    async with app.run_test(size=(80, 24), notifications=True):
        await is_at_iteration_60(app)
        trainer.emit(applied(1))
        await until(lambda: app.screen.query(Toast) and app.screen.query_one(Toast).region.area, "the toast")
        region = app.screen.query_one(Toast).region
        assert (region.y, region.height, region.right) == (0, 1, 80)


async def test_how_much_it_matters_is_told_by_a_sign(app, trainer):
    async with app.run_test(size=(120, 40), notifications=True):
        await is_at_iteration_60(app)
        trainer.emit(CheckpointSaved(61, "model_61.pt"))
        trainer.emit(GUARD)
        trainer.emit(GuardFired("reward", 62, "the reward has fallen", "warned"))
        await until(lambda: len(toasts(app)) == 3, "all of it")
        assert [text[:9] for text in toasts(app)] == ["checkpoin", "✘ guard k", "! guard r"]


async def test_trouble_is_one_toast_then_a_state_in_the_header_and_an_entry_in_the_history(app, trainer):
    def header():
        return str(app.screen.query_one("#progress").content)

    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await is_at_iteration_60(app)
        for iteration in range(61, 101, 4):
            trainer.emit(GuardFired("kl", iteration, f"KL is high @{iteration}", "warned"))
        trainer.emit(CheckpointSaved(100, "model_100.pt"))
        await until(lambda: "checkpoint saved: model_100.pt" in told(app), "all of it")
        assert told(app) == ["guard kl: KL is high @61", "checkpoint saved: model_100.pt"]
        await until(lambda: header().endswith("! kl @61"), "the state")
        await pilot.press("h")
        await until(lambda: isinstance(app.screen, HistoryDialog) and app.screen.query_one(DiffTable).row_count == 2)
        rows = [list(map(str, app.screen.query_one(DiffTable).get_row_at(place))) for place in (0, 1)]
        assert rows[0][:4] == ["", "61", "╳ guard", "warned"]
        assert rows[1][0] == "1"
        detail = app.screen.query_one("#detail")
        assert str(detail.content) == "guard kl: KL is high @97 (lasts, 10 reports)"
        await pilot.press("enter")
        await until(lambda: "nothing to undo" in str(detail.content), "the answer")
        await pilot.press("b")
        await until(lambda: "no effect to compare" in str(detail.content), "the answer")
        await pilot.press("escape")
        trainer.emit(GuardCalmed("kl", 117))
        await until(lambda: not header().endswith("! kl @61"), "the end of the trouble")
        trainer.emit(GuardFired("kl", 140, "KL is high again", "warned"))
        await until(lambda: told(app)[-1] == "guard kl: KL is high again", "the next toast")
        trainer.emit(LeftOut("explained variance", "TwoCritics computes no returns"))
        await until(lambda: told(app)[-1].startswith("no explained variance: Two"), "the toast of what is missing")
        await pilot.press("h")
        await until(lambda: isinstance(app.screen, HistoryDialog) and app.screen.query_one(DiffTable).row_count == 4)
        assert list(map(str, app.screen.query_one(DiffTable).get_row_at(3)))[2:4] == [" trainer", "missing"]


async def test_what_needs_a_person_stays_longest(app, trainer):
    async with app.run_test(size=(120, 40)):
        await is_at_iteration_60(app)
        trainer.emit(CheckpointSaved(61, "model_61.pt"))
        trainer.emit(GUARD)
        trainer.emit(ExportFailed(61, "no space"))
        await until(lambda: len(told(app)) == 3, "all")
        assert [notification.timeout for notification in app._notifications] == [4.0, 12.0, 20.0]


async def test_what_was_before_one_looked_is_no_news_however_long_it_took(log_root):
    folder = make_run(log_root, "g1-walk", bodies=[])
    journal = JournalWriter(folder.journal)
    bodies = [*bodies_of("g1-walk"), *[GUARD] * 3000, CheckpointSaved(119, "model_119.pt")]
    for number, body in enumerate(bodies):
        journal.append(encode(Frame(number, time.time() - 60, body)))
    journal.close()
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)):
        await until(lambda: app.screen.query("#knobs") and app.screen.state.checkpoints, "the end of the journal")
        assert len(app.screen.state.guards_fired) == 3000  # in more than one piece
        assert told(app) == []


@pytest.mark.parametrize("bell", [True, False])
async def test_settings_say_whether_a_bell_rings(app, trainer, bell, monkeypatch):
    monkeypatch.delenv("TMUX", raising=False)
    async with app.run_test(size=(120, 40)):
        await is_at_iteration_60(app)
        written = []
        app._driver.write = written.append
        monkeypatch.setattr(type(app), "is_headless", False)
        app.change_setting(ChangeSetting("notify", "bell", bell))
        trainer.emit(GUARD)
        await until(lambda: any("guard kl" in text for text in told(app)), "the guard")
        assert ("\a" in written) == bell


# --- pictures ---


async def test_toasts(app, trainer, sizes_look_as_before, monkeypatch):
    monkeypatch.setattr("tui.terminal.toasts.seconds_shown", lambda news: 600.0)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await is_at_iteration_60(app)
        trainer.emit(applied(1))
        trainer.emit(GUARD)
        await until(lambda: len(toasts(app)) == 2, "both")
        await sizes_look_as_before(pilot)
