"""The schema checker: msgspec decides what fits, and every mismatch is reported with its path."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from curricula.schema import Problem, SchemaError, convert, convert_fitting


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    names: list[str] = []


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1)] = 1
    mode: Literal["auto", "hold"] = "auto"
    ends: tuple[float, float] = (0.0, 1.0)
    value: float | bool | str | tuple[float, float] = 0.0
    module: Annotated[str, Meta(pattern="^[a-z]+$", title="a lowercase word")] = "a"
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = ()
    bounds: dict[str, tuple[float, float]] = {}
    anything: dict[str, Any] = {}
    maybe: int | None = None


class Required(msgspec.Struct):
    name: str
    size: Annotated[int, Meta(gt=0, lt=5)]


def problems_of(table, kind=Outer):
    with pytest.raises(SchemaError) as error:
        convert(table, kind)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"cuont": 1}, "cuont: no such key; nearest: count"),
        ({"count": 0}, "count: expected a whole number of at least 1, got 0"),
        ({"count": True}, "count: expected a whole number of at least 1, got true"),
        ({"count": 2.0}, "count: expected a whole number of at least 1, got 2.0"),
        ({"mode": "aut"}, 'mode: expected one of auto, hold, got "aut"; nearest: auto'),
        ({"ends": [1]}, "ends: expected a list of 2 numbers, got [1]"),
        ({"ends": [1, "x"]}, 'ends[1]: expected a number, got "x"'),
        (
            {"value": [1, 2, 3]},
            'value: expected a number, true or false, a text in quotes ("…") or a list of 2',
        ),
        ({"value": [1, "x"]}, 'value[1]: expected a number, got "x"'),
        ({"module": "A b"}, 'module: expected a lowercase word, got "A b"'),
        ({"inner": 3}, "inner: expected a table, got 3"),
        ({"inner": {"share": 2}}, "inner.share: expected a number from 0 to 1, got 2"),
        ({"inner": {"names": ["a", 1]}}, 'inner.names[1]: expected a text in quotes ("…"), got 1'),
        ({"inners": [{}, {"shar": 1}]}, "inners[1].shar: no such key; nearest: share"),
        ({"bounds": {"a/b": 5}}, "bounds.a/b: expected a list of 2 numbers, got 5"),
        ({"maybe": "x"}, 'maybe: expected a whole number, got "x"'),
        ({"inner": {"share": float("nan")}}, "inner.share: expected a number from 0 to 1, got nan"),
        ({"inner": {"share": 10**400}}, "inner.share: expected a number from 0 to 1, got 1000"),
    ],
)
def test_a_mismatch_has_its_path_what_was_expected_and_what_it_is(table, problem):
    (found,) = problems_of(table)
    assert found.startswith(problem)


def test_all_problems_are_found_and_the_message_is_one_line():
    with pytest.raises(SchemaError) as error:
        convert({"count": 0, "mode": "a\nb", "inner": {"share": 2, "x": 1}}, Outer, path="table")
    assert [problem.path for problem in error.value.problems] == [
        "table.count",
        "table.mode",
        "table.inner.share",
        "table.inner.x",
    ]
    assert str(error.value) == "table.count: expected a whole number of at least 1, got 0 (and 3 more)"
    assert "\n" not in "".join(map(str, error.value.problems))


def test_missing_keys_are_found_and_unknown_ones_are_allowed_where_the_struct_allows_them():
    assert problems_of({"other": 1}, Required) == [
        'name: expected a text in quotes ("…"), got nothing',
        "size: expected a whole number above 0 and below 5, got nothing",
    ]
    assert convert({"name": "a", "size": 1, "other": 1}, Required) == Required("a", 1)


def test_a_value_that_is_no_table_has_the_given_path():
    with pytest.raises(SchemaError, match=r"^env\.decimation: expected a whole number, got true$"):
        convert(True, int, "env.decimation")


contents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from([10**400, "auto"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["share", "names", "x", "a/b"]) | st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
tables = st.dictionaries(st.sampled_from([*Outer.__struct_fields__, "other"]), contents, max_size=4)


@given(tables)
def test_problems_are_found_exactly_where_msgspec_refuses(table):
    try:
        accepted = msgspec.convert(table, Outer)
    except msgspec.ValidationError:
        assert problems_of(table)
    else:
        assert convert(table, Outer) is not None
        assert type(accepted) is Outer


@given(tables)
def test_what_fits_is_kept_and_the_rest_is_at_its_default(table):
    converted, problems = convert_fitting(table, Outer)
    wrong = {problem.path.split(".")[0].split("[")[0] for problem in problems}
    for name in Outer.__struct_fields__:
        if name not in table:
            assert getattr(converted, name) == getattr(Outer(), name)
        elif name not in wrong:
            alone = convert({name: table[name]}, Outer)
            assert repr(getattr(converted, name)) == repr(getattr(alone, name))  # NaN differs from itself


def test_a_problem_of_a_whole_file_is_its_text():
    assert str(Problem("", "config.toml can't be read:\n no")) == "config.toml can't be read: no"
