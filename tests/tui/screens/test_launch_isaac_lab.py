"""The launch screen's fields that Isaac Lab alone has."""

from __future__ import annotations

from textual.widgets import Input, Select

from tests.tui.screens.recorded import until
from tests.tui.screens.test_launch_screen import choose, is_in_sight, is_launched, is_ready, problem, value
from tui.app import HumanoidTui


def are_shown(app):
    return app.screen.query_one("#isaac-lab").display


async def test_only_a_preset_of_isaac_lab_has_its_fields(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        assert not are_shown(app)
        choose(app, "isaac-cartpole")
        await until(lambda: are_shown(app), "Isaac Lab's fields")
        assert app.screen.query_one("#task", Input).placeholder == "Isaac-Cartpole"
        app.screen.query_one("#arguments", Input).value = "env.decimation=1"
        app.screen.query_one("#physics", Select).value = "newton"
        choose(app, "cartpole")
        await until(lambda: not are_shown(app), "mjlab's fields only")
        await pilot.press("ctrl+s")
        await is_launched(app)
    assert (launched[0].backend, launched[0].physics, launched[0].overrides) == ("mjlab", "", {})


async def test_what_is_chosen_for_isaac_lab_is_launched_in_a_low_terminal(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_ready(app)
        choose(app, "isaac-cartpole")
        await until(lambda: are_shown(app), "Isaac Lab's fields")
        app.screen.query_one("#task").focus()
        await pilot.press(*"Isaac-Ant", "tab")
        await pilot.press("enter", "down", "enter", "tab", "enter", "down", "down", "down", "enter", "tab")
        await pilot.press(*"env.sim.dt=0.002 'env.x=[1, 2]'")
        assert app.focused.id == "arguments"
        assert app.screen.query_one("#form").region.contains_region(app.focused.region)
        await pilot.press("enter")
        await is_launched(app)
    (spec,) = launched
    assert (spec.task, spec.physics, spec.library) == ("Isaac-Ant", "newton", "skrl")
    assert spec.hydra == ("env.sim.dt=0.002", "env.x=[1, 2]")


async def test_left_alone_they_are_the_preset_s(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        choose(app, "isaac-cartpole")
        await until(lambda: are_shown(app), "Isaac Lab's fields")
        await pilot.press("ctrl+s")
        await is_launched(app)
    (spec,) = launched
    assert (spec.task, spec.physics, spec.library, spec.hydra) == ("Isaac-Cartpole", "", "", ())


async def test_a_wrong_argument_is_told_and_nothing_is_launched(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_ready(app)
        choose(app, "isaac-cartpole")
        await until(lambda: are_shown(app), "Isaac Lab's fields")
        for text, message in (
            ("decimation=2", "expected a Hydra argument"),
            ("env.x='1", "cannot parse the arguments"),
        ):
            app.screen.query_one("#arguments", Input).value = text
            await pilot.press("ctrl+s")
            await until(lambda message=message: message in problem(app), "the problem")
        await until(lambda: is_in_sight(app, "#problem"), "the problem in sight")
        assert value(app, "arguments") == "env.x='1"
    assert launched == []
