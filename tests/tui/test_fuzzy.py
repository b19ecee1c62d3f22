"""Names are found by a few of their letters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.many_knobs import g1_knobs
from tui.session.fuzzy import best_first

NAMES = [knob.name for knob in g1_knobs().knobs]


def test_without_letters_every_name_is_found():
    assert sorted(best_first(" ", NAMES)) == sorted(NAMES)


def test_first_letters_of_words_find_a_name_first():
    assert best_first("fcw", NAMES)[0] == "reward/foot_clearance/weight"
    assert best_first("evfr", NAMES)[0] == "event/foot_friction/ranges"


def test_a_word_of_a_name_beats_letters_that_are_strewn_over_it():
    names = ["reward/some_knotty_end/edge", "reward/pose/std_walking/.*knee.*"]
    assert best_first("knee", names) == names[::-1]


def test_of_equal_matches_the_shorter_comes_first_then_the_one_that_came_first():
    assert best_first("x", ["a/longer/x", "b/x", "a/x"]) == ["b/x", "a/x", "a/longer/x"]


def test_case_and_blanks_do_not_count():
    assert best_first("Push X", NAMES) == best_first("pushx", NAMES) == ["event/push_robot/velocity_range/x"]


@given(st.text(alphabet="adeklnopx/_ ", max_size=6))
def test_what_is_found_holds_the_letters_in_their_order_and_nothing_else_does(pattern):
    def holds(name):
        rest = iter(name)
        return all(letter in rest for letter in pattern.replace(" ", ""))

    assert sorted(best_first(pattern, NAMES)) == sorted(name for name in NAMES if holds(name))
