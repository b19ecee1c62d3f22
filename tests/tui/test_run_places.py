"""Which runs are seen, and by which sign."""

import hypothesis.strategies as st
from hypothesis import given

from tui.session.runs.places import RunPlaces


def test_a_hidden_run_keeps_its_place_as_long_as_there_are_enough():
    places = RunPlaces(3, 8)
    places.hide(0)
    assert places.seen == [None, 1, 2]
    assert places.place(0) == 0
    assert places.show(0)
    assert places.seen == [0, 1, 2]


def test_no_more_runs_are_seen_than_there_are_places():
    places = RunPlaces(10, 8)
    assert places.seen == list(range(8))
    assert places.place(8) is None
    assert not places.show(8)
    places.hide(3)
    assert places.show(9)
    assert places.seen == [0, 1, 2, 9, 4, 5, 6, 7]
    assert places.place(3) is None  # its sign is another's now
    assert not places.show(3)
    places.hide(0)
    assert places.show(3)
    assert places.seen == [3, 1, 2, 9, 4, 5, 6, 7]


def test_runs_that_were_hidden_before_leave_their_places_to_others():
    places = RunPlaces(10, 8, hidden={1, 2})
    assert places.seen == [0, 8, 9, 3, 4, 5, 6, 7]
    assert not places.is_seen(1)


@given(st.integers(2, 12), st.sets(st.integers(0, 11)), st.lists(st.tuples(st.booleans(), st.integers(0, 11))))
def test_every_seen_run_has_a_place_of_its_own(runs, hidden, presses):
    places = RunPlaces(runs, 8, hidden)
    for is_shown, run in presses:
        if run < runs:
            if is_shown:
                places.show(run)
            else:
                places.hide(run)
    seen = [run for run in places.seen if run is not None]
    assert sorted(seen) == [run for run in range(runs) if places.is_seen(run)]
    assert [places.place(run) for run in seen] == [place for place, run in enumerate(places.seen) if run is not None]
    assert len(seen) == runs or runs > 8 or any(not places.is_seen(run) for run in range(runs))
