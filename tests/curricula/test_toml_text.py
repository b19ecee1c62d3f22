"""TOML from anybody is read, or refused in one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curricula.toml_text import TomlError, parse_toml

ROOT = Path(__file__).parents[2]
PACKAGES = ("tui", "trainer_proc", "presets", "curricula")
WRONG = {
    "a long number": (b"a = " + b"9" * 5000, "expected numbers of at most 4300 digits, got a longer one"),
    "no UTF-8": (b"a = 1\nb = '\xff'", "line 2: expected text in UTF-8, got the byte 0xff"),
    "arrays in one another": (
        b"a = " + b"[" * 100_000,
        "expected few tables or arrays in one another, got too many",
    ),
    "U+0000": (b'\n\na = "\\u0000"', "line 3: expected text without the character U+0000"),
    "cut off": (b"a = 1\nb = [\n", "line 2, at its end: expected TOML: invalid value"),
    "twice": (b"a = 1\na = 2\nb = 3", "line 2, column 6: expected TOML: cannot overwrite a value"),
    "no equals sign": (b"a = 1\nb c\n", "line 2, column 3: expected '=' after a key in a key/value pair"),
    "a long line": (b"x" * 9999, "line 1, at its end: expected '=' after a key in a key/value pair"),
}


@pytest.mark.parametrize(("content", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_no_toml_is_one_short_line_with_its_place(content, expected):
    with pytest.raises(TomlError) as refused:
        parse_toml(content)
    assert str(refused.value) == expected


def test_bytes_and_text_mean_the_same():
    assert parse_toml(b"a = 1\r\n[b]\r\n") == parse_toml("a = 1\n[b]\n") == {"a": 1, "b": {}}


PARSERS = {
    "toml_file.py",
    "override_value.py",  # a value of the command line
    "wire_keys.py",  # which opens its file in its own way
    "robots/__init__.py",  # files of this program
}


def test_one_function_reads_toml_files():
    modules = {path: path.read_text() for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert {path.name for path, text in modules.items() if "tomllib" in text} == {"toml_text.py"}
    parsers = [path for path, text in modules.items() if re.search(r"(?<!def )parse_toml\(", text)]
    assert {next((name for name in PARSERS if str(path).endswith(name)), str(path)) for path in parsers} == PARSERS
