"""Turns knobs with keys, with the test in the trainer's place."""

from __future__ import annotations

from msgspec.structs import replace
from textual.widgets import Input, Static

from tests.tui.screens.recorded import until
from trainer_proc.contract.messages import (
    InterventionApplied,
    InterventionQueued,
)
from tui.screens.dashboard.knob_dialog import KnobDialog
from tui.screens.dashboard.knob_table import KnobTable
from tui.widgets.inline_select import InlineSelect

WEIGHT, CLEARANCE = "reward/track_linear_velocity/weight", "reward/foot_clearance/weight"
PUSH, FRICTION, TWIST = "event/push_robot/velocity_range/x", "event/foot_friction/ranges", "command/twist/lin_vel_x"
MODE, SWITCH, COUNT = "guard/kl/mode", "command/twist/heading_command", "environment/num_envs"


def rows(app):
    return [row.key for row in app.screen.query_one(KnobTable).shown]


def under_the_cursor(app):
    knob = app.screen.query_one(KnobTable).knob
    return knob.knob.name if knob else None


def go_to(app, name):
    app.screen.query_one(KnobTable).move_cursor(row=rows(app).index(name))
    assert under_the_cursor(app) == name


def value(app, field="value"):
    return app.screen.query_one(f"#{field}", (Input, InlineSelect)).value


async def queued(trainer, number):
    """The intervention of this number, once it has arrived."""

    def arrived():
        order = trainer.received(InterventionQueued)
        return order is not None and order.number == number

    await until(arrived, f"intervention {number}")
    return trainer.received(InterventionQueued)


def apply(trainer, order, iteration=31, **more):
    applied = InterventionApplied(
        number=order.number,
        origin=order.origin,
        iteration=iteration,
        revision=order.revision,
        changes=order.changes,
        note=order.note,
        undoes=order.undoes,
    )
    trainer.emit(replace(applied, redoes=order.redoes, unpinned=order.unpin, stopped_ramps=order.stop_ramps, **more))


async def edit(app, pilot, name):
    """Open the dialog of a knob, by way of the editor in its row."""
    go_to(app, name)
    await pilot.press("enter", "tab")
    await until(lambda: isinstance(app.screen, KnobDialog) and app.screen.query("#verdict"), "the dialog")
    await pilot.pause()


def verdict(app):
    return str(app.screen.query_one("#verdict", Static).content)
