"""The person's keys, themes and settings on the screen; the help, the palette, and files of what is seen."""

import csv
import re
import threading

import pytest
from textual.command import CommandPalette
from textual.widgets import Input, OptionList, Static
from textual.widgets._footer import FooterKey

from presets import list_presets
from tests.tui.screens.recorded import bodies_of, dashboard_is_filled, make_run, told, type_at_once, until
from tests.tui.screens.test_launch_screen import is_ready
from tui.app import HumanoidTui
from tui.charts.files import export
from tui.keys import palette
from tui.navigation import ChangeSetting, ExportView, ShowCompare
from tui.screens.compare.screen import CompareScreen
from tui.screens.dashboard.knob_table import KnobTable
from tui.screens.help import HelpScreen
from tui.session.settings.config import config_file, read_settings
from tui.themes import NO_COLOUR, SIXTEEN_DARK, SIXTEEN_LIGHT
from tui.widgets.board import ChartBoard
from tui.widgets.export_dialog import ExportDialog
from tui.widgets.inline_select import InlineSelect


@pytest.fixture
def write_config():
    def write(text):
        config_file().parent.mkdir(parents=True, exist_ok=True)
        config_file().write_text(text)

    return write


@pytest.fixture
def run(log_root):
    return make_run(log_root, "g1-curricula")


async def is_filled(app):
    await until(lambda: app.screen.query(KnobTable) and app.screen.query_one(KnobTable).row_count, "the knobs")
    await until(lambda: app.screen.query_one(ChartBoard).metrics, "the charts")


def footer(app):
    return {key.description: key.key_display for key in app.screen.query(FooterKey)}


# --- keys ---


async def test_the_footer_the_help_and_the_palette_show_the_persons_keys(log_root, trainer, write_config):
    trainer.play(bodies_of("g1-walk", until_iteration=20))  # the footer has these keys while it trains
    write_config('[keys]\n"dashboard.export" = "f5, J"\n"dashboard.stop" = "e"\n')
    app = HumanoidTui(log_root, trainer.folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        await until(lambda: footer(app).get("export") == "f5", "the footer")
        assert footer(app)["stop"] == "e"
        assert footer(app)["pause"] == "p"
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert {"Export (f5)", "Stop (e)", "Pause (p)"} < set(titles)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        text = app.screen.query_one("#text", Static)
        await until(lambda: re.search(r"(?m)^f5, J +Export .*dashboard\.export", str(text.content)), "the help")
    assert told(app) == []


async def test_hints_beside_parts_of_the_screen_name_the_persons_keys(log_root, run, write_config):
    write_config('[keys]\n"console.level" = "f6"\n"compare.hide" = "question_mark"\n"app.help" = "f1"\n')
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        await pilot.press("l")
        panel = app.screen.query_one("LogPanel")
        await until(lambda: panel.border_subtitle == "/ search, f6 errors, T traceback", "the log's keys")
    app = HumanoidTui(log_root, ShowCompare([run, make_run(log_root, "cartpole")]))
    async with app.run_test(size=(120, 40)):
        await until(lambda: app.screen.query("#compared"), "the comparison")
        await until(lambda: app.screen.query_one("#compared").border_title == "runs (? hides, Enter opens)", "its keys")


async def test_the_persons_key_works_and_the_old_one_does_not(log_root, write_config):
    write_config('[keys]\n"launch.runs" = "ctrl+l"\n')
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        before = app.screen
        await pilot.press("r")
        await pilot.pause()
        assert app.screen is before
        await pilot.press("ctrl+l")
        await until(lambda: app.screen is not before, "the runs")


async def test_mistakes_are_told_and_the_program_starts_all_the_same(log_root, write_config):
    write_config(
        '[appearance]\ntheme = "blue"\n[keys]\n"launch.rnus" = "P"\n"launch.quit" = "r"\n"launch.runs" = "f6"\n'
    )
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await until(lambda: len(told(app)) == 2, "the mistakes")
        assert told(app) == [
            'appearance.theme: expected one of dark, light, okabe-ito, tol, got "blue"',
            "keys.launch.rnus: no such action; nearest: launch.runs",
        ]
        assert app.theme == "dark"
        await until(lambda: footer(app).get("runs") == "f6" and footer(app)["quit"] == "r", "the footer")
        await pilot.press("r")
        await until(lambda: not app.is_running, "the end")


async def test_a_key_that_another_has_stays_with_the_other(log_root, write_config):
    write_config('[keys]\n"launch.quit" = "r"\n')
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        await until(lambda: told(app), "the mistake")
        assert told(app) == ['keys.launch.quit: got "r": on the same screen r is launch.runs']
        before = app.screen
        await until(lambda: footer(app) and footer(app).get("quit") == "q", "the footer")
        await pilot.press("r")
        await until(lambda: app.screen is not before, "the runs")


async def test_many_mistakes_are_told_in_a_few_lines(log_root, write_config):
    write_config("[rates]\n" + "\n".join(f"a{number} = 1" for number in range(9)))
    app = HumanoidTui(log_root)
    async with app.run_test():
        await until(lambda: len(told(app)) == 5, "the mistakes")
        assert told(app)[-1].startswith("5 more problems in ")


# --- help ---


async def test_the_help_explains_the_screen_below_and_is_searched_by_typing(log_root, run):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_filled(app)
        await pilot.press("f1")
        text = app.screen.query_one("#text", Static)
        await until(lambda: "everywhere" in str(text.content), "the help")
        shown = str(text.content)
        for part in (
            "training",
            "knobs",
            "charts",
            "curricula",
            "navigation",
            "chart symbols",
            "knob symbols",
        ):
            assert re.search(f"(?m)^{part}$", shown), part
        assert all(sign in shown for sign in "▼◆◢╳○*")
        assert re.search(r"(?m)^w +Export the chosen chart", shown)
        assert max(map(len, shown.splitlines())) <= 74
        await pilot.press(*"zoom")
        await until(lambda: "charts.zoom-in" in str(text.content) and "pause" not in str(text.content), "what matches")
        await pilot.press(*"xyz")
        await until(lambda: str(text.content) == "no matches", "nothing")
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, HelpScreen), "the dashboard")


