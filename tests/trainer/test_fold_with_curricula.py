"""The loop of `test_fold_property`, with curricula: a level and its values agree after any change."""

from __future__ import annotations

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from curricula.curriculum import MODES
from curricula.load import make_curricula
from tests.fake_training import DESCRIPTIONS, FRICTION, MASS, SPEED, TAUGHT, TAUGHT_RANGE, WEIGHT
from tests.trainer.test_fold_property import NAMES, VALUES, SteeredRun, assignments
from trainer_proc.contract.knob import refusal
from trainer_proc.contract.messages import InterventionApplied, Ramp
from trainer_proc.contract.requests import Redo, StopRamp, Tune, Undo, Unpin
from trainer_proc.curriculum.driver import CurriculumDriver

TABLES = {
    "growth": {
        "kind": "growth",
        "ranges": {MASS: {"from": (0.9, 1.1), "to": (0.5, 2.0)}},
        "steps": 3,
        "up": 0.7,
        "down": 0.3,
        "stay": 2,
        "episodes": 20,
    },
    "stages": {
        "kind": "staged",
        "stages": [{TAUGHT: 1.0, TAUGHT_RANGE: (-1.0, 1.0)}, {TAUGHT: 2.0}, {TAUGHT: 0.5, TAUGHT_RANGE: (0.0, 4.0)}],
        "thresholds": [0.3, 0.6],
        "stay": 1,
        "episodes": 0,
    },
    "plan": {
        "kind": "schedule",
        "points": [{"at": at, "set": {WEIGHT: weight}} for at, weight in ((0, 1.0), (4, 2.0), (5, -1.0), (40, 3.0))],
        "stay": 2,
    },
    "grip": {
        "kind": "schedule",
        "by": "Train/success_rate",
        "points": [{"at": 0.2, "set": {FRICTION: 0.5}}, {"at": 0.8, "set": {FRICTION: 4.0}}],
        "shape": "geometric",
        "stay": 2,
    },
    "session": {
        "kind": "recording",
        "steps": [
            {"iteration": 3, "set": {SPEED: (0.0, 2.0)}, "ramp": {"iterations": 3}},
            {"iteration": 6, "set": {"curriculum/growth/mode": "hold", MASS: (1.0, 4.0)}},
            {"metric": "Train/success_rate", "value": 0.8, "stop_ramps": [SPEED], "set": {SPEED: (-1.0, 0.0)}},
        ],
    },
}
OWNERS = {MASS: "growth", TAUGHT: "stages", TAUGHT_RANGE: "stages", WEIGHT: "plan", FRICTION: "grip"}
CURRICULA = list(TABLES)

names = st.sampled_from(CURRICULA)
levels = st.sampled_from([0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 9.0, -1.0, 0.5])
modes = st.sampled_from([None, *MODES])
owned_values = st.sampled_from([knob for knob in DESCRIPTIONS if knob.name in OWNERS]).flatmap(
    lambda knob: st.tuples(st.just(knob.name), VALUES[knob.type].filter(lambda value: refusal(knob, value) is None))
)
rates = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, math.nan])


