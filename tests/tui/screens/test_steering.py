"""The dashboard against a real wire, with the test in the trainer's place."""

import base64

import psutil
import pytest
from msgspec.structs import replace
from textual.widgets import Static

from tests.tui.screens.recorded import FakeTrainer, bodies_of, knob_row, make_run, told, type_at_once, until
from trainer_proc.contract.connection import read_connection
from trainer_proc.contract.messages import InterventionApplied, InterventionQueued, PhaseChanged
from trainer_proc.contract.products import CheckpointSaved, ExportFailed, ExportStarted, TrackerLinked
from trainer_proc.contract.requests import Export, Pause, Reload, Resume, Save, Stop
from tui.app import HumanoidTui
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.pause_dialog import PauseDialog
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.trainer_request import ask
from tui.widgets.chart import Chart
from tui.widgets.dialogs import Confirm

FIRST, SECOND = "reward/track_linear_velocity/weight", "reward/track_angular_velocity/weight"


def state_of(app, knob):
    return knob_row(app, knob)["state"]


def progress(app):
    return str(app.screen.query_one("#progress", Static).content)


def marks(app):
    """Return what marks each chart has."""
    of_charts = [[mark for of_run in chart.description.marks for mark in of_run.marks] for chart in charts_of(app)]
    return [[(mark.iteration, mark.label) for mark in marks] for marks in of_charts]


def charts_of(app):
    return app.screen.query(Chart)


@pytest.fixture
async def live(log_root, trainer):
    """The dashboard of a run that trains, after its iteration 60."""
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.state.iteration == 60, "the run")
        await until(lambda: progress(app).startswith("▶ training"), "a living run")
        yield app, pilot


async def test_an_edit_waits_then_applies_and_every_chart_is_marked(live, trainer):
    app, pilot = live
    await pilot.press("down", "enter", "tab")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#note"), "the dialog")
    await pilot.press("5", "tab", *"turn", "enter")
    await until(lambda: isinstance(app.screen, DashboardScreen) and state_of(app, SECOND) == "queued → 5", "pending")
    queued = trainer.received(InterventionQueued)
    assert (queued.number, queued.note) == (2, "turn")
    assert [(change.knob, change.old, change.new) for change in queued.changes] == [
        ("reward/track_angular_velocity/weight", 2.0, 5.0)
    ]
    assert knob_row(app, SECOND)["value"] == "2"  # not in force yet

    trainer.emit(
        InterventionApplied(
            number=queued.number, origin="person", iteration=61, revision=2, changes=queued.changes, note=queued.note
        )
    )
    await until(lambda: state_of(app, SECOND) == "applied @61 (user)", "applied")
    assert knob_row(app, SECOND)["value"] == "5"
    assert marks(app) == [[(37, "#1"), (61, "#2")]] * 10
    assert told(app) == ["#2 applied @61: reward/track_angular_velocity/weight 2 → 5"]


async def test_a_curriculum_s_change_is_marked_and_told_like_a_person_s(live, trainer):
    app, _ = live
    change = replace(trainer_change(), knob="reward/pose/weight", old=1.0, new=0.5)
    trainer.emit(InterventionApplied(0, "curriculum", 61, 2, (change,)))
    await until(lambda: state_of(app, "reward/pose/weight") == "applied @61 (curriculum)", "it")
    await until(lambda: marks(app)[0] == [(37, "#1"), (61, "#2")], "the marks")


def trainer_change():
    return next(body for body in bodies_of("g1-walk") if isinstance(body, InterventionApplied)).changes[0]


@pytest.mark.parametrize(
    ("key", "order", "answer"),
    [("p", Pause, ["training pauses after this iteration"]), ("s", Save, []), ("e", Export, [])],
)
async def test_a_key_reaches_the_trainer(live, trainer, key, order, answer):
    app, pilot = live
    await pilot.press(key)
    await until(lambda: trainer.has_received(order), f"{order}")
    await until(lambda: told(app) == answer, "the answer")


