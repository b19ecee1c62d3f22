"""TOML from anybody is read, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from curricula.toml_text import TomlError, parse_toml

ROOT = Path(__file__).parents[2]
WRONG = {
    "a long number": b"a = " + b"9" * 5000,
    "no UTF-8": b"a = '\xff'",
    "arrays in one another": b"a = " + b"[" * 100_000,
    "U+0000": b'a = "\\u0000"',
    "cut off": b"a = [",
    "twice": b"a = 1\na = 2",
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_is_no_toml_is_one_short_line(content):
    with pytest.raises(TomlError) as refused:
        parse_toml(content)
    assert 0 < len(str(refused.value)) < 400
    assert len(str(refused.value).splitlines()) == 1


def test_bytes_and_text_mean_the_same():
    assert parse_toml(b"a = 1\r\n[b]\r\n") == parse_toml("a = 1\n[b]\n") == {"a": 1, "b": {}}


def test_one_function_reads_toml():
    packages = (ROOT / package for package in ("tui", "trainer_proc", "presets", "curricula"))
    readers = {path.name for package in packages for path in package.rglob("*.py") if "tomllib" in path.read_text()}
    assert readers == {"toml_text.py"}
