"""Strips have all that Textual gives them, once it is asked for."""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec

import pytest
from rich.segment import Segment
from textual.cache import FIFOCache
from textual.strip import Strip

from tui.terminal.strips import make_caches_when_asked


def textual_strip():
    """Return Textual's own class, loaded once more."""
    spec = find_spec("textual.strip")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Strip


def content(strip):
    """What a new strip has, with the sizes of its caches."""
    values = {name: getattr(strip, name) for name in strip.__slots__}
    return {name: value._maxsize if isinstance(value, FIFOCache) else value for name, value in values.items()}


def test_the_caches_are_those_of_textual():
    make_caches_when_asked()
    segments = [Segment("one"), Segment("two")]
    assert content(Strip(segments, 6)) == content(textual_strip()(segments, 6))


def test_a_cache_is_made_once_and_serves():
    make_caches_when_asked()
    strip = Strip([Segment("one"), Segment("two")])
    assert strip.crop(1, 4) is strip.crop(1, 4)
    assert strip.crop(1, 4).text == "net"
    assert strip._crop_cache is strip._crop_cache
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        strip.nope  # noqa: B018
