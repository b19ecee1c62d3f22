"""Lines of a file are found without keeping its text, however long file and lines are."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.session.log.index import LogIndex
from tui.session.log.log_text import LONGEST, shown, shown_line
from tui.session.log.search import LogSearch, occurrences

BLOCK = 64 * 1024


def indexed(data, *until):
    """Take in a file that grew to these lengths before its end."""
    index, file = LogIndex(), io.BytesIO(data)
    for end in (*until, len(data)):
        while index.advance(file, end):
            pass
    return index, file


def texts(index, file, first, count):
    return [line.text for line in index.lines(file, first, count)]


lengths = st.sampled_from([0, 1, 60, 60, 60, 60, LONGEST - 1, LONGEST, LONGEST + 1, BLOCK - 1, BLOCK, 5 * BLOCK + 7])
files = st.lists(lengths, max_size=25)


@settings(deadline=None, max_examples=60)
@given(files, st.booleans(), st.data())
def test_any_line_of_any_file_is_found(sizes, ends_with_a_line, data):
    lines = [f"{number:d}".ljust(size, "x")[:size] for number, size in enumerate(sizes)]
    text = "\n".join(lines).encode() + b"\n" * ends_with_a_line
    expected = text.decode().split("\n")
    expected = expected if expected[-1] else expected[:-1]
    index, file = indexed(text, *sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3))))
    assert index.line_count == len(expected)
    first = data.draw(st.integers(0, len(expected)))
    count = data.draw(st.integers(0, 30))
    shown = [text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} bytes)" for text in expected]
    assert texts(index, file, first, count) == shown[first : first + count]
    assert [line.number for line in index.lines(file, first, count)] == list(range(len(expected)))[
        first : first + count
    ]


def test_an_index_may_begin_in_the_middle_of_a_file():
    data = b"one\ntwo\nthree\nfour\n"
    index, file = LogIndex(8), io.BytesIO(data)
    while index.advance(file, len(data)):
        pass
    assert texts(index, file, 0, 9) == ["three", "four"]


def test_what_is_kept_does_not_grow_with_the_text():
    data = b"Mean reward: 1.5\n" * 400_000  # 6.8 MB
    index, file = indexed(data)
    assert texts(index, file, 399_998, 9) == ["Mean reward: 1.5"] * 2
    assert len(index._before) == len(data) // BLOCK + 1
    assert len(index._head) <= 2 * LONGEST


class Counting(io.BytesIO):
    """A file that counts what is read of it."""

    read_bytes = 0

    def read(self, size=-1):
        data = super().read(size)
        self.read_bytes += len(data)
        return data


def test_a_line_of_megabytes_is_not_read_to_be_shown():
    data = b"first\n" + b"x" * 8_000_000 + b"\nlast\n"
    index, _ = indexed(data)
    file = Counting(data)
    shown = texts(index, file, 0, 3)
    assert shown[0] == "first"
    assert shown[1] == "x" * LONGEST + "… (8,000,000 bytes)"
    assert shown[2] == "last"
    assert file.read_bytes < 8 * BLOCK


# --- what a line looks like ---


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"10%|#   |\r50%|##  |\r100%|####|", "100%|####|"),
        (b"10%|#   |\r50%|##  |\r", "50%|##  |"),  # and goes on
        (b"windows\r", "windows"),
        (b"\x1b[1m Learning \x1b[0m", " Learning "),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"a\tb", "a       b"),
        (b"                 Mean reward: 1.5", "  Mean reward: 1.5"),
    ],
)
def test_a_line_is_shown_at_its_last_state(raw, line):
    assert shown_line(raw) == line


def test_lines_are_overwritten_each_by_itself():
    assert shown(b"one\rtwo\nthree\nfour\rfive\r\n") == "two\nthree\nfive\n"


def test_a_long_line_of_progress_is_shown_at_its_end():
    steps = b"".join(b"%d%%|####|\r" % step for step in range(20_000))
    index, file = indexed(steps + b"\nafter\n")
    assert texts(index, file, 0, 2) == ["19999%|####|", "after"]


def test_a_megabyte_of_carriage_returns_is_shown_in_reasonable_time():
    assert shown(b"x\r" * 500_000 + b"end\n" + b"y" * 500_000) == "end\n" + "y" * 500_000


# --- looking for letters ---


@pytest.mark.parametrize(
    ("needle", "text", "found"),
    [
        ("kl", "KL kl Kl", [(0, 2), (3, 5), (6, 8)]),
        ("KL", "KL kl Kl", [(0, 2)]),
        ("aa", "aaaa", [(0, 2), (2, 4)]),
        ("", "anything", []),
        ("größ", "GRÖSSE größer", [(7, 11)]),
        ("x", "İx", [(1, 2)]),  # whose small letter is two
    ],
)
def test_capitals_matter_only_if_some_are_typed(needle, text, found):
    assert occurrences(needle, text) == found


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["", "ab", "AB", "xaby", "\x1b[1ma\x1b[0mb", "ab\rxy", "a", "b"]), max_size=60), st.data()
)
def test_a_search_finds_the_lines_that_show_the_letters(lines, data):
    text = "\n".join(lines).encode()
    index, file = indexed(text)
    search = LogSearch("ab", index)
    while not search.is_done:
        search.advance(file)
    expected = [line.number for line in index.lines(file, 0, len(lines)) if occurrences("ab", line.text)]
    assert [search.lines.line_at(row) for row in range(len(search.lines))] == expected
    assert search.share == 1.0


def test_a_search_goes_on_in_what_is_written_later():
    data = b"one match\nno\nhalf a mat"
    index, file = indexed(data)
    search = LogSearch("match", index)
    while search.advance(file):
        pass
    assert len(search.lines) == 1
    file = io.BytesIO(data + b"ch\nmatch\n")
    while index.advance(file, len(file.getvalue())):
        pass
    assert not search.is_done
    while search.advance(file):
        pass
    assert [search.lines.line_at(row) for row in range(len(search.lines))] == [0, 2, 3]


def test_rsl_rl_s_estimate_is_left_out_as_the_screen_has_another():
    def of_table(name, value):
        return f"{name:>40} {value}".encode()

    assert shown_line(of_table("Time elapsed:", "0:07:12")) == "  Time elapsed: 0:07:12"
    assert shown_line(of_table("ETA:", "0:03:58")) == ""
    assert shown_line(of_table("ETA:", "2 days, 3:04:05 ")) == ""
    assert shown_line(b"ETA: 0:03:58 until the robot falls") == "ETA: 0:03:58 until the robot falls"
    index, file = indexed(b"\n".join([of_table("Time elapsed:", "0:07:12"), of_table("ETA:", "0:03:58"), b"", b""]))
    assert texts(index, file, 0, 9) == ["  Time elapsed: 0:07:12", "", ""]  # the other lines keep their numbers
    search = LogSearch("ETA", index)
    while search.advance(file):
        pass
    assert len(search.lines) == 0
