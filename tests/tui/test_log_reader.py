"""A log is read a page at a time, from its end, whatever happens to its file."""

from __future__ import annotations

import threading

import pytest

from tests.waiting import wait_for
from tui.session.background import BackgroundThread
from tui.session.log import pages as console_log
from tui.session.log.pages import ConsoleLog, LogView
from tui.session.log.reader import ConsoleReader
from tui.session.log.titles import console_note, console_title

TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 3, in main\n    run()\nKeyError: {}\n'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "console.log"


@pytest.fixture
def log(path):
    log = ConsoleLog(path)
    yield log
    log.close()


def read_all(log):
    while log.work():
        pass


def texts(page):
    return [line.text for line in page.lines]


def in_sight(page):
    """What a screen of the view's height shows of a page."""
    top = page.rows - page.view.height if page.view.follows else page.view.top
    top = max(top, 0)
    return texts(page)[top - page.first : top - page.first + page.view.height]


def test_a_file_that_does_not_exist_yet_has_no_lines(log, path):
    read_all(log)
    assert texts(log.page(LogView(height=5))) == []
    path.write_text("first\n")
    read_all(log)
    assert texts(log.page(LogView(height=5))) == ["first"]


def test_what_is_written_comes_as_it_is_written(log, path):
    read = []
    data = "first\nzweite Zeile: größer\n\x1b[1mthird\x1b[0m\nunfinished".encode()
    with open(path, "wb", buffering=0) as file:
        for index in range(len(data)):
            file.write(data[index : index + 1])
            read_all(log)
            page = log.page(LogView(height=9))
            read.append(len(page.lines))
    assert texts(page) == ["first", "zweite Zeile: größer", "third", "unfinished"]
    assert read == sorted(read)


def test_the_end_of_a_long_file_is_there_at_once_and_its_beginning_later(log, path):
    lines = [f"line {number}" for number in range(100_000)]
    path.write_text("\n".join(lines) + "\n")
    assert log.work()  # one step
    page = log.page(LogView(height=10))
    assert in_sight(page) == lines[-10:]
    assert page.indexed < 1
    assert page.rows < 30_000
    log.work()
    before = log.page(LogView(top=page.rows - 5000, height=10, follows=False))
    looked_at = in_sight(before)
    read_all(log)
    after = log.page(before.view)
    assert after.rows == 100_000
    assert after.indexed == 1
    assert after.go_to is not None
    assert in_sight(after) == looked_at  # other rows now, the same lines
    assert log.page(after.view).go_to is None
    assert in_sight(log.page(LogView(top=0, height=3, follows=False))) == lines[:3]


def test_the_lines_that_were_searched_for_stay_found_when_the_beginning_comes(log, path, monkeypatch):
    monkeypatch.setattr(console_log, "_END", 100_000)
    path.write_text("".join(f"line {number}\n" for number in range(50_000)))
    while log.page(LogView(height=10)).rows == 0:
        log.work()
    log.search("line 4999")
    view = LogView(height=10)
    while log.is_searching:
        log.work()
    page = log.jump(view, "nearest")
    assert in_sight(page)[page.found - page.view.top] == "line 49999"
    read_all(log)
    page = log.page(page.view)
    assert texts(page)[page.found - page.first] == "line 49999"
    assert (page.matches, page.match) == (11, 11)


def test_a_file_that_was_replaced_or_cut_is_read_anew(log, path):
    path.write_text("of the first training\n" * 5)
    read_all(log)
    other = path.with_name("other")
    other.write_text("of the second training\n" * 50)
    other.replace(path)
    read_all(log)
    assert set(texts(log.page(LogView(height=99)))) == {"of the second training"}
    path.write_text("short\n")
    read_all(log)
    assert texts(log.page(LogView(height=99))) == ["short"]
    path.unlink()
    read_all(log)
    assert texts(log.page(LogView(height=99))) == []


def test_a_page_has_rows_above_and_below_those_in_sight(log, path):
    path.write_text("".join(f"{number}\n" for number in range(1000)))
    read_all(log)
    page = log.page(LogView(top=500, height=20, follows=False))
    assert (page.first, len(page.lines), page.rows) == (450, 120, 1000)
    assert log.page(LogView(height=20)).lines[-1].text == "999"
    assert log.page(LogView(top=10_000, height=20, follows=False)).lines == ()  # of a file that was longer


