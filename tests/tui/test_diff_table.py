import pytest
from textual.app import App

from tests.tui.screens.recorded import until
from tui.widgets.diff_table import Column, DiffTable

COLUMNS = [Column("name", "name", 10), Column("value", "value", 6, is_right_aligned=True)]


class OneTable(App[None]):
    def compose(self):
        yield DiffTable(id="table")


@pytest.fixture
async def table():
    """A table of three rows, with the cells that were updated since."""
    async with OneTable().run_test(size=(40, 10)) as pilot:
        widget = pilot.app.query_one(DiffTable)
        widget.updated = []
        update_cell = widget.update_cell

        def noted(row, column, value):
            widget.updated.append((row, column))
            update_cell(row, column, value)

        widget.update_cell = noted
        widget.show_rows(COLUMNS, {"a": ("A", "1"), "b": ("B", "2"), "c": ("C", "3")}, first_row=1)
        await pilot.pause()
        yield widget


def cells(table):
    return [[str(cell) for cell in table.get_row_at(row)] for row in range(table.row_count)]


def key_under_cursor(table):
    return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value


async def test_the_cursor_begins_at_the_first_row_that_was_named(table):
    assert key_under_cursor(table) == "b"


async def test_only_cells_that_differ_are_updated(table):
    assert not table.show_rows(COLUMNS, {"a": ("A", "1"), "b": ("B", "20"), "c": ("C", "3")})
    assert table.updated == [("b", "value")]
    assert cells(table) == [["A", "1"], ["B", "20"], ["C", "3"]]


async def test_rows_at_the_end_are_added_without_touching_the_others(table):
    assert table.show_rows(COLUMNS, {"a": ("A", "1"), "b": ("B", "2"), "c": ("C", "3"), "d": ("D", "4")})
    assert (table.updated, table.row_count, key_under_cursor(table)) == ([], 4, "b")


@pytest.mark.parametrize("keys", ["cab", "bc", "zab", "b"])
async def test_the_cursor_stays_on_its_row_when_others_come_and_go(table, keys):
    assert table.show_rows(COLUMNS, {key: (key.upper(), "0") for key in keys})
    assert [row[0] for row in cells(table)] == list(keys.upper())
    assert key_under_cursor(table) == "b"


async def test_the_cursor_stays_in_place_when_its_row_is_gone(table):
    table.show_rows(COLUMNS, {"a": ("A", "1"), "c": ("C", "3")})
    assert key_under_cursor(table) == "c"
    table.show_rows(COLUMNS, {"a": ("A", "1")})
    assert key_under_cursor(table) == "a"


async def test_other_columns_rebuild_the_table(table):
    wider = [COLUMNS[0], Column("value", "value", 8)]
    assert table.show_rows(wider, {"a": ("A", "1"), "b": ("B", "2"), "c": ("C", "3")}, bold={"b"})
    assert [column.width for column in table.ordered_columns] == [10, 8]
    assert [str(table.get_cell(key, "name").style) for key in "ab"] == ["", "bold"]
    assert key_under_cursor(table) == "b"


async def test_a_table_may_become_empty(table):
    table.show_rows(COLUMNS, {})
    assert table.row_count == 0


async def test_no_scroll_bar_remains_once_the_rows_fit_exactly(table):
    """Columns fill the table up to the place of the bar, as those of knobs do."""
    table.styles.scrollbar_gutter, table.styles.scrollbar_size_vertical, table.cell_padding = "stable", 1, 0
    columns = [Column("name", "name", 39)]
    table.show_rows(columns, {str(number): ("",) for number in range(50)})
    await until(lambda: table.show_vertical_scrollbar, "the scroll bar")
    table.show_rows(columns, {str(number): ("",) for number in range(9)})
    await until(lambda: table.virtual_size == (39, 10), "the rows")
    assert not table.show_vertical_scrollbar
