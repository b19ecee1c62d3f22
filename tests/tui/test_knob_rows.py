"""The rows of the table of knobs, in any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.tui.many_knobs import CURRICULUM, g1_knobs, turned
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    RunStarted,
)
from tui.session.interventions.change_text import applied_text
from tui.session.knobs.columns import GAP, Needs, fit
from tui.session.knobs.history import KnobHistory
from tui.session.knobs.knob_text import knob_detail, knob_facts, knob_state, line_hint
from tui.session.knobs.rows import KnobFilter, knob_rows, needs_of, shown_knobs
from tui.session.state import RunState
from tui.session.text import shortened_name, shortened_names

STARTED = RunStarted(
    run="run", preset="g1-walk", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)
ALL, CHANGED = KnobFilter(), KnobFilter(only_changed=True)
WIDE = fit(200)
PUSH, TWIST, CLEARANCE = "event/push_robot/velocity_range/x", "command/twist/lin_vel_x", "reward/foot_clearance/weight"


def after(*bodies):
    state = RunState()
    for number, body in enumerate((STARTED, *bodies)):
        state.apply(Frame(number, 0.0, body))
    return state


def row(name, state, widths=WIDE):
    return next(row.cells for row in knob_rows(state, ALL, widths) if row.key == name)


@pytest.fixture
def state():
    return after(g1_knobs(), *turned())


def test_knobs_stand_under_the_heading_of_their_kind_in_the_order_in_which_they_come(state):
    rows = knob_rows(state, ALL, WIDE)
    assert [row.cells.name for row in rows if row.is_heading] == [
        "▾ reward", "▾ randomization", "▾ command", "▾ termination", "▾ algorithm", "▾ environment",
    ]  # fmt: skip
    of_algorithm = [name for name, knob in state.knobs.items() if knob.knob.kind == "algorithm"]
    assert of_algorithm[-1].startswith("guard/")  # they come behind the environment's, but not in the table
    keys = [row.key for row in rows]
    start = keys.index("kind algorithm") + 1
    assert keys[start : start + len(of_algorithm) + 1] == [*of_algorithm, "kind environment"]
    assert len(rows) == len(state.knobs) + 6


def test_a_heading_counts(state):
    headings = {row.kind: row.cells.state for row in knob_rows(state, ALL, WIDE) if row.is_heading}
    assert headings["command"] == "8 knobs, 1 changed"
    assert (headings["environment"], headings["termination"]) == ("4 knobs", "1 knob")
    narrow = {row.kind: row.cells.state for row in knob_rows(state, ALL, fit(60)) if row.is_heading}
    assert all(len(count) <= 20 for count in narrow.values())


def test_of_a_folded_kind_only_the_heading_is_left_and_it_counts_on(state):
    rows = knob_rows(state, KnobFilter(folded=frozenset({"reward", "command"})), WIDE)
    folded = [row for row in rows if row.kind in ("reward", "command")]
    assert [row.cells.name for row in folded] == ["▸ reward", "▸ command"]
    assert folded[1].cells.state == "8 knobs, 1 changed"
    assert sum(row.is_heading for row in rows) == 6
    assert len(rows) > 60


def test_a_match_is_shown_though_its_kind_is_folded(state):
    rows = knob_rows(state, KnobFilter("pvx", folded=frozenset({"randomization"})), WIDE)
    assert rows[0].key == PUSH


def test_knobs_of_one_kind_need_no_heading():
    rewards = tuple(knob for knob in g1_knobs().knobs if knob.kind == "reward")
    assert not any(row.is_heading for row in knob_rows(after(KnobsAvailable(0, rewards)), ALL, WIDE))


def test_a_row_tells_value_default_metric_and_what_happens(state):
    state.latest["Episode_Reward/foot_clearance"] = -0.0075
    assert row(CLEARANCE, state) == (
        "  foot_clearance/weight", "-2", "-2", "-0.0075", "", "queued → -1",
    )  # fmt: skip
    assert row(PUSH, state) == (f"* {PUSH}", "-0.55:0.55", "-0.5:0.5", "", "", "ramping → -1:1, 18 left")
    assert [knob_state(state.knobs[PUSH], width) for width in (22, 19)] == ["ramp → -1:1, 18 left", "→ -1:1, 18 left"]
    ended = {name: knob_state(state.knobs[name], has_ended=True) for name in (CLEARANCE, PUSH)}
    assert ended == {CLEARANCE: "never applied → -1", PUSH: "ramp cut off, 18 left"}  # by the end of the run
    assert row("ppo/desired_kl", state).state == "applied @62 (guard)"
    assert row("environment/num_envs", state).state.startswith("the environment is built with it")
    assert row("command/twist/heading_command", state).value == "on"


def test_what_is_stepped_to_is_told_and_the_value_stays_the_true_one(state):
    cells = next(row.cells for row in knob_rows(state, ALL, WIDE, None, {PUSH: (-0.6, 0.6)}) if row.key == PUSH)
    assert (cells.value, cells.state) == ("-0.55:0.55", "next → -0.6:0.6; ramping → -1:1, 18 left")


def test_a_wide_table_shows_how_a_knob_went():
    history = KnobHistory()
    bodies = [g1_knobs(), *turned()]
    history.apply([Frame(number, 0.0, body) for number, body in enumerate(bodies)])
    rows = {row.key: row.cells for row in knob_rows(after(*bodies), ALL, WIDE, history)}
    assert len(rows[PUSH].history) == 10
    assert rows["reward/upright/weight"].history == ""
    assert not any(row.cells.history for row in knob_rows(after(*bodies), ALL, fit(80), history))


def test_a_metric_that_was_not_published_yet_is_a_dash_and_none_is_nothing(state):
    assert row("reward/upright/weight", state).metric == "–"
    assert row("reward/upright/std", state).metric == ""


def test_what_is_pinned_says_over_what(state):
    assert row(TWIST, state).state.startswith(f"pinned (over {CURRICULUM})")
    assert row(TWIST, state, fit(75)).state == "pinned; @61 (user)"
    assert row("command/twist/lin_vel_y", state).state == f"written by {CURRICULUM}"


@pytest.mark.parametrize(
    ("origin", "width", "text"),
    [
        ("person", 40, "applied @29999 (user)"),
        ("person", 20, "@29999 (user)"),
        ("checkpoint", 27, "applied @29999 (checkpoint)"),
        ("curriculum", 20, "@29999 (curriculum)"),
    ],
)
def test_applied_is_left_out_where_it_does_not_fit(origin, width, text):
    applied = InterventionApplied(1, origin, 29999, 1, (Change(CLEARANCE, -2.0, -1.0),))
    assert knob_state(after(g1_knobs(), applied).knobs[CLEARANCE], width) == text


def test_only_what_was_changed_or_is_about_to_be_is_shown(state):
    names = [knob.knob.name for knob in shown_knobs(state, CHANGED)]
    assert names == [CLEARANCE, "event/foot_friction/ranges", PUSH, TWIST]
    undone = InterventionApplied(10, "person", 70, 9, (Change(TWIST, (-1.5, 2.0), (-1.0, 1.0)),), unpinned=(TWIST,))
    state.apply(Frame(99, 0.0, undone))
    assert TWIST not in [knob.knob.name for knob in shown_knobs(state, CHANGED)]


def test_a_pattern_orders_by_match_without_headings_and_within_the_changed(state):
    rows = knob_rows(state, KnobFilter("pvx"), WIDE)
    assert rows[0].key == PUSH
    assert not any(row.is_heading for row in rows)
    assert [row.key for row in knob_rows(state, KnobFilter("x", only_changed=True), WIDE)] == [TWIST, PUSH]
    assert knob_rows(state, KnobFilter("zzzz"), WIDE) == []


def noisy_knobs():
    """Observation noise of several terms: names that are equal but for their middles."""
    terms = ("base_lin_vel", "base_ang_vel", "projected_gravity", "joint_pos", "joint_vel", "actions", "command")
    names = [f"observation/{group}/{term}/noise" for group in ("actor", "critic") for term in terms]
    knobs = [Knob(name, "randomization", (-0.1, 0.1), (-0.1, 0.1), "next iteration") for name in names]
    return (*g1_knobs().knobs, *knobs, Knob("ppo/gamma2", "algorithm", 1.0, 1.0, "next iteration"))


@pytest.mark.parametrize("width", range(50, 130, 7))
@pytest.mark.parametrize("pattern", ["", "noise"])
def test_no_two_knobs_look_the_same(width, pattern):
    state, which = after(KnobsAvailable(0, noisy_knobs())), KnobFilter(pattern)
    rows = knob_rows(state, which, fit(width, needs_of(state, which)))
    shown = [(row.kind, row.cells.name) for row in rows]
    assert len(set(shown)) == len(shown)


def test_columns_without_texts_leave_their_room_to_names_and_states():
    knobs = [replace(knob, metric="", competing_writer="") for knob in noisy_knobs()]
    state = after(KnobsAvailable(0, tuple(knobs)))
    needs = needs_of(state, ALL, KnobHistory())
    assert (needs.metric, needs.history) == (0, 0)
    widths = fit(87, needs)
    assert (widths.metric, widths.history, widths.default) == (0, 0, 0)
    rows = knob_rows(state, ALL, widths)
    assert all(row.cells.name.removeprefix("  ") in row.key for row in rows if not row.is_heading)  # none is cut
    assert sum(cells + GAP for cells in vars(widths).values() if cells) == 87


def test_a_table_with_room_for_all_shows_the_defaults_too():
    state = after(KnobsAvailable(0, (Knob("a/b", "reward", 1.0, 1.0, "next iteration"),)))
    assert fit(60, needs_of(state, ALL)).default > 0
    assert fit(60, needs_of(after(g1_knobs()), ALL)).default == 0


def test_needs_only_grow_with_what_rows_have_shown():
    assert Needs(name=3, state=20).with_all_of(Needs(name=5, history=1)) == Needs(name=5, state=20, history=1)


@pytest.mark.parametrize("width", range(20, 60))
def test_a_state_is_worded_to_fit_and_never_cut(state, width):
    writer = "curriculum term command_vel"
    pinned = Knob("a", "command", 1.0, 1.0, "next iteration", pinned=True, competing_writer=writer)
    written = Knob("b", "command", 1.0, 1.0, "next iteration", competing_writer=writer)
    fixed = Knob("c", "environment", 1.0, 1.0, "next iteration", read_only="the environment is built with it: restart")
    applied = InterventionApplied(1, "curriculum", 0, 1, (Change("a", 1.0, 1.0), Change("b", 1.0, 1.0)))
    for one in (state, after(KnobsAvailable(0, (pinned, written, fixed)), applied)):
        for knob in one.knobs.values():
            assert len(knob_state(knob, width)) <= width
            assert not knob_state(knob, width).endswith("…")


@given(st.integers(40, 220))
def test_columns_fill_the_width_whatever_it_is(width):
    widths = fit(width)
    shown = [cells for cells in vars(widths).values() if cells]
    if width >= 60:
        assert sum(shown) + GAP * (len(shown) - 1) <= width
    assert bool(widths.default) == (width >= 98)
    assert bool(widths.history) == (width >= 84)


@pytest.mark.parametrize("width", [60, 76, 92, 106, 200])
def test_no_cell_is_wider_than_its_column(width):
    widths = fit(width)
    wild = Change(PUSH, (-0.5, 0.5), (-1.234567e-10, 1.234567e10))
    state = after(
        g1_knobs(), MetricSet(0, ("Policy/kl",)), InterventionApplied(1, "curriculum", 29999, 1, (wild,))
    )  # fmt: skip
    state.apply(Frame(9, 0.0, IterationFinished(1, 0, pack_values([-1.23456e-30]), 1, 1.0)))
    for shown in knob_rows(state, ALL, widths):
        for cell, cells in zip(shown.cells, vars(widths).values(), strict=True):
            assert len(cell) <= cells, shown
    assert row(PUSH, state, widths).value.startswith("-1.23457e-1")


@pytest.mark.parametrize(
    ("width", "name", "shown"),
    [
        (28, "track_linear_velocity/weight", "track_linear_velocity/weight"),
        (27, "track_linear_velocity/weight", "track_line…_velocity/weight"),
        (28, "pose/std_walking/.*shoulder_pitch.*", "pose/std_walking/.*sho…tch.*"),
        (14, "event/push_robot/velocity_range/x", "…ocity_range/x"),
        (5, "num_learning_epochs", "nu…hs"),
        (1, "gamma", "…"),
    ],
)
def test_a_long_name_loses_the_middles_of_its_longest_parts(width, name, shown):
    assert shortened_name(name, width) == shown
    assert len(shown) <= width


@given(st.integers(1, 60), st.lists(st.text("abc", min_size=1, max_size=20), min_size=1, max_size=5).map("/".join))
def test_a_shortened_name_fits_and_a_short_one_is_left_alone(width, name):
    shown = shortened_name(name, width)
    assert len(shown) <= width
    assert (shown == name) == (len(name) <= width)


@given(
    st.integers(6, 40),
    st.lists(
        st.lists(st.text("ab_", min_size=1, max_size=20), min_size=1, max_size=4).map("/".join),
        max_size=30,
        unique=True,
    ),
)
def test_different_names_look_different_in_any_width(width, names):
    shown = shortened_names(names, width)
    assert len(set(shown)) == len(names)
    assert all(len(text) <= width for text in shown)


@pytest.mark.parametrize(
    ("names", "width", "shown"),
    [
        (["observation/actor/base_lin_vel/noise", "observation/actor/base_ang_vel/noise"], 29,
         ["observat…r/base_lin_vel/noise", "observat…r/base_ang_vel/noise"]),
        (["Mjlab-Velocity-Flat-Unitree-G1", "Mjlab-Velocity-Rough-Unitree-G1"], 16,
         ["Mjl…y-Flat-U…G1", "Mjl…y-Rough-U…G1"]),
        (["short", "observation/actor/base_lin_vel/noise"], 29, ["short", "obse…ion/actor/base…vel/noise"]),
    ],
)  # fmt: skip
def test_names_that_would_look_the_same_keep_the_part_in_which_they_differ(names, width, shown):
    assert shortened_names(names, width) == shown


@pytest.mark.parametrize("width", [75, 86, 100, 120])
def test_shortened_names_of_a_kind_still_differ(state, width):
    rows = knob_rows(state, ALL, fit(width))
    names = [(row.kind, row.cells.name) for row in rows]
    assert len(set(names)) == len(names)


def test_a_curriculum_s_own_knob_is_not_pinned_before_the_user_takes_it():
    held = Knob(
        TWIST,
        "command",
        (-1.0, 1.0),
        (-1.0, 1.0),
        "at the next command",
        type="range",
        competing_writer=CURRICULUM,
    )
    begun = replace(STARTED, curricula={"velocity": {"kind": "velocity"}})
    mode = Knob("curriculum/velocity/mode", "curriculum", "auto", "auto", "next iteration", type="choice")
    first = InterventionApplied(0, "curriculum", 0, 1, (Change(TWIST, (-1.0, 1.0), (0.0, 0.5)),), pinned=(TWIST,))
    state = after(begun, KnobsAvailable(0, (mode, held)), first)
    assert row(TWIST, state).state == f"applied @0 (curriculum); replaces {CURRICULUM}"
    assert knob_facts(state.knobs[TWIST])[-1] == f"replaces {CURRICULUM}"
    assert "pinned" not in applied_text(first)
    users = (Change(TWIST, (0.0, 0.5), (0.0, 2.0)), Change(mode.name, "auto", "hold"))
    state.apply(Frame(9, 0.0, InterventionApplied(1, "person", 7, 2, users)))
    assert row(TWIST, state).state == f"pinned (over {CURRICULUM}); applied @7 (user)"


def test_text_of_a_run_is_drawn_as_plain_text():
    wild = Knob("\x1b[2Jknob", "\x1b[31mreward", "\x07word", "word", "next iteration", read_only="\x1b]0;t\x07no")
    for shown in knob_rows(after(KnobsAvailable(0, (wild, replace(wild, name="b", kind="other")))), ALL, WIDE):
        assert not any("\x1b" in cell or "\x07" in cell for cell in shown.cells)


def test_the_facts_of_a_knob_say_all_that_matters_before_an_edit(state):
    assert knob_facts(state.knobs["event/foot_friction/ranges"]) == [
        "now 0.3:1.6, default 0.3:1.2, usual 0.3:1.6",
        "allowed ≥ 0",
        "takes effect: on each environment's reset",
        "#8 applied @62 (user)",
        "the training is blocked for seconds while the first change expands the model's fields",
    ]
    assert knob_facts(state.knobs[TWIST])[-1] == f"pinned over {CURRICULUM}"
    assert knob_facts(state.knobs["command/twist/lin_vel_y"])[-1] == f"also written by {CURRICULUM}; an edit pins it"
    assert "ramping to -1:1, 18 iterations left; an edit ends the ramp" in knob_facts(state.knobs[PUSH])
    assert "allowed 0:1" in knob_facts(state.knobs["ppo/gamma"])
    assert "#3 applied @61 (user): faster" in knob_facts(state.knobs[TWIST])


def test_what_is_known_of_a_knob_is_told_as_far_as_there_is_room(state):
    friction = state.knobs["event/foot_friction/ranges"]
    assert knob_detail(friction, "▁▁██", 120) == (
        "event/foot_friction/ranges  ▁▁██  default 0.3:1.2, allowed ≥ 0, usual 0.3:1.6  on each environment's reset"
    )
    assert (
        knob_detail(friction, "▁▁██", 80)
        == "event/foot_friction/ranges  ▁▁██  default 0.3:1.2, allowed ≥ 0, usual 0.3:1.6"
    )
    assert len(knob_detail(friction, "▁▁██", 20)) == 20
    assert line_hint(friction.knob, 70) == "Enter set, Tab more, Esc back; usual 0.3:1.6; allowed ≥ 0"
    assert line_hint(friction.knob, 33) == "Enter set, Tab more, Esc back"
