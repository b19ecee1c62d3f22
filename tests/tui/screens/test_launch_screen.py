import threading
from pathlib import Path

import pytest
from textual.widgets import Button, Input, OptionList, Select, Static

from presets import load_preset, own_presets_folder
from tests.tui.screens.conftest import DEVICES
from tests.tui.screens.launch_form import choose, description, highlighted, is_launched, is_ready, problem, value
from tests.tui.screens.recorded import make_run, type_at_once, until
from tests.waiting import PATIENCE_SECONDS
from tui.app import HumanoidTui
from tui.screens.dashboard.screen import DashboardScreen
from tui.screens.launch.screen import LaunchScreen
from tui.screens.runs.screen import RunsScreen
from tui.session.backends.named_code import CodeNotAllowed, NamedCode, allowed_file
from tui.session.launching.launcher import LaunchError
from tui.widgets.dialogs import Confirm


def is_in_sight(app, widget):
    region = app.screen.query_one(widget).region
    return region.height > 1 and app.screen.query_one("#form").region.contains_region(region)


async def test_a_gpu_makes_the_humanoid_the_first_choice_and_enter_launches_it_as_shown(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        assert highlighted(app) == "g1-walk"
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    (spec,) = launched
    assert (spec.preset, spec.device) == ("g1-walk", "cuda:0")
    assert (spec.num_envs, spec.iterations, spec.seed) == (4096, 15000, 42)


async def test_without_a_gpu_the_cartpole_is_the_first_choice(log_root, monkeypatch):
    monkeypatch.setattr("tui.screens.launch.screen.list_devices", lambda: DEVICES[-1:])
    app = HumanoidTui(log_root)
    async with app.run_test():
        await is_ready(app)
        assert highlighted(app) == "cartpole"
        assert (value(app, "num-envs"), value(app, "iterations")) == ("64", "500")


async def test_keys_choose_a_preset_and_show_its_values(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("home")
        await until(lambda: value(app, "iterations") == "500", "cartpole's values")
        assert "Cartpole balance" in str(app.screen.query_one("#description", Static).content)
        await pilot.press("enter")
        await is_launched(app)
    assert launched[0].task == "Mjlab-Cartpole-Balance"


async def test_what_is_typed_in_the_fields_is_launched(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("tab", "tab", "3", "2", "tab", "7", "tab", "1", "tab", *"first-try", "enter")
        await is_launched(app)
    (spec,) = launched
    assert (spec.num_envs, spec.iterations, spec.seed, spec.name) == (32, 7, 1, "first-try")


async def test_control_s_starts_from_any_field(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("tab", "ctrl+s")
        await is_launched(app)


async def test_the_button_starts(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("shift+tab")
        assert app.focused.id == "start"
        await pilot.press("enter")
        await is_launched(app)


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("num-envs", "", "environments: expected a whole number, got ''"),
        ("num-envs", "0", "expected 1 to 1,000,000,000 environments"),
        ("iterations", "-5", "expected 1 to 1,000,000,000"),
        ("iterations", "1e3", "iterations: expected a whole number, got '1e3'"),
        ("seed", "4294967296", "expected a seed from 0 to 4294967295"),
        ("run-name", "../elsewhere", "expected a run name"),
        ("run-name", "a b", "expected a run name"),
    ],
)
async def test_a_wrong_value_is_told_and_nothing_is_launched(log_root, launched, field, text, message):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        app.screen.query_one(f"#{field}", Input).value = text
        await pilot.press("enter")
        await until(lambda: message in problem(app), "the problem")
        assert isinstance(app.screen, LaunchScreen)
        assert launched == []


async def test_a_launch_that_fails_is_told_and_can_be_tried_again(log_root, launched, monkeypatch):
    def fail(spec, log_root):
        launched.append(spec)
        raise LaunchError("the run can't be started: the disk is full")

    monkeypatch.setattr("tui.widgets.start_run.launch", fail)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("enter")
        await until(lambda: "the disk is full" in problem(app), "the problem")
        await pilot.press("enter")
        await until(lambda: len(launched) == 2, "a second try")


@pytest.mark.parametrize("key", ["y", "n"])
async def test_code_that_a_run_names_is_asked_for(log_root, monkeypatch, key):
    code, launches = NamedCode("my_tasks", None, None), []

    def launch(spec, log_root):
        launches.append(spec)
        if len(launches) == 1:
            raise CodeNotAllowed((code,))
        raise LaunchError("it would start now")

    monkeypatch.setattr("tui.widgets.start_run.launch", launch)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, Confirm), "the question")
        assert "code that has not run here before: my_tasks" in str(app.screen.query_one(Static).content)
        await pilot.press(key)
        if key == "y":
            await until(lambda: "it would start now" in problem(app), "the second try")
            assert allowed_file().read_text() == f"{code.digest}\n"
        else:
            await until(lambda: isinstance(app.screen, LaunchScreen), "the launch screen")
            assert str(app.screen.query_one("#start", Button).label) == "Start (Enter)"
            assert not allowed_file().exists()


async def test_the_button_says_that_the_training_is_being_started(log_root, monkeypatch):
    answer = threading.Event()

    def fail(spec, log_root):
        answer.wait(PATIENCE_SECONDS)
        raise LaunchError("that Python did not answer")

    monkeypatch.setattr("tui.widgets.start_run.launch", fail)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        button = app.screen.query_one("#start", Button)
        await pilot.press("enter")
        await until(lambda: str(button.label) == "Starting…", "the button to say so")
        answer.set()
        await until(lambda: "did not answer" in problem(app), "the problem")
        assert str(button.label) == "Start (Enter)"


async def test_every_preset_s_name_fits_in_the_narrowest_list(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)):
        await is_ready(app)
        presets = app.screen.query_one("#presets", OptionList)
        assert presets.virtual_size.height == presets.option_count  # no name takes two lines