async def test_p_resumes_a_training_that_is_paused(live, trainer):
    app, pilot = live
    trainer.emit(PhaseChanged("paused"))
    await until(lambda: progress(app).startswith("⏸ paused"), "the pause")
    await pilot.press("p")
    await until(lambda: trainer.has_received(Resume), "the order")
    assert not trainer.has_received(Pause)


@pytest.mark.parametrize(("key", "order"), [("r", Reload), ("c", Resume), ("x", Stop), ("escape", None), ("n", None)])
async def test_p_asks_how_to_go_on_after_a_guard_s_pause(live, trainer, key, order):
    app, pilot = live
    trainer.emit(PhaseChanged("paused", "guard kl: KL 0.41 is high", good_checkpoint="model_50.pt"))
    await until(lambda: "reload model_50.pt or continue  guard kl: KL 0.41 is high" in progress(app), "the pause")
    await pilot.press("p")
    await until(lambda: isinstance(app.screen, PauseDialog) and app.screen.query(Static), "the question")
    text = str(app.screen.query_one(Static).content)
    assert text.startswith("Paused by guard kl: KL 0.41 is high\n")
    for way in (
        "r      reload model_50.pt and continue",
        "c      continue as it is",
        "x      save a checkpoint and stop",
    ):
        assert way in text
    await pilot.press(key)
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    if order is not None:
        await until(lambda: trainer.has_received(order), f"{order}")
    assert not any(trainer.has_received(other) for other in {Reload, Resume, Stop, Pause} - {order})


async def test_a_policy_that_is_not_finite_is_not_offered_to_continue(live, trainer):
    app, pilot = live
    reason = "guard not_finite: Loss/value is nan"
    trainer.emit(PhaseChanged("paused", reason, is_resumable=False, good_checkpoint="model_50.pt"))
    await until(lambda: "reload model_50.pt or stop" in progress(app), "the pause")
    await pilot.press("p", "c")
    await until(lambda: isinstance(app.screen, PauseDialog), "the question")
    assert "continue as it is" not in str(app.screen.query_one(Static).content)
    await pilot.press("r")
    await until(lambda: trainer.has_received(Reload), "the order")
    assert not trainer.has_received(Resume)


async def test_x_stops_after_a_yes(live, trainer):
    app, pilot = live
    await pilot.press("x")
    await until(lambda: isinstance(app.screen, Confirm), "the question")
    assert not trainer.has_received(Stop)
    await pilot.press("y")
    await until(lambda: trainer.has_received(Stop), "the order")
    await until(lambda: told(app) == ["training stops after this iteration"], "the answer")
    await pilot.press("x")  # again, as nothing happens
    await until(lambda: isinstance(app.screen, Confirm), "the next question")
    assert "Send SIGTERM to the training process?" in str(app.screen.query_one(Static).content)
    await pilot.press("n")


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_x_does_nothing_after_a_no(live, trainer, key):
    app, pilot = live
    await pilot.press("x")
    await until(lambda: isinstance(app.screen, Confirm), "the question")
    await pilot.press(key)
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    await pilot.press("s")
    await until(lambda: trainer.has_received(Save), "a later order")
    assert not trainer.has_received(Stop)


async def test_x_twice_at_once_asks_once(live, trainer):
    app, pilot = live
    type_at_once(app, "x", "x")
    await until(lambda: isinstance(app.screen, Confirm) and app.screen.query(Static), "the question")
    await pilot.pause()
    await pilot.press("n")
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_a_value_typed_and_mended_in_one_piece_is_the_one_that_is_set(live, trainer):
    app, _ = live
    type_at_once(app, "enter", "1", "0", "backspace", "5", "enter")
    await until(lambda: trainer.has_received(InterventionQueued), "the change")
    assert trainer.received(InterventionQueued).changes[0].new == 15.0


async def test_a_refusal_is_told(live, trainer):
    app, pilot = live
    ask(trainer.folder, Stop())
    await pilot.press("enter", "5", "enter")
    await until(lambda: told(app) == ["training is stopping; no more changes are possible"], "the refusal")
    assert state_of(app, FIRST) == "applied @37 (user)"


