"""Turning any of a hundred and fifty knobs with keys, against a real wire with the test in the trainer's place."""

import base64

from textual.widgets import Static

from presets import load_preset
from tests.tui.many_knobs import CURRICULUM
from tests.tui.screens.knob_keys import (
    COUNT,
    FRICTION,
    MODE,
    PUSH,
    TWIST,
    WEIGHT,
    apply,
    go_to,
    queued,
)
from tests.tui.screens.recorded import knob_row, told, until
from trainer_proc.contract.messages import (
    Change,
    InterventionApplied,
    InterventionFailed,
    Ramp,
    RampAdvanced,
)
from trainer_proc.contract.monitoring import CompetingWriterFound, GuardFired
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.requests import Tune
from tui.screens.dashboard.history_dialog import HistoryDialog
from tui.screens.dashboard.screen import DashboardScreen
from tui.session.trainer_request import ask


def listed_changes(app):
    """How many changes the dialog lists; 0 while it is closed."""
    return app.screen.query_one("DataTable").row_count if isinstance(app.screen, HistoryDialog) else 0


# --- keys on the dashboard ---


async def test_u_undoes_and_shift_u_does_it_again(live, trainer):
    app, pilot = live
    await pilot.press("u")
    await until(lambda: told(app) == ["there is nothing to undo"], "the refusal")
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: knob_row(app, WEIGHT)["value"] == "3", "the change")
    await pilot.press("u")
    order = await queued(trainer, 2)
    assert (order.undoes, order.changes) == (1, (Change(WEIGHT, 3.0, 2.0),))
    apply(trainer, order)
    await until(lambda: told(app)[-1] == f"undo of #1 (as #2) applied @31: {WEIGHT} 3 → 2", "the undo")
    await pilot.press("U")
    order = await queued(trainer, 3)
    assert (order.redoes, order.changes[0].new) == (1, 3.0)


async def test_d_sets_the_knob_under_the_cursor_to_its_default(live, trainer):
    app, pilot = live
    go_to(app, WEIGHT)
    await pilot.press("d")
    await until(lambda: told(app) == [f"{WEIGHT} is at its default"], "why nothing happens")
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 3", "the change")
    await pilot.press("d")
    order = await queued(trainer, 2)
    assert (order.changes, order.note) == ((Change(WEIGHT, 2.0, 2.0),), "reset to default")
    go_to(app, COUNT)
    await pilot.press("d")
    await until(lambda: any(text.startswith(f"{COUNT} is read-only: ") for text in told(app)), "the reason")


async def test_i_unpins_and_m_stops_a_ramp(live, trainer):
    app, pilot = live
    go_to(app, TWIST)
    await pilot.press("i")
    await until(lambda: told(app) == [f"{TWIST} is not pinned"], "the refusal")
    trainer.emit(CompetingWriterFound(TWIST, CURRICULUM, pinned=True))
    await until(lambda: told(app)[-1] == f"{TWIST} is also written by {CURRICULUM}, which is overridden", "the news")
    await pilot.press("i")
    assert (await queued(trainer, 1)).unpin == (TWIST,)
    go_to(app, PUSH)
    await pilot.press("m")
    await until(lambda: told(app)[-1] == f"{PUSH} is not ramping", "the refusal")
    ask(trainer.folder, Tune({PUSH: (-1.0, 1.0)}, ramp=Ramp(9)))
    await queued(trainer, 2)
    await until(lambda: app.screen.state.knobs[PUSH].pending is not None, "the screen to know")  # or it's stale
    await pilot.press("m")
    assert (await queued(trainer, 3)).stop_ramps == (PUSH,)


