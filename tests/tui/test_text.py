"""Text from elsewhere can do nothing to the terminal that it is drawn on."""

from __future__ import annotations

import json
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.session.text import compact_indents, plain, plain_json, plain_lines

PIECES = ["\x1b", "[", "]", "P", "X", "^", "_", "\\", "\x07", "\x9b", "\x9d", "\x90", "\x9c", "31m", "0;", "?25l", "\n"]
wild_text = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3))).map("".join))


@given(wild_text)
def test_no_control_character_is_left_but_tabs_and_line_ends(text):
    shown = plain_lines(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", shown)
    assert plain_lines(shown) == shown
    assert shown.count("\n") == text.count("\n")  # nothing swallows a line
    assert plain(text) == re.sub(r"[\n\t]", " ", shown)
    assert json.loads(plain_json(json.dumps(shown, ensure_ascii=False))) == shown


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cn", "Cs", "Zl", "Zp"))))
def test_text_without_controls_stays_as_it_is(text):
    assert plain(text) == text


def test_no_character_that_is_not_seen_is_left():
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    unseen = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in kinds]
    assert [character for character in unseen if plain(character) == character] == []


def test_json_says_the_same_without_characters_that_are_not_seen():
    text = "\x7f\x9b\u202e\U000e0001 caf\xe9"
    assert plain_json(json.dumps(text, ensure_ascii=False)) == '"\\u007f\\u009b\\u202e\\udb40\\udc01 caf\xe9"'


@pytest.mark.parametrize(
    ("escaped", "shown"),
    [
        ("\x1b[1m Learning \x1b[0m", " Learning "),
        ("\x1b[38;5;196mred\x1b[m", "red"),
        ("\x1b[2J\x1b[1;1Hhome", "home"),
        ("\x1b[?1049hother screen", "other screen"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]52;c;cm0gLXJm\x1b\\clipboard", "clipboard"),
        ("\x1b]8;;file:///etc\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\device", "device"),
        ("\x1b_Gpicture\x1b\\kitty", "kitty"),
        ("\x1b^private\x1b\\", ""),
        ("\x1bc reset", " reset"),
        ("\x1b(0line drawing", "line drawing"),
        ("\x9b31mred", "31mred"),
        ("abc\u202edcba\u202c", "abcdcba"),
        ("a\u200bb\ufeffc\xad", "abc"),
        ("two\u2028lines\x0b", "two lines "),
        ("caf\xe9\xa0\U0001f44d\ufe0f", "caf\xe9\xa0\U0001f44d\ufe0f"),
        ("not UTF-8: \udcff", "not UTF-8: \ufffd"),
        ("bell\x07 null\x00 delete\x7f", "bell null delete"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("over\r\nwritten", "over\nwritten"),
        ("cut off \x1b[", "cut off "),
        ("cut off \x1b", "cut off "),
    ],
)
def test_escape_sequences_are_taken_out_whole(escaped, shown):
    assert plain_lines(escaped) == shown


@pytest.mark.parametrize("opening", ["\x1b]0;title", "\x1bPdevice", "\x1b_application"])
def test_a_sequence_without_an_end_swallows_its_line_at_most(opening):
    assert plain_lines(f"before\n{opening}\nRuntimeError: out of memory\n").endswith("\nRuntimeError: out of memory\n")


def test_a_line_of_many_openings_is_read_in_reasonable_time():
    assert "end" in plain_lines("\x1bP" * 100_000 + "\nend\n")


def test_tables_lose_their_indent_and_code_keeps_its_own():
    table = f"{'Mean reward:':>40} 2.51\n"
    assert compact_indents(table) == "  Mean reward: 2.51\n"
    assert compact_indents("    raise ValueError\n") == "    raise ValueError\n"
