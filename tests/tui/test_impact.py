"""What an intervention did: which iterations are compared, and what comes of them."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.tui.screens.recorded import frames_of
from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import (
    Change,
    Frame,
    InterventionApplied,
    InterventionFailed,
    InterventionQueued,
    IterationFinished,
    KnobsAvailable,
    MetricSet,
    Ramp,
    RunStarted,
)
from trainer_proc.contract.products import CheckpointLoaded
from tui.session.impact.edited import edited_metrics
from tui.session.impact.impact import ImpactError, impact_of, measurable
from tui.session.impact.impact_text import impact_lines, impact_notes, impact_record, impact_text, impact_windows
from tui.session.impact.windows import Window
from tui.session.metrics.history import MetricHistory
from tui.session.state import RunState

WEIGHT, MODE = "reward/upright/weight", "guard/kl/mode"
KNOBS = (
    Knob(WEIGHT, "reward", 1.0, 1.0, "next iteration", metric="Episode_Reward/upright"),
    Knob("a", "event", 0.0, 0.0, "next iteration"),
    Knob("b", "event", 0.0, 0.0, "next iteration"),
    Knob(MODE, "algorithm", "warn", "warn", "next iteration", type="choice", choices=("off", "warn", "act")),
)
METRICS = ("Train/success_rate", "Train/mean_reward", "Policy/kl", "Episode_Reward/upright")


def folded(*bodies):
    state, history = RunState(), MetricHistory()
    started = RunStarted(
        run="run",
        preset="g1-walk",
        backend="mjlab",
        task="task",
        device="cpu",
        num_envs=4,
        iterations=1000,
        seed=42,
        pid=1,
    )
    all_bodies = (started, KnobsAvailable(0, KNOBS), MetricSet(0, METRICS), *bodies)
    frames = [Frame(number, 0.0, body) for number, body in enumerate(all_bodies)]
    history.apply(frames)
    for frame in frames:
        state.apply(frame)
    return state, history


def iterations(first, last, values=lambda i: (0.5, float(i), 0.01, 1.0)):
    return [IterationFinished(i, 0, pack_values(list(values(i))), 1, 1.0) for i in range(first, last + 1)]


def applied(number, iteration, knob="a", old=0.0, new=1.0, **more):
    return InterventionApplied(number, "person", iteration, number, (Change(knob, old, new),), **more)


def ramped(number, iteration, over, knob="a"):
    return applied(number, iteration, knob, ramp=Ramp(over, "linear", {knob: 1.0}))


def test_what_normalizers_change_before_an_update_is_no_effect_of_an_early_change():
    """As with rsl-rl 5.4, whose normalizers move the policy less and less from the first rollout on."""
    drift = [0.2 / (1 + i) for i in range(100)]

    def values(i, own=lambda i: 0.0):
        noise = 0.0005 * (-1) ** i * (1 + i % 5)
        return pack_values([0.01 + noise + own(i) + drift[i], drift[i]])

    def kl_after(own):
        names = MetricSet(1, ("Policy/kl", "Policy/kl_before_update"))
        finished = [IterationFinished(i, 1, values(i, own), 1, 1.0) for i in range(80)]
        state, history = folded(names, applied(1, 40), *finished)
        (kl,) = [metric for metric in impact_of(1, state, history).metrics if metric.metric == "Policy/kl"]
        return kl, impact_notes(impact_of(1, state, history))

    unchanged, notes = kl_after(lambda i: 0.0)
    assert unchanged.verdict == "no clear change"
    assert unchanged.before.mean == pytest.approx(0.01, abs=1e-4)
    assert notes == ["KL: without the change before the update (Policy/kl_before_update)"]
    changed, _ = kl_after(lambda i: 0.005 * (i >= 40))
    assert changed.verdict == "rose"
    assert changed.change == pytest.approx(0.005, abs=1e-4)


def windows(number, *bodies, wanted=50, last=299):
    state, history = folded(*bodies, *iterations(0, last))
    return impact_of(number, state, history, wanted).windows


# --- which iterations ---


def test_as_many_iterations_on_both_sides():
    told = windows(1, applied(1, 100))
    assert (told.before, told.after, told.limits, told.remarks) == (Window(50, 99), Window(100, 149), (), ())
    assert windows(1, applied(1, 100), wanted=7).before == Window(93, 99)


def test_the_ends_of_the_run_limit_both_sides():
    told = windows(1, applied(1, 20))
    assert (told.before, told.after) == (Window(0, 19), Window(20, 39))
    assert told.limits == ("before-window limited by the start of the run (iteration 0)",)
    told = windows(1, applied(1, 290))
    assert (told.before, told.after) == (Window(280, 289), Window(290, 299))
    assert told.limits == ("after-window limited by the newest iteration (299)",)


def test_a_run_that_continues_another_begins_where_that_was():
    state, history = folded(CheckpointLoaded(100, "model_99.pt"), applied(1, 110), *iterations(100, 299))
    told = impact_of(1, state, history).windows
    assert (told.before, told.limits) == (
        Window(100, 109),
        ("before-window limited by the start of the run (iteration 100)",),
    )


def test_neighbours_limit_both_sides():
    told = windows(2, applied(1, 80), applied(2, 100), applied(3, 130))
    assert (told.before, told.after) == (Window(80, 99), Window(100, 119))
    assert told.limits == ("before-window limited by #1 (iteration 80)",)
    told = windows(2, applied(1, 60), applied(2, 100), applied(3, 130))
    assert (told.before, told.limits) == (Window(70, 99), ("after-window limited by #3 (iteration 130)",))


def test_what_does_nothing_by_itself_is_no_neighbour():
    same = applied(1, 90, old=1.0, new=1.0)
    mode = applied(2, 95, MODE, "warn", "act")
    assert windows(3, same, mode, applied(3, 100)).before == Window(50, 99)


def test_before_the_first_and_behind_the_last_iteration_there_is_nothing():
    told = windows(1, applied(1, 0))
    assert (told.before, told.after, told.limits) == (
        None,
        None,
        ("before-window limited by the start of the run (iteration 0)",),
    )
    told = windows(1, applied(1, 300))
    assert (told.before, told.limits) == (None, ("after-window limited by the newest iteration (299)",))


def test_what_came_at_the_same_iteration_is_told():
    told = windows(1, applied(1, 100), applied(2, 100, "b"))
    assert (told.before, told.remarks) == (Window(50, 99), ("other changes at the same iteration: #2",))


def test_a_ramp_counts_from_its_end():
    told = windows(1, ramped(1, 100, over=20))
    assert (told.before, told.after) == (Window(50, 99), Window(119, 168))
    assert told.remarks == ("ramp 100–118 excluded",)


def test_a_ramp_that_was_stopped_counts_from_there():
    stop = replace(applied(2, 110, "b", new=0.0), stopped_ramps=("a",))
    told = windows(1, ramped(1, 100, over=20), stop)
    assert told.after == Window(110, 159)
    assert told.remarks == ("ramp 100–109 excluded, ended by #2",)


def test_what_came_during_the_ramp_is_told():
    told = windows(1, ramped(1, 100, over=20), applied(2, 110, "b"))
    assert told.after == Window(119, 168)
    assert told.remarks == ("ramp 100–118 excluded", "other changes during the ramp: #2")
    other = windows(2, ramped(1, 100, over=20), applied(2, 110, "b"))
    assert (other.before, other.remarks) == (Window(100, 109), ("applied during the ramp of #1",))


def test_before_an_intervention_a_ramp_counts_until_its_end():
    told = windows(2, ramped(1, 60, over=20), applied(2, 100, "b"))
    assert told.before == Window(79, 99)
    assert told.limits == ("before-window limited by #1 (iteration 60, ramp until 78)",)


@given(
    st.lists(st.integers(1, 140), min_size=1, max_size=8).map(sorted),
    st.data(),
    st.integers(1, 60),
    st.integers(60, 150),
)
def test_the_iterations_are_those_that_counting_finds(places, data, wanted, last):
    bodies = [applied(number, place) for number, place in enumerate(places, 1)]
    number = data.draw(st.integers(1, len(places)))
    told = windows(number, *bodies, wanted=wanted, last=last)
    at = places[number - 1]
    before = after = 0
    while at - before - 1 >= 0 and not (before and at - before in places and at - before != at) and before < wanted:
        before += 1
    while at + after <= last and not (after and at + after in places) and after < wanted:
        after += 1
    length = min(before, after)
    if length == 0:
        assert (told.before, told.after) == (None, None)
    else:
        assert (told.before, told.after) == (Window(at - length, at - 1), Window(at, at + length - 1))
    assert bool(told.limits) == (length < wanted)


# --- what comes of them ---


@given(
    st.lists(
        st.one_of(st.floats(-1e3, 1e3, width=32), st.sampled_from((math.nan, math.inf))), min_size=90, max_size=90
    ),
    st.integers(5, 85),
    st.integers(1, 60),
)
def test_the_numbers_are_those_of_plain_sums(rewards, at, wanted):
    state, history = folded(applied(1, at), *iterations(0, 89, lambda i: (0.0, rewards[i], 0.0, 0.0)))
    impact = impact_of(1, state, history, wanted)
    length = min(wanted, at, 90 - at)
    before, after = rewards[at - length : at], rewards[at : at + length]
    finite = [[value for value in side if math.isfinite(value)] for side in (before, after)]
    reward = impact.metrics[1]
    assert [list(reward.values_before), list(reward.values_after)] == finite
    assert reward.not_finite == 2 * length - len(finite[0]) - len(finite[1])
    if not all(finite):
        assert (reward.change, reward.verdict) == (None, "not enough samples")
        return
    means = [statistics.fmean(side) for side in finite]
    assert reward.change == pytest.approx(means[1] - means[0], abs=1e-9)
    if means[0]:
        assert reward.percent == pytest.approx(100 * (means[1] - means[0]) / abs(means[0]), abs=1e-6)
    if reward.interval is not None:
        centre = (reward.interval.low + reward.interval.high) / 2
        assert centre == pytest.approx(reward.change, abs=1e-6)


def wobbly(step, slope=0.0, at=100):
    return lambda i: (0.5, (i * 7919 % 11) + slope * i + (step if i >= at else 0.0), 0.01, 1.0)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (wobbly(20.0), "rose"),
        (wobbly(-20.0), "fell"),
        (wobbly(0.0), "no clear change"),
        (wobbly(0.0, slope=0.5), "rose as before"),
        (wobbly(0.0, slope=-0.5), "fell as before"),
        (wobbly(-60.0, slope=0.5), "fell"),
        (lambda i: (0.5, math.sin(i / 15), 0.01, 1.0), "drift too large"),
        (lambda i: (0.5, 3.0, 0.01, 1.0), "unchanged"),
        (lambda i: (0.5, math.nan, 0.01, 1.0), "not enough samples"),
    ],
)
def test_what_a_change_means_is_told_in_words(values, verdict):
    state, history = folded(applied(1, 100), *iterations(0, 199, values))
    assert impact_of(1, state, history).metrics[1].verdict == verdict


def test_few_iterations_have_means_but_no_interval():
    state, history = folded(applied(1, 10), *iterations(0, 199))
    reward = impact_of(1, state, history).metrics[1]
    assert (reward.before.mean, reward.after.mean, reward.change) == (4.5, 14.5, 10.0)
    assert (reward.interval, reward.verdict) == (None, "not enough samples")


def test_the_edited_term_is_there_with_what_its_weight_does_by_itself():
    state, history = folded(applied(1, 100, WEIGHT, 1.0, 1.5), *iterations(0, 199))
    impact = impact_of(1, state, history)
    assert [metric.label for metric in impact.metrics] == ["success rate", "reward", "KL", "upright"]
    assert impact.metrics[3].weight_factor == 1.5
    assert impact_notes(impact) == ["upright: value includes its weight (×1.5 from the change itself)"]
    over = impact_of(
        1, *folded(replace(ramped(1, 100, 5, WEIGHT), changes=(Change(WEIGHT, 0.5, 0.6),)), *iterations(0, 199))
    )
    assert over.metrics[3].weight_factor == 2.0  # the ramp's target, not its first step
    from_nothing = impact_of(1, *folded(applied(1, 100, WEIGHT, 0.0, 1.5), *iterations(0, 199)))
    assert from_nothing.metrics[3].weight_factor is None


@pytest.mark.parametrize(
    ("knob", "label"),
    [
        ("reward/upright/std", "upright"),
        ("ppo/entropy_coef", "entropy"),
        ("ppo/clip_param", None),  # this run doesn't publish the clip fraction
        ("reward/other/std", None),
        ("event/upright/x", None),
    ],
)
def test_a_parameter_is_edited_where_its_metric_is_published(knob, label):
    knobs = KnobsAvailable(0, (Knob(knob, "any", 0.5, 0.5, "next iteration"),))
    names = MetricSet(0, (*METRICS, "Loss/entropy"))
    state, history = folded(
        knobs, names, applied(1, 100, knob), *iterations(0, 199, lambda i: (0.5, float(i), 0.01, 1.0, 2.0))
    )
    impact = impact_of(1, state, history)
    assert [metric.label for metric in impact.metrics][3:] == ([label] if label else [])
    assert all(metric.weight_factor is None for metric in impact.metrics)


def test_a_metric_that_the_run_does_not_publish_says_so():
    state, history = folded(applied(1, 100))
    for metric in impact_of(1, state, history).metrics:
        assert metric.verdict == "not published"
    assert "nothing to compare yet" in impact_windows(impact_of(1, state, history))


def test_the_newest_is_told_and_what_was_never_applied_is_not():
    state, history = folded(
        applied(3, 50),
        applied(7, 100),
        InterventionQueued(8, "person", (Change("a", 1.0, 2.0),)),
        InterventionQueued(9, "person", (Change("b", 0.0, 2.0),)),
        InterventionFailed(9, 120, "RuntimeError: no"),
        *iterations(0, 199),
    )
    assert measurable(state) == [3, 7]
    assert impact_of(None, state, history).number == 7
    for number, line in (
        (8, "#8 queued for the next iteration"),
        (9, "#9 was never applied: RuntimeError: no"),
        (5, "no applied change #5; there are #3 to #7"),
    ):
        with pytest.raises(ImpactError, match=line):
            impact_of(number, state, history)
    with pytest.raises(ImpactError, match="no changes yet"):
        impact_of(None, *folded(*iterations(0, 9)))


# --- a real run, whose success was broken by its intervention 4 ---


@pytest.fixture(scope="module")
def levels():
    state, history = RunState(), MetricHistory()
    frames = frames_of("g1-levels")
    history.apply(frames)
    for frame in frames:
        state.apply(frame)
    return state, history


def test_of_a_real_run_the_change_that_broke_success_is_told(levels):
    impact = impact_of(4, *levels)
    success, reward, kl, level = impact.metrics
    assert impact_windows(impact) == [
        "note: it can do more", "50 iterations before (1226–1275), 50 after (1276–1325)",
    ]  # fmt: skip
    # By hand from the journal: the mean of 50 values on each side, with a spreadsheet's AVERAGE.
    assert (success.before.mean, success.after.mean) == (
        pytest.approx(0.6230, abs=5e-5),
        pytest.approx(0.2561, abs=5e-5),
    )
    assert success.percent == pytest.approx(-58.9, abs=0.05)
    assert (success.verdict, reward.verdict, kl.verdict, level.verdict) == ("fell", "fell", "no clear change", "rose")
    assert success.interval.high < -0.2
    assert (reward.before.mean, reward.change) == (pytest.approx(101.45, abs=0.005), pytest.approx(-5.23, abs=0.005))
    assert (level.before.mean, level.after.mean) == (0.0, 2.0)


def test_of_a_real_run_a_ramp_and_its_neighbours_are_told(levels):
    assert impact_windows(impact_of(2, *levels)) == [
        "note: turns are behind",
        "28 iterations before (934–961), 28 after (1021–1048)",
        "before-window limited by the start of the run (iteration 934)",
        "ramp 962–1020 excluded",
    ]
    assert impact_windows(impact_of(6, *levels))[-1] == "50 iterations before (1301–1350), 50 after (1351–1400)"
    assert impact_windows(impact_of(8, *levels))[-1] == "before-window limited by #7 (iteration 1401)"


@pytest.mark.parametrize("width", [60, 72, 110, 200])
@pytest.mark.parametrize("number", range(1, 10))
def test_the_table_fits_and_every_column_begins_in_one_place(levels, number, width):
    impact = impact_of(number, *levels)
    lines = impact_lines(impact, width)
    assert len(lines) == 1 + 2 * len(impact.metrics)
    assert max(map(len, lines)) <= max(width, 72)
    for metric, line in zip(impact.metrics, lines[1::2], strict=True):
        assert line.endswith(metric.verdict)
        assert line[lines[0].index("before") - 1] == " "
        assert line[lines[0].index("after") - 1] == " "


def test_the_record_holds_what_the_text_says(levels):
    impact = impact_of(4, *levels)
    record = impact_record(impact)
    assert record["metrics"][0]["excludes_zero"] is True
    assert record["metrics"][0]["before"]["count"] == 50
    assert record["before"] == {"first": 1226, "last": 1275}
    text = impact_text(impact)
    assert text.splitlines()[0].startswith("#4 applied @1276 (user): curriculum/velocity/level 0 → 2, ")
    assert "−0.367 (−59 %)" in text
    assert "−0.462 to −0.272" in text


@pytest.mark.parametrize(
    ("published", "metric"),
    [
        (("Termination/fell", "Episode_Termination/fell"), "Termination/fell"),
        (("Episode_Termination/fell",), "Episode_Termination/fell"),  # of an earlier version
        ((), None),
    ],
)
def test_the_metric_of_a_termination_is_its_share_of_episodes(published, metric):
    name = "termination/fell/limit_angle"
    state = RunState()
    state.apply(Frame(0, 0.0, KnobsAvailable(0, (Knob(name, "termination", 1.0, 1.0, "next iteration"),))))
    applied = InterventionApplied(
        number=1, origin="person", iteration=5, revision=1, changes=(Change(name, 1.0, 0.5),), note=""
    )
    assert list(edited_metrics(applied, state, published)) == ([metric] if metric else [])
