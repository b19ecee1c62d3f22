"""The console: levels, search, tracebacks, copying, and logs of any length."""

import base64

import pytest
from textual.widgets import Input

from tests.tui.screens.recorded import SMALL, dashboard_is_filled, make_run, told, type_at_once, until
from tui.app import HumanoidTui
from tui.screens.dashboard.log_panel import LogPanel
from tui.screens.dashboard.log_view import LogViewer

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "/srv/train.py", line 81, in <module>',
    "    main()",
    "RuntimeError: the observations hold NaN after iteration 40",
]
WARNING = "/site-packages/torch/x.py:12: UserWarning: lazy modules are a new feature"

KEYS = "/ search, v errors, T traceback"


def make_log(log_root, *lines, recorded=True):
    folder = make_run(log_root, "g1-walk")
    text = folder.console.read_text() if recorded else ""
    folder.console.write_text(text + "".join(f"{line}\n" for line in lines))
    return folder


def console(app):
    return app.screen.query_one(LogViewer)


def titles(app):
    panel = app.screen.query_one(LogPanel)
    return str(panel.border_title), str(panel.border_subtitle)


def in_sight(app):
    """The lines of the screen, with their signs."""
    return [console(app).render_line(y).text.rstrip() for y in range(console(app).size.height)]


def styles_of(app, text):
    """The styles of the pieces of the first line in sight that has `text`, by piece."""
    strips = [console(app).render_line(y) for y in range(console(app).size.height)]
    strip = next(strip for strip in strips if text in strip.text)
    return [(segment.text, segment.style) for segment in strip]


async def open_log(app, pilot):
    await dashboard_is_filled(app)
    await pilot.press("l")
    await until(lambda: console(app).has_focus and console(app).is_vertical_scroll_end, "the log")


@pytest.fixture
def app(log_root):
    return HumanoidTui(log_root, make_log(log_root, WARNING, "fine", *TRACEBACK, "the end"))