async def test_what_happens_is_told(live, trainer):
    app, _ = live
    trainer.emit(CheckpointSaved(61, "model_61.pt"))
    trainer.emit(ExportStarted(61, 12.25))
    trainer.emit(ExportFailed(61, "onnx is not installed"))
    trainer.emit(PhaseChanged("finished"))
    await until(
        lambda: (
            told(app)
            == [
                "checkpoint saved: model_61.pt",
                "exporting iteration 61; training blocked for 12.2 ms",
                "export of iteration 61 failed: onnx is not installed",
                "training finished",
            ]
        ),
        "the news",
    )


async def test_a_new_iteration_is_drawn(live, trainer):
    app, _ = live
    trainer.play(bodies_of("g1-walk")[len(bodies_of("g1-walk", until_iteration=60)) :])
    await until(lambda: progress(app).startswith("✔ finished  iteration 120 of 120"), "the end of the run")
    chart = app.screen.query(Chart).first()
    assert chart.description.curves[0].series.last_iteration == 119
    await until(lambda: chart.render_line(0).text.endswith("-0.6962"), "the newest value on the chart")


async def test_a_trainer_that_dies_is_shown_as_killed(live, trainer):
    app, _ = live
    trainer.close()
    await until(lambda: progress(app).startswith("✘ killed  iteration 61 of 120"), "the death")


async def test_a_dashboard_can_come_before_its_trainer(log_root):
    folder = make_run(log_root, "g1-walk", bodies=[])
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)):
        await until(lambda: isinstance(app.screen, DashboardScreen) and progress(app) == "… starting", "the dashboard")
        trainer = FakeTrainer(folder)
        try:
            trainer.play(bodies_of("g1-walk", until_iteration=3))
            await until(lambda: progress(app).startswith("▶ training  iteration 4 of 120"), "the training")
        finally:
            trainer.close()


async def test_q_leaves_a_training_that_goes_on_and_says_how_to_come_back(log_root, trainer, capsys):
    trainer.play(bodies_of("g1-walk", until_iteration=60))
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.state.iteration == 60, "the run")
        await pilot.press("q")
        await until(lambda: not app.is_running, "the end")
    assert capsys.readouterr().err.splitlines() == [
        "The training continues. Reopen it with:",
        "humanoid-tui attach logs/rsl_rl/g1_velocity/2026-11-21_16-15-12_walk",
    ]
    connection = read_connection(trainer.folder)
    assert connection is not None
    assert psutil.pid_exists(connection.pid)


async def test_q_just_after_a_launch_does_not_say_that_the_training_has_ended(log_root, capsys):
    folder = make_run(log_root, "g1-walk", bodies=[])
    folder.journal.unlink()  # the trainer loads its packages
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: isinstance(app.screen, DashboardScreen) and progress(app) == "… starting", "the dashboard")
        await pilot.press("q")
        await until(lambda: not app.is_running, "the end")
    assert "The training continues." in capsys.readouterr().err


async def test_the_page_at_a_tracker_is_shown_and_copied(live, trainer):
    app, pilot = live
    written = []
    app._driver.write = written.append
    await pilot.press("Y")
    await until(lambda: told(app)[-1:] == ["this run logs to no tracker: scripts of your own can"], "the answer")
    trainer.emit(TrackerLinked("W&B", "https://wandb.ai/me/p/runs/1"))
    await until(lambda: told(app)[-1] == "logged by W&B: https://wandb.ai/me/p/runs/1", "the link")
    await pilot.press("Y")
    await until(lambda: told(app)[-1] == "W&B link copied: https://wandb.ai/me/p/runs/1", "the answer")
    (sequence,) = [text for text in written if text.startswith("\x1b]52;c;")]
    assert base64.b64decode(sequence.removeprefix("\x1b]52;c;").rstrip("\a")) == b"https://wandb.ai/me/p/runs/1"
