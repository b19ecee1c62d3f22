"""A style sheet that remembers styles its nodes as Textual's own does."""

from __future__ import annotations

from itertools import pairwise

from textual.app import App
from textual.containers import Vertical
from textual.widgets import Button, DataTable, Input, Label

from tui.terminal.stylesheet import RememberingStylesheet


class Styled(App[None]):
    CSS = """
    #form { border: round red; &:focus-within { border: round green; } }
    #form.-wide > Label { color: red; }
    #form > Label.title { text-style: bold; }
    #form:disabled Label, Vertical.-off Label { text-style: italic; }
    Screen.-dim Label.title { text-opacity: 50%; &:hover { background: yellow; } }
    Label:first-child { margin: 1; }
    Input.-late:focus { background: $primary; }
    DataTable:focus > .datatable--cursor { background: green; }
    """

    def __init__(self, is_remembering: bool) -> None:
        super().__init__()
        if is_remembering:
            self.stylesheet = RememberingStylesheet(variables=self.get_css_variables())

    def compose(self):
        with Vertical(id="form"):
            for name in ("first", "second", "third"):
                yield Label(name, classes="title" if name == "first" else "")
            yield Input()
            yield Button("Apply")
            yield DataTable()


def styles_of(app):
    """All that is styled: nodes and their components, with their rules."""
    nodes = [app, *app.screen.walk_children(with_self=True)]
    return [
        [
            (type(node).__name__, node.styles.base.css),
            *((name, node.get_component_styles(name).base.css) for name in sorted(node.COMPONENT_CLASSES)),
        ]
        for node in nodes
    ]


def disable(app):
    app.query_one("#form").disabled = True


def enable(app):
    app.query_one("#form").disabled = False


CHANGES = {
    "focus": lambda app: app.query_one(Button).focus(),
    "class above": lambda app: app.screen.add_class("-dim"),
    "class of the parent": lambda app: app.query_one("#form").add_class("-wide", "-off"),
    "focus of an input": lambda app: app.query_one(Input).focus(),
    "class of its own": lambda app: app.query_one(Input).add_class("-late"),
    "focus of a table": lambda app: app.query_one(DataTable).focus(),
    "class gone": lambda app: app.query_one("#form").remove_class("-off"),
    "disabled": disable,
    "enabled": enable,
    "new sibling": lambda app: app.query_one("#form").mount(Label("newest", classes="title"), before=0),
    "other theme": lambda app: setattr(app, "theme", "textual-light"),
}


async def styles_after_each_change(is_remembering):
    app = Styled(is_remembering)
    styles = {}
    async with app.run_test() as pilot:
        styles["start"] = styles_of(app)
        for name, change in CHANGES.items():
            change(app)
            await pilot.pause()
            styles[name] = styles_of(app)
        await pilot.hover("Label.title")
        styles["hover"] = styles_of(app)
    return styles


async def test_nodes_are_styled_as_by_textual_s_own_style_sheet_after_each_change():
    remembered, own = await styles_after_each_change(True), await styles_after_each_change(False)
    for name in own:
        assert remembered[name] == own[name], name
    names = list(own)
    assert [name for before, name in pairwise(names) if own[before] == own[name]] == []