async def test_the_help_scrolls_by_keys(log_root, run):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_filled(app)
        await pilot.press("question_mark")
        scroll = app.screen.query_one("VerticalScroll")
        await until(lambda: scroll.max_scroll_y > 30, "the help")
        await pilot.press("down")
        await until(lambda: scroll.scroll_y == 1)
        for _ in range(20):
            await pilot.press("pagedown")
        await until(lambda: scroll.scroll_y == scroll.max_scroll_y, "the end")


async def test_a_question_mark_can_be_typed_into_a_field(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test() as pilot:
        await is_ready(app)
        app.screen.query_one("#run-name").focus()
        await pilot.press("question_mark")
        await until(lambda: app.screen.query_one("#run-name", Input).value == "?", "the letter")
        assert not isinstance(app.screen, HelpScreen)


# --- palette ---


async def palette_offers(app, pilot, words):
    await pilot.press("ctrl+p")
    await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
    await pilot.press(*words)

    def offered():
        options = app.screen.query_one(OptionList)
        return [str(options.get_option_at_index(place).prompt) for place in range(options.option_count)]

    await until(offered, "an offer")
    return offered


async def test_the_palette_goes_to_a_metric(log_root, run):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        offered = await palette_offers(app, pilot, "gradient")
        await until(lambda: any("Metric: Policy/actor_gradient_norm" in one for one in offered()), "the metric")
        await pilot.press("enter")
        board = None
        await until(lambda: app.screen.query(ChartBoard), "the dashboard")
        board = app.screen.query_one(ChartBoard)
        await until(lambda: board.page.plans and board.page.plans[0].key.endswith("gradient_norm"), "its chart")


async def test_the_palette_goes_to_a_knob(log_root, run):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        offered = await palette_offers(app, pilot, "knobposeweight")
        await until(lambda: any("Knob: reward/pose/weight" in one for one in offered()), "the knob")
        await pilot.press("enter")
        await until(lambda: app.screen.query(KnobTable) and app.screen.query_one(KnobTable).knob, "the dashboard")
        table = app.screen.query_one(KnobTable)
        await until(lambda: table.knob is not None and table.knob.knob.name == "reward/pose/weight", "the knob")


async def test_letters_that_are_typed_while_the_palette_reads_the_disk_lose_nothing(log_root, monkeypatch):
    is_read = threading.Event()

    def read_slowly():
        is_read.wait()
        return list_presets()

    monkeypatch.setattr(palette, "list_presets", read_slowly)
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_ready(app)
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette), "the palette")
        for letter in "startg1rough":
            await pilot.press(letter)
            await pilot.pause()
        is_read.set()
        options = app.screen.query_one(OptionList)
        await until(lambda: options.option_count and "g1-rough" in str(options.get_option_at_index(0).prompt), "it")