async def test_enter_twice_at_once_launches_one_training(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test():
        await is_ready(app)
        type_at_once(app, "enter", "enter")
        await until(lambda: isinstance(app.screen, DashboardScreen) and app.screen.state.phase, "the dashboard")
    assert len(launched) == 1


async def test_after_one_training_another_can_be_launched(log_root, launched):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, RunsScreen), "the runs")
        await pilot.press("n")
        await is_ready(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the dashboard")
    assert len(launched) == 2


async def test_keys_that_arrive_at_once_are_taken_in_order(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("tab", "tab")
        type_at_once(app, "backspace", "backspace", "8", "1", "backspace", "2")
        await until(lambda: value(app, "num-envs") == "82", "the number")


async def test_the_number_of_environments_follows_the_device(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test():
        await is_ready(app)
        app.screen.query_one("#device", Select).value = "cpu"
        await until(lambda: value(app, "num-envs") == "16", "the number for a CPU")


async def test_typed_numbers_outlive_a_change_of_device(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("tab", "tab", "7", "tab", "9")
        await until(lambda: value(app, "iterations") == "9", "the typed number")
        app.screen.query_one("#device", Select).value = "cpu"
        await pilot.pause()
        await pilot.pause()
        assert (value(app, "num-envs"), value(app, "iterations")) == ("7", "9")


async def test_a_preset_chosen_while_devices_are_looked_for_stays_chosen(log_root, monkeypatch, launched):
    found = threading.Event()
    monkeypatch.setattr("tui.screens.launch.screen.list_devices", lambda: found.wait(PATIENCE_SECONDS) and DEVICES)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await until(lambda: app.screen.query("#presets"), "the launch screen")
        await pilot.press("down", "enter")
        assert highlighted(app) == "cartpole"
        assert launched == []  # on what device?
        found.set()
        await is_ready(app)
        assert highlighted(app) == "cartpole"
        assert value(app, "num-envs") == "4096"
        await pilot.press("enter")
        await is_launched(app)
    assert launched[0].preset == "cartpole"


def own_preset(name, text):
    own_presets_folder().mkdir(parents=True, exist_ok=True)
    (own_presets_folder() / f"{name}.toml").write_text(text)


async def test_a_preset_that_can_not_be_read_is_told_and_hides_no_other(log_root, launched):
    own_preset("zz-mine", "title = ")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("end")
        await until(lambda: "zz-mine.toml can't be read" in description(app), "what is wrong")
        await pilot.press("enter")
        await until(lambda: "zz-mine.toml can't be read" in problem(app), "the problem")
        assert launched == []
        await pilot.press("home", "enter")
        await is_launched(app)
    assert launched[0].preset == "cartpole"


async def test_ones_own_preset_is_launched_with_all_that_is_in_it(log_root, launched):
    own_preset(
        "cartpole",
        Path(load_preset("cartpole").path).read_text().replace("Cartpole balance", "Mine \\u001b[2J")
        + '[overrides]\n"env.episode_length_s" = 5.0\n[rewards]\nsmooth_reward = 3.0\n[fast]\nmode = "on"\n',
    )
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("home")
        await until(lambda: description(app).startswith("Mine "), "the description")
        assert "\x1b" not in description(app)
        assert app.screen.query_one("#fast", Select).prompt == "on (from the preset)"
        await pilot.press("enter")
        await is_launched(app)
    assert launched[0].overrides == {"env.episode_length_s": 5.0}
    assert launched[0].fast == {"mode": "on"}
    assert launched[0].set == {"reward/smooth_reward/weight": 3.0}


def needed(app):
    return app.screen.query("#needs Input")


async def test_what_a_preset_needs_is_asked_for(log_root, launched, tmp_path):
    (tmp_path / "walk.npz").touch()
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_ready(app)
        assert not needed(app)
        choose(app, "g1-tracking")
        await until(lambda: needed(app), "the field for the motion file")
        assert "needs an .npz motion" in description(app)
        await pilot.press("enter")
        await until(lambda: "g1-tracking needs an .npz motion" in problem(app), "the problem")
        await until(lambda: is_in_sight(app, "#problem"), "the problem in sight")
        assert launched == []
        await pilot.press(*str(tmp_path / "walk.npz"), "enter")  # its field has the focus
        await is_launched(app)
    assert launched[0].overrides == {"env.commands.motion.motion_file": str(tmp_path / "walk.npz")}


async def test_the_question_goes_away_with_the_preset(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        choose(app, "g1-tracking")
        await until(lambda: needed(app), "the field")
        await pilot.press("up")
        await until(lambda: not needed(app), "no field")


async def test_the_number_of_environments_fits_the_memory(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press(*["down"] * 3)
        assert highlighted(app) == "g1-rough"
        await until(lambda: value(app, "num-envs") == "2048", "the number for 24 GiB")


async def test_r_shows_the_runs_and_q_quits(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, RunsScreen), "the runs")
        await pilot.press("n")
        await is_ready(app)
        await pilot.press("q")
        await until(lambda: not app.is_running, "the end")


async def test_a_second_training_can_be_started_after_coming_back(log_root, monkeypatch):
    names = iter(("first", "second"))
    monkeypatch.setattr(
        "tui.widgets.start_run.launch", lambda spec, log_root: make_run(log_root, "cartpole", name=next(names))
    )
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the first dashboard")
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, RunsScreen), "the runs")
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, LaunchScreen), "the launch screen")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DashboardScreen), "the second dashboard")
    assert next(names, None) is None
