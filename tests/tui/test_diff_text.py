import pytest
from textual.app import App
from textual.content import Content, Span
from textual.geometry import Region

from tui.widgets.diff_text import DiffText, set_titles


class OneText(App[None]):
    CSS = "DiffText { padding: 0 1; }"

    def compose(self):
        yield DiffText(id="text")


@pytest.fixture
async def text(monkeypatch):
    """The text of an app, with what it has asked to be painted: regions, or `layout`."""
    async with OneText().run_test(size=(40, 10)) as pilot:
        widget = pilot.app.query_one(DiffText)
        widget.update("iteration 10 of 90\nsecond")
        await pilot.pause()
        widget.asked = []
        refresh = widget.refresh

        def noted(*regions, layout=False, **options):
            widget.asked.append("layout" if layout else regions)
            return refresh(*regions, layout=layout, **options)

        monkeypatch.setattr(widget, "refresh", noted)
        widget.pilot = pilot
        yield widget


async def test_the_same_text_is_not_painted(text):
    text.update("iteration 10 of 90\nsecond")
    text.update(Content("iteration 10 of 90\nsecond"))
    assert text.asked == []


@pytest.mark.parametrize(
    ("new", "regions"),
    [
        ("iteration 11 of 90\nsecond", [Region(11, 0, 1, 1)]),
        ("iteration 10 of 90\nSecond", [Region(0, 1, 1, 1)]),
        ("Iteration 10 of 9\nsecond", [Region(0, 0, 18, 1)]),
        ("iteration 10 of 900\nsecond", [Region(18, 0, 1, 1)]),
        ("iteration 10 of 9\nsecond", [Region(17, 0, 1, 1)]),
        ("iteration 20 of 91\nfirst", [Region(10, 0, 8, 1), Region(0, 1, 6, 1)]),
    ],
)
async def test_only_the_difference_is_painted(text, new, regions):
    text.update(new)
    assert text.asked == [tuple(regions)]


async def test_a_line_in_another_colour_is_painted(text):
    text.update(Content("iteration 10 of 90\nsecond", spans=[Span(19, 25, "bold")]))
    assert text.asked == [(Region(0, 1, 6, 1),)]


@pytest.mark.parametrize("new", ["one", "one\ntwo\nthree", "long " * 20 + "\nsecond"])
async def test_room_is_made_for_other_lines(text, new):
    text.update(new)
    assert text.asked == ["layout"]
    await text.pilot.pause()
    assert text.size.height == {"one": 1}.get(new, 3) + ("long" in new)


async def test_what_is_shown_is_what_was_told(text):
    for new in ("iteration 11 of 90\nsecond", "iteration 9 of 90\nsecond", "a\nb", "c\nb"):
        text.update(new)
        await text.pilot.pause()
        shown = [text.render_line(line).text.rstrip() for line in range(text.size.height)]
        assert shown == new.split("\n")
        assert str(text.content) == new


async def test_titles_are_set_once(text):
    set_titles(text, "a [b]", "c")
    assert (str(text._border_title), str(text._border_subtitle)) == ("a [b]", "c")
    count = len(text.asked)
    set_titles(text, "a [b]", "c")
    assert len(text.asked) == count
    set_titles(text, "a", "c")
    assert str(text._border_title) == "a"