async def test_the_palette_opens_a_run_a_comparison_and_a_preset(log_root):
    other = make_run(log_root, "cartpole", name="2026-02-02_02-02-02_other")
    make_run(log_root, "cartpole", name="2026-03-03_03-03-03_third")
    app = HumanoidTui(log_root)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_ready(app)
        offered = await palette_offers(app, pilot, "02-02-02")
        await until(lambda: any("Open: cartpole/2026-02-02_02-02-02_other" in one for one in offered()), "the run")
        await pilot.press("enter")
        await until(
            lambda: getattr(app.screen, "folder", None) and app.screen.folder.path == other.path, "its dashboard"
        )
        offered = await palette_offers(app, pilot, "compare03-03")
        await until(lambda: any("Compare with: cartpole/2026-03-03" in one for one in offered()), "the comparison")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, CompareScreen), "the comparison")
        offered = await palette_offers(app, pilot, "startg1rough")
        await until(lambda: any("Start: g1-rough" in one for one in offered()), "the preset")
        await pilot.press("enter")
        await is_ready(app)
        assert app.screen.query_one("#presets", OptionList).highlighted_option.id == "g1-rough"


async def test_the_palette_has_other_screens_themes_and_settings(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test():
        await is_ready(app)
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {"Export view: this screen as SVG", "Start (^s)", "Runs (r)"} < set(commands)
        assert not [title for title in commands if title.startswith("Go to:")]  # its keys do the same
        assert {f"Theme: {name}" for name in ("dark", "light", "okabe-ito", "tol")} < set(commands)
        assert "in use" in commands["Theme: dark"].help
        assert all(command.help for command in commands.values())
        commands["Setting: enable terminal bell when the user is needed"].callback()
        await until(lambda: config_file().exists() and read_settings()[0].notify.bell, "the setting")
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "Setting: disable terminal bell when the user is needed" in titles


# --- the board that a task begins with ---


async def test_the_dashboard_begins_with_the_persons_board(log_root, run, write_config):
    write_config('[board]\nmetrics = ["kl", "Loss/value + reward"]\nsmoothing = 0.8\nx = "time"\n')
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)):
        await is_filled(app)
        board = app.screen.query_one(ChartBoard)
        assert [plan.metrics for plan in board.page.plans] == [("Policy/kl",), ("Loss/value", "Train/mean_reward")]
        assert (board.view.smoothing, board.view.unit) == (0.8, "time")


# --- themes ---


async def test_a_theme_is_put_on_at_once_and_remembered_beside_comments(log_root, write_config):
    write_config('# mine\n[appearance]\ntheme = "dark"  # at night\n')
    app = HumanoidTui(log_root)
    async with app.run_test():
        await is_ready(app)
        background = app.screen.styles.background
        app.change_setting(ChangeSetting("appearance", "theme", "light"))
        await until(lambda: app.screen.styles.background != background, "the colours")
        await until(lambda: '"light"' in config_file().read_text(), "the file")
    assert config_file().read_text() == '# mine\n[appearance]\ntheme = "light"  # at night\n'
    assert HumanoidTui(log_root).theme == "light"


async def test_what_can_not_be_remembered_is_told_and_in_force_all_the_same(log_root, write_config):
    write_config("appearance = 3\n")
    app = HumanoidTui(log_root)
    async with app.run_test():
        await is_ready(app)
        app.change_setting(ChangeSetting("appearance", "theme", "tol"))
        hint = '; write theme = "tol" under [appearance]'
        await until(lambda: any(text.endswith(hint) for text in told(app)), "what to do")
        assert app.theme == "tol"


def test_terminals_with_few_colours_have_their_own(log_root, monkeypatch, write_config):
    assert HumanoidTui(log_root).theme == "dark"
    monkeypatch.setenv("TERM", "xterm")
    assert HumanoidTui(log_root).theme == SIXTEEN_DARK
    write_config('[appearance]\ntheme = "tol"\n')
    assert HumanoidTui(log_root).theme == SIXTEEN_LIGHT
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert HumanoidTui(log_root).theme == "tol"
    monkeypatch.setenv("NO_COLOR", "1")
    assert HumanoidTui(log_root).theme == NO_COLOUR


# --- files of what is seen ---


def choice(app, id):
    return app.screen.query_one(f"#{id}", InlineSelect).value


def file_field(app):
    return app.screen.query_one("#file", Input)


async def dialog_over(app, pilot):
    await is_filled(app)
    await pilot.press("w")
    await until(lambda: isinstance(app.screen, ExportDialog) and app.screen.query("#file"), "the dialog")
    await until(lambda: file_field(app).value, "a proposed name")


async def test_the_page_is_written_into_the_runs_folder_and_its_path_copied(log_root, run):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await dialog_over(app, pilot)
        assert (choice(app, "what"), choice(app, "kind"), choice(app, "colours")) == ("page", "svg", "dark")
        await pilot.press("enter")
        await until(lambda: not isinstance(app.screen, ExportDialog), "the file")
        await until(lambda: told(app), "the toast")
    path = run.path / "exported" / "views" / "overview.svg"
    assert "success rate, last " in path.read_text()
    assert app.clipboard == str(path)
    assert told(app)[-1].endswith(str(path))


