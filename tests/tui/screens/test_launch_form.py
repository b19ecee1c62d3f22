"""What the form of the launch screen takes besides numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Select

from presets import load_preset
from tests.tui.screens.launch_form import description, is_launched, is_ready, problem, value
from tests.tui.screens.recorded import make_run, until
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from tui.app import HumanoidTui
from tui.session.launching.launcher import LaunchError


async def test_checkpoint_overrides_and_knobs_are_launched(log_root, launched, tmp_path):
    run = make_run(log_root, "g1-walk", name="2026-01-02_00-00-00_before")
    run.checkpoint(119).write_bytes(WHOLE_CHECKPOINT)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        app.screen.query_one("#checkpoint", Input).value = "before"
        app.screen.query_one("#overrides", Input).value = "env.episode_length_s=10 agent.save_interval=5"
        app.screen.query_one("#set", Input).value = "reward/upright/weight=2 command/twist/lin_vel_y=-0.5:0.5"
        app.screen.query_one("#fast", Select).value = "off"
        await pilot.press("ctrl+s")
        await is_launched(app)
    (spec,) = launched
    assert spec.fast == {"mode": "off"}
    assert (spec.checkpoint, spec.parent) == (str(run.checkpoint(119).resolve()), str(run.path.resolve()))
    assert spec.overrides == {"env.episode_length_s": 10, "agent.save_interval": 5}
    assert (spec.set["reward/upright/weight"], spec.set["command/twist/lin_vel_y"]) == (2.0, (-0.5, 0.5))


async def test_a_preset_of_the_users_own_file_replaces_the_chosen_one(log_root, launched, tmp_path):
    text = Path(load_preset("cartpole").path).read_text(encoding="utf-8")
    file = tmp_path / "mine.toml"
    file.write_text(text.replace("iterations = 500", "iterations = 12"), encoding="utf-8")
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        app.screen.query_one("#preset-file", Input).value = str(file)
        await until(lambda: value(app, "iterations") == "12", "its values")
        assert "Cartpole balance" in description(app)
        await pilot.press("ctrl+s")
        await is_launched(app)
    assert (launched[0].preset, launched[0].iterations) == ("mine", 12)


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("num-envs", "0", "expected 1 to 1,000,000,000 environments"),
        ("iterations", "-5", "expected 1 to 1,000,000,000"),
        ("run-name", "a b", "expected a run name"),
        ("checkpoint", "nothing.pt", "expected a checkpoint file or a run"),
        ("overrides", "env.episode_length_s", "expected PATH=VALUE"),
        ("overrides", "'env.a=1", "No closing quotation"),
        ("set", "reward/upright/weight", "expected KNOB=VALUE"),
        ("preset-file", "nowhere.toml", "can't be read"),
    ],
)
async def test_after_a_refusal_the_text_of_the_wrong_field_is_selected(log_root, launched, field, text, message):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        wrong = app.screen.query_one(f"#{field}", Input)
        wrong.value = text
        await pilot.press("ctrl+s")
        await until(lambda: message in problem(app), "the problem")
        await until(lambda: app.focused is wrong and wrong.selected_text == text, "the selected text")
    assert not launched


async def test_a_refusal_by_the_trainer_selects_the_field_that_it_quotes(log_root, monkeypatch):
    def launch(spec, log_root):
        raise LaunchError("no such knob: reward/uprigth/weight; nearest: reward/upright/weight")

    monkeypatch.setattr("tui.widgets.start_run.launch", launch)
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        app.screen.query_one("#set", Input).value = "reward/uprigth/weight=2"
        await pilot.press("ctrl+s")
        await until(lambda: "no such knob" in problem(app), "the problem")
        assert app.focused.id == "set"
        assert app.focused.selected_text == "reward/uprigth/weight=2"