async def test_h_lists_interventions_and_enter_undoes_or_redoes(live, trainer):
    app, pilot = live
    for number, (name, new) in enumerate(((WEIGHT, 3.0), (FRICTION, (0.1, 2.0)), (MODE, "act")), 1):
        ask(trainer.folder, Tune({name: new}, "why not"))
        order = await queued(trainer, number)
        if name == MODE:
            trainer.emit(InterventionFailed(number, 31, "RuntimeError: the guard is disabled"))
        else:
            apply(trainer, order)
    await until(lambda: app.screen.state.failed, "all of them")
    await pilot.press("h")
    await until(lambda: listed_changes(app) == 3, "list")
    table = app.screen.query_one("DataTable")
    cells = [[str(cell) for cell in table.get_row_at(row)] for row in range(3)]
    assert [row[:4] for row in cells] == [
        ["3", "31", "▼ user", "failed"], ["2", "31", "▼ user", "applied"], ["1", "31", "▼ user", "applied"],
    ]  # fmt: skip
    assert cells[1][4:] == [f"{FRICTION} 0.3:1.2 → 0.1:2", "why not"]

    def detail():
        return str(app.screen.query_one("#detail", Static).content)

    await until(lambda: "RuntimeError: the guard is disabled" in detail(), "why it failed")
    await pilot.press("enter")
    assert detail() == "#3 was not applied: nothing to undo"
    await pilot.press("down", "down", "enter")
    order = await queued(trainer, 4)
    assert (order.undoes, order.changes) == (1, (Change(WEIGHT, 3.0, 2.0),))
    apply(trainer, order)
    await until(lambda: isinstance(app.screen, DashboardScreen) and 1 in app.screen.state.past.undone, "the undo")
    await pilot.press("h")
    await until(lambda: listed_changes(app) == 4, "list")
    assert str(app.screen.query_one("DataTable").get_row_at(3)[3]) == "undone"
    await pilot.press("down", "down", "down", "enter")
    assert (await queued(trainer, 5)).redoes == 1


async def test_h_before_any_intervention_says_so_and_can_be_left(live):
    app, pilot = live
    await pilot.press("h")
    await until(lambda: isinstance(app.screen, HistoryDialog) and app.screen.query("#detail"), "the list")
    await until(lambda: "no changes" in str(app.screen.query_one("#detail", Static).content), "so")
    await pilot.press("enter", "escape")
    await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")


async def test_y_puts_a_preset_with_the_changes_on_the_clipboard(live, trainer, tmp_path):
    app, pilot = live
    written = []
    app._driver.write = written.append
    ask(trainer.folder, Tune({PUSH: (-2.0, 2.0), MODE: "off"}))
    apply(trainer, await queued(trainer, 1))
    await until(lambda: knob_row(app, MODE)["value"] == "off", "the change")
    await pilot.press("y")
    await until(lambda: told(app)[-1] == "preset copied, with 2 changed knobs", "the answer")
    (sequence,) = [text for text in written if text.startswith("\x1b]52;c;")]
    file = tmp_path / "copied.toml"
    file.write_bytes(base64.b64decode(sequence.removeprefix("\x1b]52;c;").rstrip("\a")))
    assert load_preset(str(file)).set == {PUSH: (-2.0, 2.0), MODE: "off"}


# --- what happens is told ---


async def test_guards_ramps_and_resumes_are_told(live, trainer):
    app, _ = live
    trainer.emit(CheckpointLoaded(20, "/runs/model_19.pt"))
    ask(trainer.folder, Tune({WEIGHT: 3.0}, ramp=Ramp(2)))
    order = await queued(trainer, 1)
    trainer.emit(
        InterventionApplied(1, "person", 31, 1, (Change(WEIGHT, 2.0, 2.5),), ramp=Ramp(2, "linear", {WEIGHT: 3.0}))
    )  # fmt: skip
    trainer.emit(RampAdvanced(32, order.revision, (Change(WEIGHT, 2.5, 3.0),), {WEIGHT: 0}))
    trainer.emit(GuardFired("kl", 32, "KL 0.2 is high", "warned"))
    trainer.emit(GuardFired("reward", 32, "reward has fallen", "paused"))
    await until(lambda: len(told(app)) == 5, "the news")
    assert told(app) == [
        "continues from /runs/model_19.pt at iteration 20",
        f"#1 applied @31: {WEIGHT} 2 → 3 over 2 iterations",
        f"ramp ended @32: {WEIGHT} = 3",
        "guard kl: KL 0.2 is high",
        "guard reward (paused): reward has fallen",
    ]
    assert [notification.severity for notification in app._notifications][-2:] == ["warning", "error"]


async def test_a_change_that_could_not_be_made_is_told_and_the_row_says_what_is_true(live, trainer):
    app, _ = live
    ask(trainer.folder, Tune({WEIGHT: 3.0}))
    await until(lambda: knob_row(app, WEIGHT)["state"] == "queued → 3", "the change")
    trainer.emit(InterventionFailed(1, 31, "ValueError: no"))
    await until(lambda: told(app) == ["#1 was not applied: ValueError: no"], "the news")
    await until(lambda: (knob_row(app, WEIGHT)["state"], knob_row(app, WEIGHT)["value"]) == ("", "2"), "the truth")
