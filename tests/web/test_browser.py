"""The program in a real browser: display, keys, window size and access."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.web.in_browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser

EVENTS = Path(__file__).parents[1] / "recordings" / "tensorboard"


def test_the_launch_screen_is_shown_and_takes_keys(serve, open_tab):
    server = serve()
    tab = open_tab(server)
    tab.until(lambda text: "start a training" in text and "Mjlab-Cartpole-Balance" in text, "the launch screen")
    before = tab.picture
    tab.page.keyboard.press("ArrowDown")
    tab.until(lambda text: "Mjlab-Cartpole-Swingup" in text, "the next preset")
    assert tab.picture != before
    tab.page.keyboard.press("ArrowUp")
    tab.until(lambda text: "Mjlab-Cartpole-Balance" in text, "the first preset again")
    assert tab.problems == []


def test_all_that_the_page_needs_comes_from_the_program(serve, open_tab):
    server = serve()
    tab = open_tab(server)
    tab.until(lambda text: "start a training" in text, "the launch screen")
    assert {urlsplit(url).netloc for url in tab.requests} == {urlsplit(server.address).netloc}
    assert any(url.endswith(".ttf") for url in tab.requests)
    assert tab.page.evaluate("document.fonts.check('16px Roboto Mono')")


def test_the_program_fits_the_window(serve, open_tab):
    tab = open_tab(serve())

    def footer(text):
        """The number of the line with the keys: the last one."""
        return next(
            (number for number, line in enumerate(text.splitlines()) if re.search(r"\^s start .*help", line)), 0
        )

    at_first = footer(tab.until(footer, "the whole screen"))
    tab.page.set_viewport_size({"width": 820, "height": 500})
    tab.until(lambda text: 0 < footer(text) < at_first and "\n" in text, "a lower screen")
    one_line = "a cart learns to balance a pole. Takes a minute or two on any machine."
    tab.until(lambda text: "any machine." in text and one_line not in text, "narrower text")
    tab.page.set_viewport_size({"width": 1500, "height": 900})
    tab.until(lambda text: footer(text) > at_first, "a higher screen")


def test_a_recorded_run_is_shown_with_its_charts(serve, open_tab, recorded_run):
    tab = open_tab(serve(recorded_run.name))
    text = tab.until(lambda text: re.search("[\u2801-\u28ff]{3}", text) and "upright" in text, "charts and knobs")
    assert recorded_run.name in text
    assert tab.problems == []


def test_event_files_are_watched(serve, open_tab):
    tab = open_tab(serve("--watch", str(EVENTS / "skrl")))
    tab.until(lambda text: re.search("[\u2801-\u28ff]{3}", text) and "Policy / Sta" in text, "charts and metrics")


def test_each_tab_has_a_program_of_its_own_that_ends_with_it(serve, open_tab):
    server = serve()
    first, second = open_tab(server), open_tab(server)
    first.until(lambda text: "Mjlab-Cartpole-Balance" in text, "the first tab")
    second.until(lambda text: "Mjlab-Cartpole-Balance" in text, "the second tab")
    second.page.keyboard.press("ArrowDown")
    second.until(lambda text: "Mjlab-Cartpole-Swingup" in text, "the next preset")
    assert "Mjlab-Cartpole-Balance" in first.text
    assert len(server.programs) == 2
    second.page.close()
    first.until(lambda _: len(server.programs) == 1, "one program")
    assert "Mjlab-Cartpole-Balance" in first.text


def test_q_ends_the_program_and_the_page_says_so(serve, open_tab):
    tab = open_tab(serve())
    tab.until(lambda text: "start a training" in text, "the launch screen")
    tab.page.keyboard.press("q")
    tab.page.get_by_text("Trainings continue").wait_for(state="visible")
    tab.page.get_by_text("Open it again").click()
    tab.until(lambda text: "start a training" in text, "the launch screen again")


def test_ctrl_c_ends_all_without_a_word(serve, open_tab):
    server = serve()
    tab = open_tab(server)
    tab.until(lambda text: "start a training" in text, "the launch screen")
    programs = server.programs
    assert programs
    code, said = server.interrupt()
    assert server.said == "Ctrl+C stops the server; trainings continue."
    assert (code, said) == (0, "")
    assert not any(program.is_running() for program in programs)
    tab.page.get_by_text("Trainings continue").wait_for(state="visible")


# --- who is kept out ---


def test_a_page_of_another_origin_cannot_connect(serve, browser, tmp_path):
    server = serve()
    elsewhere = tmp_path / "elsewhere.html"
    elsewhere.write_text("<p>another page</p>")
    page = browser.new_page()
    page.goto(elsewhere.as_uri())
    opened = page.evaluate(
        """address => new Promise(done => {
          const socket = new WebSocket(address)
          socket.onopen = () => done("opened")
          socket.onerror = () => done("refused")
        })""",
        f"ws{server.address.removeprefix('http')}ws",
    )
    page.close()
    assert opened == "refused"
    assert server.programs == []


def test_a_name_that_somebody_else_points_here_is_refused(serve, browser):
    """DNS rebinding: Chromium is told that the name is this machine, as a hostile DNS server would tell it."""
    server = serve()
    port = urlsplit(server.address).port
    rebound = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*FLAGS, "--host-resolver-rules=MAP evil.test 127.0.0.1"]
    )
    page = rebound.new_page()
    answer = page.goto(server.address.replace("127.0.0.1", "evil.test"))
    rebound.close()
    assert answer is not None
    assert (answer.status, urlsplit(answer.url).port) == (403, port)


def test_without_the_secret_there_is_nothing(serve, browser):
    server = serve()
    page = browser.new_page()
    origin = server.address[: server.address.index("/", len("http://"))]
    statuses = {path: page.goto(origin + path).status for path in ("/", "/ws", "/static/js/textual.js", "/download/x")}
    page.close()
    assert statuses == dict.fromkeys(statuses, 404)