# --- levels ---

MIXED = "fine\nWARNING: slow\nfine\n" + TRACEBACK.format("'x'") + "fine\nERROR: no\n"


def test_only_lines_that_matter_can_be_shown(log, path):
    path.write_text(MIXED)
    read_all(log)
    assert log.page(LogView(height=9)).levels == ("info", "warning", "info", *["error"] * 4, "info", "error")
    assert len(texts(log.page(LogView(height=9, level="warning")))) == 6
    assert texts(log.page(LogView(height=9, level="error")))[-2:] == ["KeyError: 'x'", "ERROR: no"]


def test_a_change_of_level_stays_at_the_same_place(log, path):
    path.write_text("".join(f"{'ERROR: ' * (number % 10 == 0)}{number}\n" for number in range(1000)))
    read_all(log)
    page = log.change_level(LogView(top=500, height=5, follows=False), "error")
    assert in_sight(page)[0] == "ERROR: 500"
    page = log.change_level(page.view, "info")
    assert in_sight(page)[0] == "ERROR: 500"
    page = log.change_level(LogView(height=5), "error")  # at the end, and it stays there
    assert (page.go_to, in_sight(page)[-1]) == (None, "ERROR: 990")


def test_a_level_without_lines_is_empty_and_leads_back(log, path):
    path.write_text("fine\n" * 9)
    read_all(log)
    page = log.change_level(LogView(height=5), "error")
    assert (page.rows, page.lines) == (0, ())
    assert len(log.change_level(page.view, "info").lines) == 9


# --- searching and jumping ---


def search(log, needle, view=LogView(height=5)):  # noqa: B008 (frozen)
    log.search(needle)
    read_all(log)
    return log.jump(view, "nearest")


def found(page):
    return texts(page)[page.found - page.first] if page.found is not None else None


def test_a_search_goes_to_the_last_line_in_sight_or_above_and_then_around(log, path):
    path.write_text("".join(f"{number} {'kl' if number % 100 == 0 else ''}\n" for number in range(1, 1001)))
    read_all(log)
    page = search(log, "kl", LogView(top=400, height=50, follows=False))
    assert (found(page), page.matches, page.match) == ("400 kl", 10, 4)
    assert in_sight(page).count("400 kl") == 1
    page = log.jump(page.view, "next")
    assert (found(page), page.match) == ("500 kl", 5)
    for _ in range(5):
        page = log.jump(page.view, "next")
    assert (found(page), page.note) == ("1000 kl", "")
    page = log.jump(page.view, "next")
    assert (found(page), page.note) == ("100 kl", "from the top")
    page = log.jump(page.view, "previous")
    assert (found(page), page.note) == ("1000 kl", "from the end")


def test_a_search_keeps_to_the_lines_that_are_shown(log, path):
    path.write_text("".join(f"{'ERROR: ' * (number % 10 == 0)}{number} kl\n" for number in range(100)))
    read_all(log)
    page = search(log, "kl", LogView(height=5, level="error"))
    assert found(page) == "ERROR: 90 kl"
    assert found(log.jump(page.view, "previous")) == "ERROR: 80 kl"


def test_letters_that_are_not_there_lead_nowhere(log, path):
    path.write_text("fine\n" * 50)
    read_all(log)
    page = search(log, "KL")
    assert (page.found, page.matches, page.match, page.go_to) == (None, 0, None, None)
    assert log.jump(page.view, "next").found is None


def test_jumps_lead_to_the_last_traceback_then_to_those_before(log, path):
    path.write_text("a\n" * 200 + TRACEBACK.format("1") + "b\n" * 200 + TRACEBACK.format("2") + "c\n" * 200)
    read_all(log)
    page = log.jump_to_traceback(LogView(height=20))
    assert in_sight(page)[page.found - page.view.top :][:4] == TRACEBACK.format("2").splitlines()
    assert log.copy() == TRACEBACK.format("2").splitlines()
    page = log.jump_to_traceback(page.view)
    assert log.copy() == TRACEBACK.format("1").splitlines()
    page = log.jump_to_traceback(page.view)
    assert (page.note, log.copy()) == ("from the end", TRACEBACK.format("2").splitlines())