async def test_levels_are_told_by_a_sign_before_the_line(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await until(lambda: "  the end" in in_sight(app), "the end")
        assert in_sight(app)[-7:] == [f"! {WARNING}", "  fine", *(f"✘ {line}" for line in TRACEBACK), "  the end"]


async def test_v_shows_fewer_lines_and_all_again(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        every = console(app).line_count
        await pilot.press("v")
        await until(lambda: console(app).line_count == 5, "warnings and errors")
        assert in_sight(app)[0] == f"! {WARNING}"
        assert titles(app)[1] == "warnings and errors only"
        await pilot.press("v")
        await until(lambda: console(app).line_count == 4, "errors")
        assert titles(app)[1] == "errors only"
        await pilot.press("v")
        await until(lambda: console(app).line_count == every and in_sight(app)[-1] == "  the end", "all of it")


async def test_a_scroll_behind_a_change_of_level_leaves_it_at_that(log_root):
    folder = make_log(log_root, *[f"ERROR: {number}" for number in range(60)])
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await until(lambda: "✘ ERROR: 59" in in_sight(app), "the end")
        console(app).action_level()
        console(app).scroll_to(y=0)  # before the thread has answered
        await until(lambda: titles(app)[1].startswith("warnings"), "errors")
        with folder.console.open("a") as log:
            log.write("ERROR: 60\n")
        await until(lambda: console(app).line_count == 61, "what is written later")


async def test_a_log_that_grows_while_one_goes_to_its_end_is_followed(log_root):
    folder = make_log(log_root)
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await pilot.press("home")
        await until(lambda: console(app).scroll_y == 0, "the start")
        with folder.console.open("a", buffering=1) as log:
            for number in range(20):
                log.write(f"line {number}\n")
                await pilot.press("end")
        await until(lambda: in_sight(app)[-1] == "  line 19", "the end")


async def test_a_slash_in_the_log_finds_lines_as_one_types(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        type_at_once(app, "slash", *"elap")
        await until(lambda: "/elap: 2 of 2 lines" in titles(app)[1], "the matches")
        assert isinstance(app.focused, Input)
        await pilot.press("enter")
        assert app.focused is console(app)
        (current,) = [line for line in in_sight(app) if line.startswith("▸")]
        assert current == "▸   Time elapsed: 0:14:12"
        assert [text for text, style in styles_of(app, "▸") if style.reverse] == ["elap"]
        await pilot.press("N")
        await until(lambda: "1 of 2" in titles(app)[1], "the one before")
        await pilot.press("N")
        await until(lambda: "2 of 2 lines ─ from the end" in titles(app)[1], "the last again")
        await pilot.press("n")
        await until(lambda: "1 of 2 lines ─ from the top" in titles(app)[1], "the first again")
        await pilot.press("escape")
        await until(
            lambda: titles(app)[1] == KEYS and not [s for s in in_sight(app) if s.startswith("▸")],
            "no search",
        )


async def test_a_slash_elsewhere_finds_knobs(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("slash")
        assert app.focused.id == "knob-filter"


async def test_a_slash_may_be_looked_for(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        type_at_once(app, "slash", *"srv", "slash", "t")
        await until(lambda: "/srv/t: 1 of 1 line" in titles(app)[1], "the path")


async def test_escape_ends_a_search_that_is_typed(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        type_at_once(app, "slash", *"elap")
        await until(lambda: "/elap" in titles(app)[1], "the matches")
        await pilot.press("escape")
        await until(lambda: titles(app)[1] == KEYS, "no search")
        assert app.focused is console(app)
        assert not app.screen.query_one("#console-search").display


async def test_capital_t_goes_to_the_traceback_and_y_copies_it(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await pilot.press("home")
        await until(lambda: console(app).scroll_y == 0, "the start")
        await pilot.press("T")
        await until(lambda: f"▸ {TRACEBACK[0]}" in in_sight(app), "the traceback")
        await pilot.press("y")
        await until(lambda: "copied 4 lines" in told(app), "the copy")
        assert app.clipboard == "\n".join(TRACEBACK)


async def test_y_copies_the_line_that_was_found(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        type_at_once(app, "slash", *"lazy", "enter")
        await until(lambda: console(app).page.found is not None, "the line")
        await pilot.press("y")
        await until(lambda: "copied 1 line" in told(app), "the copy")
        assert app.clipboard == WARNING


async def test_y_copies_a_preset_as_long_as_no_line_was_gone_to(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await pilot.press("y")
        await until(lambda: any("preset copied, with" in text for text in told(app)), "the preset")


async def test_text_is_selected_with_the_mouse_and_copied_through_the_terminal(app):
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await until(lambda: "  the end" in in_sight(app), "the end")
        written = []
        app._driver.write = written.append
        rows = in_sight(app)
        first, last = rows.index(f"✘ {TRACEBACK[0]}"), rows.index(f"✘ {TRACEBACK[3]}")
        await pilot.mouse_down(LogViewer, offset=(2, first))
        await pilot.hover(LogViewer, offset=(2 + len("RuntimeError"), last))
        await pilot.mouse_up(LogViewer, offset=(2 + len("RuntimeError"), last))
        selected = "\n".join([*TRACEBACK[:3], "RuntimeError"])
        await until(lambda: app.screen.get_selected_text() in (selected, selected + ":"), "the selection")
        await pilot.press("ctrl+c")
        await until(lambda: app.clipboard.startswith(selected), "the copy")
        copied = base64.b64encode(app.clipboard.encode()).decode()
        assert f"\x1b]52;c;{copied}\a" in written


async def test_a_progress_line_shows_its_last_state_while_it_is_rewritten(log_root):
    folder = make_log(log_root)
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        with folder.console.open("ab", buffering=0) as log:
            for share in (10, 50, 99):
                log.write(b"\r%d%%|####|" % share)
                await until(lambda share=share: in_sight(app)[-1] == f"  {share}%|####|", f"{share} %")
        assert not [line for line in console(app).lines if "%|" in line][1:]


async def test_a_log_of_a_million_lines_opens_at_its_end_and_can_be_read_from_its_beginning(log_root):
    lines = [f"line {number} of a long training" for number in range(1_000_000)]
    lines[3] += ", where CUDA is found"
    folder = make_log(log_root, *lines, recorded=False)
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await until(lambda: in_sight(app)[-1] == f"  {lines[-1]}", "the end")
        await until(lambda: console(app).line_count == 1_000_000, "all lines")
        assert titles(app)[0].startswith("console, ")
        assert len(console(app).lines) < 500  # of all that text, no more is kept
        await pilot.press("home")
        await until(lambda: in_sight(app)[0] == f"  {lines[0]}", "the beginning")
        await pilot.press("pagedown")
        await until(lambda: in_sight(app)[0] == f"  {lines[console(app).size.height]}", "the next page")
        await pilot.press("end")
        await until(lambda: in_sight(app)[-1] == f"  {lines[-1]}", "the end")
        type_at_once(app, "slash", *"CUDA", "enter")
        await until(lambda: f"▸ {lines[3]}" in in_sight(app), "the line found")


async def test_a_line_of_megabytes_is_cut_and_scrolls_sideways(log_root):
    folder = make_log(log_root, "before", "x" * 3_000_000, "after")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await until(lambda: in_sight(app)[-1] == "  after", "the end")
        assert in_sight(app)[-2] == "  " + "x" * (console(app).size.width - 2)
        await until(lambda: console(app).max_scroll_x > 3000, "the width")
        console(app).scroll_to(x=console(app).max_scroll_x)
        await until(lambda: in_sight(app)[-2].endswith("x… (3,000,000 bytes)"), "its end")


async def test_what_a_log_says_is_no_markup(log_root):
    app = HumanoidTui(
        log_root, make_log(log_root, "[bold]not bold[/bold] [/]", "\x1b[31mERROR\x1b[0m: \x1b]0;owned\x07x")
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await open_log(app, pilot)
        await until(lambda: in_sight(app)[-2:] == ["  [bold]not bold[/bold] [/]", "✘ ERROR: x"], "the lines")


async def test_a_log_that_begins_while_one_looks(log_root):
    folder = make_log(log_root)
    folder.console.unlink()
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: app.screen.query(LogViewer), "the dashboard")
        await pilot.press("l")
        await until(lambda: titles(app)[1] == "no output yet" or console(app).page is None, "an empty log")
        folder.console.write_text("first\n")
        await until(lambda: "  first" in in_sight(app), "the first line")


# --- pictures ---


@pytest.mark.parametrize("key", ["enter", "n"])
async def test_search_in_the_log(app, sizes_look_as_before, key):
    async with app.run_test(size=SMALL) as pilot:
        await open_log(app, pilot)
        type_at_once(app, "slash", *"elap")
        await until(lambda: "/elap: 2 of 2 lines" in titles(app)[1], "the matches")
        if key == "n":
            await pilot.press("enter", "n")
            await until(lambda: "from the top" in titles(app)[1], "the first match")
        await sizes_look_as_before(pilot)


async def test_errors_in_the_log_without_colour(monkeypatch, log_root, looks_as_before):
    monkeypatch.setenv("NO_COLOR", "1")
    app = HumanoidTui(log_root, make_log(log_root, WARNING, "fine", *TRACEBACK, "the end"))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_log(app, pilot)
        await pilot.press("T")
        await until(lambda: console(app).page.found is not None, "the traceback")
        await looks_as_before(pilot)
