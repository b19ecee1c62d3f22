"""A board's layout and its file."""

from __future__ import annotations

import os
import stat

import pytest

from tui.session.board.layout import BoardLayout, LayoutError, layout_file, read_layout, write_layout

TASK = "Mjlab-Velocity-Flat-Unitree-G1"
FULL = BoardLayout(
    columns=3,
    pins=(("Loss/value",), ("a", "b")),
    order={"rewards": ("b", "a")},
    added={"Policy/kl": ("c",)},
    log=("Loss/value",),
    smoothing=0.6,
    x="steps",
)


@pytest.fixture(autouse=True)
def state_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("layout", [BoardLayout(), FULL])
def test_what_was_kept_is_read_again(layout):
    write_layout(TASK, layout)
    assert read_layout(TASK) == layout


def test_each_task_has_its_own():
    write_layout(TASK, FULL)
    assert read_layout("another") is None
    assert layout_file("../a b").name == "..%2Fa%20b.toml"
    assert layout_file("../a b").parent == layout_file(TASK).parent


@pytest.mark.parametrize(
    ("stored", "order"),
    [
        ('others = ["b", "a"]\nfound = ["c"]', {"other": ("b", "a"), "search": ("c",)}),
        ('others = ["b", "a"]\nother = ["a", "b"]', {"other": ("a", "b")}),
    ],
)
def test_orders_stored_under_former_titles_of_pages_stay(stored, order):
    write_layout(TASK, FULL)
    layout_file(TASK).write_text(f"[order]\n{stored}\n")
    layout = read_layout(TASK)
    assert layout.order == order
    assert layout.ordered("other", ["a", "b", "z"])[-1] == "z"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("columns = ", "line 1, at its end: expected TOML: invalid value"),
        ("columns = 99", "columns: expected a whole number from 0 to 12, got 99"),
        ("smoothing = 1.0", "smoothing: expected a number from 0.0 to 0.999, got 1.0"),
        ('x = "furlongs"', "x: expected one of "),
        ("colums = 3", "colums: no such key; nearest: columns"),
        ("pins = 3", "pins: expected a list of lists, got 3"),
    ],
)
def test_a_broken_file_is_told_in_one_line(text, reason):
    write_layout(TASK, FULL)
    layout_file(TASK).write_text(text)
    with pytest.raises(LayoutError) as problem:
        read_layout(TASK)
    assert str(problem.value).startswith(f"the stored layout is ignored: {layout_file(TASK)} can't be read: ")
    assert reason in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_file_that_is_no_text_is_told():
    write_layout(TASK, FULL)
    layout_file(TASK).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LayoutError, match="is ignored"):
        read_layout(TASK)


def test_a_folder_that_can_not_be_written_is_told(state_folder):
    (state_folder / "humanoid-tui").write_text("a file where a folder is needed")
    with pytest.raises(LayoutError, match="cannot be written to"):
        write_layout(TASK, FULL)


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_nothing_is_left_beside_the_file():
    write_layout(TASK, FULL)
    write_layout(TASK, FULL)
    assert [path.name for path in layout_file(TASK).parent.iterdir()] == [f"{TASK}.toml"]
    assert stat.S_ISREG(layout_file(TASK).stat().st_mode)


# --- changes ---


def test_pinning_twice_unpins():
    layout = BoardLayout().with_pin(["a"]).with_pin(["b"])
    assert layout.pins == (("a",), ("b",))
    assert layout.with_pin(["a"]).pins == (("b",),)


def test_a_pin_with_the_same_first_metric_takes_the_place_of_the_other():
    assert BoardLayout(pins=(("a",), ("b",))).with_pin(["a", "c"]).pins == (("a", "c"), ("b",))


def test_putting_metrics_on_a_chart_twice_takes_them_off():
    layout = BoardLayout().with_added("k", ["a"]).with_added("k", ["a", "b"])
    assert layout.added == {"k": ("a", "b")}
    assert layout.with_added("k", ["a"]).added == {"k": ("b",)}
    assert layout.with_added("k", ["a", "b"]).added == {}


@pytest.mark.parametrize(("by", "order"), [(-1, "bac"), (1, "acb"), (-9, "bac"), (9, "acb"), (0, "abc")])
def test_a_chart_moves_within_its_page(by, order):
    layout = BoardLayout().with_moved("page", "abc", "b", by)
    assert layout.ordered("page", "abc") == list(order)
    assert layout.ordered("another page", "abc") == list("abc")


def test_a_logarithmic_axis_is_switched_for_each_chart():
    layout = BoardLayout().with_log("a").with_log("b")
    assert layout.log == ("a", "b")
    assert layout.with_log("a").log == ("b",)


@pytest.mark.parametrize(("columns", "kept"), [(-1, 0), (0, 0), (5, 5), (99, 12)])
def test_columns_stay_within_their_bounds(columns, kept):
    assert BoardLayout().with_columns(columns).columns == kept