def test_without_a_traceback_that_is_said(log, path):
    path.write_text("fine\n")
    read_all(log)
    page = log.jump_to_traceback(LogView(height=5))
    assert (page.found, page.note) == (None, "no traceback")
    assert log.copy() == []


def test_what_was_found_can_be_copied(log, path):
    path.write_text("fine\n   a KL of 0.02\n")
    read_all(log)
    search(log, "KL")
    assert log.copy() == ["   a KL of 0.02"]


# --- the thread ---


class Screen:
    """What a screen is told."""

    def __init__(self, path):
        self.pages, self.copies = [], []
        self.reader = ConsoleReader(path, self.pages.append, self.copies.append, pytest.fail)

    def last(self):
        return self.pages[-1] if self.pages else None


@pytest.fixture
def screen(path):
    screen = Screen(path)
    yield screen
    screen.reader.close()


def test_the_thread_tells_of_what_is_written_and_of_nothing_else(screen, path):
    path.write_text("first\n")
    wait_for(lambda: screen.last() and texts(screen.last()) == ["first"], "the first line")
    count = len(screen.pages)
    with path.open("a") as file:
        file.write("second\n")
    wait_for(lambda: texts(screen.last()) == ["first", "second"], "the second line")
    assert len(screen.pages) == count + 1


def test_the_thread_answers_what_is_asked(screen, path):
    path.write_text(MIXED)
    wait_for(lambda: screen.last() and screen.last().rows == 9, "the file")
    view = LogView(height=5)
    screen.reader.change_level(view, "error")
    wait_for(lambda: screen.last().view.level == "error", "the errors")
    screen.reader.change_level(screen.last().view, "info")
    screen.reader.search(view, "slow")
    wait_for(lambda: screen.last().found == 1, "the line found")
    screen.reader.jump_to_traceback(view)
    wait_for(lambda: screen.last().found == 3, "the traceback")
    screen.reader.copy()
    wait_for(lambda: screen.copies, "the copy")
    assert screen.copies[0] == TRACEBACK.format("'x'").splitlines()
    screen.reader.search(view, "")
    wait_for(lambda: screen.last().found is None and screen.last().needle == "", "the end of the search")


def test_the_thread_ends(screen):
    thread = next(one for one in reversed(threading.enumerate()) if isinstance(one, BackgroundThread))
    screen.reader.close()
    wait_for(lambda: not thread.is_alive(), "its end")


# --- what stands around it ---


@pytest.mark.parametrize(
    ("make", "view", "needle", "title", "note"),
    [
        ("fine\n", LogView(height=5), "", "console", ""),
        ("", LogView(height=5), "", "console", "no output yet"),
        (MIXED, LogView(height=5, level="warning"), "", "console", "warnings and errors only"),
        ("fine\n", LogView(height=5, level="error"), "", "console", "errors only ─ no such lines"),
        (MIXED, LogView(height=5), "fine", "console", "/fine: 3 of 3 lines"),
        (MIXED, LogView(height=5), "slow", "console", "/slow: 1 of 1 line"),
        (MIXED, LogView(height=5), "qq", "console", "/qq: no lines"),
        ("x" * 99 + "\n" + "line\n" * 3_000_000, LogView(height=5), "", "console, 14 MiB", ""),
    ],
)
def test_the_frame_says_what_is_seen(log, path, make, view, needle, title, note):
    path.write_text(make)
    read_all(log)
    page = search(log, needle, view) if needle else log.page(view)
    assert console_title(page) == title
    assert console_note(page, needle) == note


def test_the_frame_says_how_much_of_a_long_file_is_known(log, path, monkeypatch):
    monkeypatch.setattr(console_log, "_END", 100_000)
    path.write_text("line\n" * 3_000_000)
    while log.work() and log.page(LogView(height=5)).indexed < 0.5:
        pass
    assert console_title(log.page(LogView(height=5))).startswith("console, 14 MiB, end of log; 5")
    assert (console_title(None), console_note(None, "x")) == ("console", "")