async def test_the_chosen_chart_is_written_as_it_is_seen(log_root, run, tmp_path):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await is_filled(app)
        app.screen.query_one("ChartGrid").focus()
        await pilot.press("down", "z", "z")
        view = app.screen.query_one(ChartBoard).view
        await dialog_over(app, pilot)
        assert choice(app, "what") == "chart"
        app.screen.query_one("#kind", InlineSelect).value = "csv"
        await until(lambda: file_field(app).value.endswith(".csv"), "the name's end")
        file_field(app).value = "mine.csv"
        await pilot.press("enter")
        await until(lambda: not isinstance(app.screen, ExportDialog), "the file")
    rows = list(csv.reader((tmp_path / "mine.csv").open()))
    iterations = [int(row[0]) for row in rows[1:]]
    assert rows[0][:3] == ["iteration", "steps", "seconds"]
    assert 3 < len(iterations) < 30
    low, high = view.visible((0.0, 57.0))
    assert low <= iterations[0] <= iterations[-1] <= high


async def test_a_file_that_exists_is_replaced_by_a_second_enter_only(log_root, run, tmp_path):
    (tmp_path / "there.svg").write_text("mine")
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(80, 24)) as pilot:
        await dialog_over(app, pilot)
        file_field(app).value = "there.svg"
        await pilot.pause()
        await pilot.press("enter")
        problem = app.screen.query_one("#problem", Static)
        await until(lambda: "there.svg exists: press Enter again to replace it" in str(problem.content), "the question")
        assert (tmp_path / "there.svg").read_text() == "mine"
        await pilot.press("enter")
        await until(lambda: not isinstance(app.screen, ExportDialog), "the file")
    assert (tmp_path / "there.svg").read_text().startswith("<svg")


async def test_a_name_that_does_not_fit_and_a_place_that_can_not_be_written_are_told(log_root, run, tmp_path):
    (tmp_path / "file").touch()
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(80, 24)) as pilot:
        await dialog_over(app, pilot)
        problem = app.screen.query_one("#problem", Static)
        for name, words in (
            ("a.png", "expected a file name that ends in .svg, got a.png"),
            ("a.pdf", "expected FILE.svg, FILE.png or FILE.csv"),
            ("file/a.svg", "cannot write"),
        ):
            file_field(app).value = name
            await pilot.pause()
            await pilot.press("enter")
            await until(lambda words=words: words in str(problem.content), words)
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, ExportDialog), "the dashboard")


async def test_a_machine_without_fonts_is_told_in_the_dialog(log_root, run, monkeypatch):
    def without_fonts(*_):
        raise export.ChartFileError("this machine has no font to write a PNG's text with")

    monkeypatch.setattr("tui.widgets.export_dialog.content_of", without_fonts)
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(80, 24)) as pilot:
        await dialog_over(app, pilot)
        app.screen.query_one("#kind", InlineSelect).value = "png"
        await until(lambda: file_field(app).value.endswith(".png"), "the name's end")
        await pilot.press("enter")
        problem = app.screen.query_one("#problem", Static)
        await until(lambda: "no font" in str(problem.content), "the problem")
    assert not list(run.path.rglob("*.png"))


async def test_the_whole_screen_is_written_without_the_dialog_over_it(log_root, tmp_path):
    app = HumanoidTui(log_root)
    async with app.run_test(size=(80, 24)) as pilot:
        await is_ready(app)
        app.export_view(ExportView())
        await until(lambda: app.screen.query("#file") and file_field(app).value == "screen.svg", "the dialog")
        await pilot.press("enter")
        await until(lambda: (tmp_path / "screen.svg").exists(), "the file")
    text = (tmp_path / "screen.svg").read_text()
    assert "g1-walk" in text
    assert "write" not in text


# --- clipboard ---


async def test_a_key_that_comes_twice_at_once_opens_one_dialog(log_root, run):
    app = HumanoidTui(log_root, run)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        type_at_once(app, "w", "w")
        await until(lambda: isinstance(app.screen, ExportDialog), "the dialog")
        await pilot.pause()
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, ExportDialog), "the dashboard")


async def test_a_large_copy_is_told_to_be_too_much_for_many_terminals(log_root):
    app = HumanoidTui(log_root)
    async with app.run_test():
        await is_ready(app)
        app.copy_to_clipboard("x" * 10_000)
        app.copy_to_clipboard("x" * 100_000)
        await until(lambda: told(app), "the warning")
        assert told(app) == ["copied 133 kB: many terminals accept at most 75 kB"]