class CurriculaRun(SteeredRun):
    """Curricula of every kind."""

    def curricula(self):
        self.driving = {curriculum.name: curriculum for curriculum in make_curricula(TABLES)}
        self.first_stays = {name: table["stay"] for name, table in TABLES.items() if "stay" in table}
        return CurriculumDriver(self.driving.values())

    # --- user requests ---

    @rule(name=names, level=levels, mode=modes)
    def set_a_level(self, name, level, mode):
        values = {f"curriculum/{name}/level": level}
        self.ask(Tune(values if mode is None else values | {f"curriculum/{name}/mode": mode}))
        self.go_on(1)

    @rule(name=names, mode=st.sampled_from(MODES))
    def set_a_mode(self, name, mode):
        self.ask(Tune({f"curriculum/{name}/mode": mode}))
        self.go_on(1)

    @rule(names=st.sets(names))
    def let_them_decide_again(self, names):
        self.ask(Tune({f"curriculum/{name}/mode": "auto" for name in names}))
        self.go_on(2)

    @rule(owned=owned_values, level=st.none() | levels, mode=modes, other=st.none() | assignments)
    def turn_what_is_owned(self, owned, level, mode, other):
        knob, value = owned
        asked = {knob: value, **(other or {})}
        if level is not None:
            asked[f"curriculum/{OWNERS[knob]}/level"] = level
        if mode is not None:
            asked[f"curriculum/{OWNERS[knob]}/mode"] = mode
        self.ask(Tune(asked))
        self.go_on(1)

    @rule(one=st.sampled_from(list(OWNERS)), other=names, level=levels)
    def two_people_at_once(self, one, other, level):
        knob = self.state.knobs[one]
        self.ask(Tune({one: knob.knob.default}))
        self.ask(Tune({f"curriculum/{other}/level": level}))
        self.go_on(1)

    @rule(owned=owned_values, change=st.sampled_from([Undo(), Redo()]), mode=st.sampled_from(MODES), name=names)
    def undo_it_after_another_change(self, owned, change, mode, name):
        first = self.ask(Tune(dict([owned])))
        self.go_on(1)
        self.ask(Tune({f"curriculum/{name}/mode": mode}))
        self.go_on(1)
        self.ask(Undo(getattr(first, "number", None)))
        self.go_on(1)
        self.ask(change)
        self.go_on(1)

    @rule(stay=st.integers(1, 4), up=st.sampled_from([0.1, 0.9, 2.0]))
    def set_limits(self, stay, up):
        stays = {f"curriculum/{name}/stay": float(stay) for name in ("growth", "stages", "grip")}
        self.ask(Tune({**stays, "curriculum/growth/up": up}))

    @rule(knob=st.sampled_from(list(OWNERS)))
    def give_back_or_stop_what_is_owned(self, knob):
        self.ask(Unpin((knob,)))
        self.ask(StopRamp((knob,)))

    @rule(knob=st.sampled_from([MASS, TAUGHT_RANGE]), iterations=st.integers(1, 4))
    def ramp_what_is_owned(self, knob, iterations):
        self.ask(Tune({knob: (0.5, 4.0)}, ramp=Ramp(iterations)))
        self.go_on(1)

    # --- events ---

    @rule(rate=st.none() | rates, episodes=st.sampled_from([0.0, 10.0, 100.0, math.nan]))
    def succeed(self, rate, episodes):
        self.metrics = {"Train/finished_episodes": episodes}
        if rate is not None:
            self.metrics["Train/success_rate"] = rate

    @rule(rate=rates, count=st.integers(2, 8))
    def succeed_for_some_time(self, rate, count):
        self.succeed(rate, 10.0)
        self.go_on(count)

    # --- invariants ---

    @invariant()
    def levels_and_values_agree_unless_the_person_has_taken_over(self):
        if self.is_overwritten:
            return
        for curriculum in self.driving.values():
            assert 0 <= curriculum.level <= curriculum.top
            if curriculum.mode != "hold" and self.iteration > 0:
                assert curriculum.agrees(curriculum.level, {name: self.live(name) for name in NAMES}), curriculum.name

    @invariant()
    def the_fold_knows_every_level_mode_and_limit(self):
        if not self.is_quiet:
            return
        for curriculum in self.driving.values():
            live = {"level": float(curriculum.level), "mode": curriculum.mode}
            live |= {name: limit.value for name, limit in curriculum.limits.items()}
            for name, value in live.items():
                assert self.state.knobs[f"curriculum/{curriculum.name}/{name}"].value == value

    @invariant()
    def what_is_on_hold_or_manual_moves_nothing(self):
        """No ramp of a curriculum continues after it stops deciding."""
        if not self.is_quiet:
            return
        for name, knob in self.state.knobs.items():
            curriculum = self.driving.get(OWNERS.get(name, ""))
            if knob.ramp is not None and curriculum is not None:
                assert curriculum.mode == "hold" or (curriculum.mode, curriculum.name) == ("auto", "plan")

    @invariant()
    def no_level_is_left_before_the_minimum_stay(self):
        moved = dict.fromkeys(CURRICULA, self.continued_at)
        stays = dict(self.first_stays)
        for body in (frame.body for frame in self.frames):
            if not isinstance(body, InterventionApplied):
                continue
            new = {change.knob: change.new for change in body.changes if change.old != change.new}
            for name in CURRICULA:
                if f"curriculum/{name}/level" in new:
                    waits = body.origin == "curriculum" or (body.origin == "schedule" and name == "grip")
                    assert not waits or body.iteration - moved[name] >= stays[name]
                    moved[name] = body.iteration
                stays[name] = new.get(f"curriculum/{name}/stay", stays.get(name))

    @invariant()
    def schedules_by_a_metric_go_back_by_a_person_s_hand_only(self):
        for body in (frame.body for frame in self.frames):
            if isinstance(body, InterventionApplied) and body.origin == "schedule":
                changes = {change.knob: change for change in body.changes}
                if "curriculum/grip/level" in changes:
                    assert changes["curriculum/grip/level"].new >= changes["curriculum/grip/level"].old

    def goes_on(self, ramp):
        return ramp.knob != WEIGHT or self.driving["plan"].mode != "auto"

    def may_differ(self, knob, value):
        return knob.startswith("curriculum/") and value == "hold"


CurriculaRun.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestCurriculaRun = CurriculaRun.TestCase
