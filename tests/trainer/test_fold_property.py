"""Whatever is requested and whatever happens: dashboard, validator and training agree at every boundary.

The loop is the real one but for its sockets: requests go through the validator, orders and frames through MessagePack.
The trainer's frames are in flight until they are delivered.
"""

from __future__ import annotations

import io
import math
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fake_training import DESCRIPTIONS, TAUGHT, TAUGHT_RANGE, WEIGHT, FakeTraining
from tests.steered import healthy_actions
from trainer_proc.contract.codec import decode_frame, decode_order, decode_request, encode
from trainer_proc.contract.knob import refusal
from trainer_proc.contract.messages import Frame, InterventionApplied, InterventionFailed, InterventionQueued, Ramp
from trainer_proc.contract.requests import Pause, Redo, Refused, Request, Resume, StopRamp, Tune, Undo, Unpin
from trainer_proc.curriculum.driver import CurriculumDriver
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.state import INFOS_KEY, from_infos, to_infos
from trainer_proc.wire.request_validator import RequestValidator
from tui.session.state import RunState

NAMES = [knob.name for knob in DESCRIPTIONS]
ends = st.sampled_from([-11.0, -3.0, 0.0, 0.2, 0.5, 1.0, 1.5, 4.0, 11.0])
VALUES = {
    "number": ends | st.just(math.nan),
    "range": st.tuples(ends, ends) | st.tuples(ends, ends).map(sorted).map(tuple),
    "integer": st.sampled_from([0.0, 1.0, 2.0, 2.5, 7.0, 20.0]),
    "choice": st.sampled_from(["adaptive", "fixed", "often"]),
}
WRITTEN = {TAUGHT: st.sampled_from([0.3, 0.7, 1.0]), TAUGHT_RANGE: st.sampled_from([(-1.0, 1.0), (-0.5, 0.5)])}
assignments = st.dictionaries(st.sampled_from(DESCRIPTIONS), st.none(), min_size=1, max_size=3).flatmap(
    lambda knobs: st.fixed_dictionaries({knob.name: VALUES[knob.type] for knob in knobs})
)
ramps = st.builds(Ramp, st.sampled_from([5, 3, 2, 1, 0]), st.sampled_from(["linear", "geometric"]))
ramped = st.sampled_from([knob for knob in DESCRIPTIONS if knob.type != "choice"]).flatmap(
    lambda knob: st.tuples(st.just(knob.name), VALUES[knob.type].filter(lambda value: refusal(knob, value) is None))
)
some_knobs = st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True).map(tuple)


class SteeredRun(RuleBasedStateMachine):
    """One training after another, each continued from a checkpoint of the one before it."""

    metrics: ClassVar[dict[str, float]] = {}

    def curricula(self):
        """Return the curricula of a new training."""
        return CurriculumDriver()

    @initialize(launch=st.sampled_from([{}, {WEIGHT: 2.0}]))
    def launch(self, launch):
        self.iteration = self.continued_at = 0
        self.build(launch)
        self.steering.start_iterating(0)
        self.deliver()

    def build(self, launch):
        self.training = FakeTraining()
        self.validator, self.state = RequestValidator(), RunState()
        self.on_their_way, self.orders, self.frames = [], [], []
        self.is_overwritten = False
        self.steering = Steering(self)
        self.training.curriculum.on_competing_writer = self.steering.interventions.competing_writer_found
        self.steering.publish_knobs(self.training.knobs(), launch, curricula=self.curricula())
        self.actions = healthy_actions()

    # --- the link ---

    def emit(self, body):
        self.on_their_way.append(body)

    def receive(self, timeout_seconds=0.0):
        """Resume the training if it is paused."""
        orders, self.orders = self.orders, [Resume()] if timeout_seconds else []
        return [decode_order(encode(order)) for order in orders]

    def publish(self, body):
        frame = decode_frame(encode(Frame(len(self.frames), 0.0, body)))
        self.frames.append(frame)
        self.state.apply(frame)

    @rule()
    def deliver(self):
        while self.on_their_way:
            self.publish(self.validator.observe(self.on_their_way.pop(0)))

    # --- user requests ---

    def ask(self, command):
        answer = self.validator.answer(decode_request(encode(Request(1, command))).command)
        if isinstance(answer, InterventionQueued):
            self.publish(answer)
            self.orders.append(answer)
        else:
            assert isinstance(answer, Refused)
        return answer

    @rule(values=assignments, ramp=st.none() | ramps, when=st.sampled_from(["on reset", "now"]))
    def tune(self, values, ramp, when):
        self.ask(Tune(values, ramp=ramp, when=when))

    @rule(one=ramped, other=ramped, ramp=ramps)
    def ramp(self, one, other, ramp):
        self.ask(Tune(dict([one, other]), ramp=ramp))
        self.go_on(1)

    @rule(values=assignments)
    def tune_what_is_seen(self, values):
        answer = self.ask(Tune(values, revision=self.state.revision))
        if not self.on_their_way and isinstance(answer, Refused):
            assert "has changed since" not in answer.reason

    @rule(knob=st.sampled_from(DESCRIPTIONS))
    def reset_to_the_default(self, knob):
        self.ask(Tune({knob.name: knob.default}, note="reset"))

    @rule(number=st.none() | st.integers(1, 15))
    def undo(self, number):
        self.ask(Undo(number))

    @rule(number=st.none() | st.integers(1, 15))
    def redo(self, number):
        self.ask(Redo(number))

    @rule(knobs=some_knobs | st.sampled_from([(TAUGHT,), (TAUGHT_RANGE,)]))
    def unpin(self, knobs):
        self.ask(Unpin(knobs))

    @rule(knobs=some_knobs)
    def stop_ramp(self, knobs):
        self.ask(StopRamp(knobs))

    @precondition(lambda self: any(knob.ramp is not None for knob in self.state.knobs.values()))
    @rule(data=st.data(), values=st.none() | assignments)
    def change_or_stop_what_ramps(self, data, values):
        ramping = [name for name, knob in self.state.knobs.items() if knob.ramp is not None]
        name = data.draw(st.sampled_from(ramping))
        self.ask(StopRamp((name,)) if values is None else Tune({name: next(iter(values.values()))}))

    @rule()
    def pause(self):
        self.orders.append(Pause())

    @rule(mode=st.sampled_from(["off", "warn", "act"]), action=st.sampled_from(["undo", "pause"]))
    def set_a_guard(self, mode, action):
        self.ask(Tune({"guard/not_finite/mode": mode, "guard/not_finite/action": action}))
        self.go_on(1)

    # --- events ---

    @rule(name=st.sampled_from(list(WRITTEN)), data=st.data())
    def curriculum_writes(self, name, data):
        self.training.curriculum.overwrite(name, data.draw(WRITTEN[name]))
        self.is_overwritten = True  # reported at the next boundary

    @rule(failing=st.sets(st.sampled_from(NAMES), max_size=2), resample_fails=st.booleans())
    def writes_fail_from_now_on(self, failing, resample_fails):
        self.training.failing, self.training.resample_fails = failing, resample_fails

    @rule()
    def writes_succeed_from_now_on(self):
        self.training.failing, self.training.resample_fails = set(), False

    @rule(count=st.integers(1, 3))
    def go_on(self, count):
        for _ in range(count):
            self.boundary(1.0)
            self.deliver()

    @rule(values=assignments, undo=st.sampled_from([Undo(), Redo()]))
    def change_one_s_mind(self, values, undo):
        self.ask(Tune(values))
        self.go_on(1)
        self.ask(undo)
        self.go_on(1)

    @rule(name=st.sampled_from(list(WRITTEN)), data=st.data())
    def tune_what_the_curriculum_writes(self, name, data):
        self.curriculum_writes(name, data)
        self.ask(Tune({name: data.draw(WRITTEN[name])}))
        self.go_on(1)

    @rule(loss=st.sampled_from([1.0, math.nan]))
    def boundary(self, loss):
        self.steering.at_boundary(self.iteration, {"Loss/value": loss, **self.metrics}, self.actions)
        self.iteration += 1
        self.is_overwritten = False

    @precondition(lambda self: not self.is_overwritten and self.iteration > self.continued_at + 4)
    @rule()
    def continue_from_a_checkpoint(self):
        import torch  # takes seconds: not while tests are collected

        file = io.BytesIO()
        before, values = self.steering.interventions.snapshot(), dict(self.training.values)
        torch.save({INFOS_KEY: to_infos(before)}, file)
        file.seek(0)
        state = from_infos(torch.load(file, weights_only=True))
        assert state == before
        self.build({})
        self.deliver()
        self.steering.resume_from(state, "model.pt")
        self.steering.start_iterating(self.iteration)
        self.continued_at = self.iteration
        self.deliver()
        after = self.steering.interventions.snapshot()
        ramps = tuple(ramp for ramp in before.ramps if self.goes_on(ramp))
        assert (after.values, after.pinned, after.ramps) == (before.values, before.pinned, ramps)
        assert {name: self.training.values[name] for name in after.values if name in values} == {
            name: values[name] for name in after.values if name in values
        }

    # --- invariants ---

    @invariant()
    def interventions_are_numbered_without_gaps_and_everyone_of_them_ends(self):
        bodies = [frame.body for frame in self.frames]
        queued = {body.number for body in bodies if isinstance(body, InterventionQueued)}
        applied = [body.number for body in bodies if isinstance(body, InterventionApplied)]
        failed = [body.number for body in bodies if isinstance(body, InterventionFailed) and body.number]
        assert len({*applied, *failed}) == len(applied) + len(failed)
        assert queued | {*applied} == set(range(1, len(queued | {*applied}) + 1))
        if self.is_quiet:
            waiting = {order.number for order in self.orders if isinstance(order, InterventionQueued)}
            assert queued - {*applied} - {*failed} == waiting
            assert {knob.pending_intervention for knob in self.state.knobs.values()} <= waiting | {None}

    @property
    def is_quiet(self):
        """Whether all frames were delivered."""
        return not self.on_their_way

    @invariant()
    def the_fold_and_the_validator_know_every_value(self):
        if not self.is_quiet or self.is_overwritten:
            return
        live = {name: self.live(name) for name in NAMES}
        assert {name: self.state.knobs[name].value for name in NAMES} == live
        assert {name: self.validator.ledger.entries[name].knob.value for name in NAMES} == live

    def live(self, name):
        value = self.training.values[name]
        return float(value) if isinstance(value, int) else value

    @invariant()
    def the_fold_and_the_validator_know_what_is_pinned_and_on_a_ramp(self):
        if not self.is_quiet:
            return
        kept = self.steering.interventions.snapshot()
        assert {name for name, knob in self.state.knobs.items() if knob.knob.pinned} == set(kept.pinned)
        assert {name for name, entry in self.validator.ledger.entries.items() if entry.knob.pinned} == set(kept.pinned)
        ramping = {ramp.knob: (ramp.target, ramp.iterations_left) for ramp in kept.ramps}
        shown = {name: knob.ramp for name, knob in self.state.knobs.items() if knob.ramp is not None}
        assert {name: (ramp.target, ramp.iterations_left) for name, ramp in shown.items()} == ramping
        assert self.validator.ledger.ramping == set(ramping)

    @invariant()
    def the_fold_and_the_validator_know_what_is_undone(self):
        if self.is_quiet:
            assert self.state.past.undone == self.validator.ledger.history.undone
            assert self.state.revision == self.validator.ledger.revision

    @invariant()
    def no_knob_has_a_value_that_it_could_not_take(self):
        for knob in DESCRIPTIONS:
            assert refusal(knob, self.live(knob.name)) is None

    @invariant()
    def what_is_pinned_is_not_what_the_curriculum_wants(self):
        curriculum = self.training.curriculum
        for name in self.steering.interventions.snapshot().pinned:
            assert name in curriculum.held
        for name in curriculum.known - curriculum.held:
            assert self.training.values[name] == curriculum.own[name]

    @invariant()
    def an_undo_sets_back_what_it_undoes(self):
        applied = {}
        for frame in self.frames:
            body = frame.body
            if not isinstance(body, InterventionApplied):
                continue
            applied[body.number] = body
            if body.undoes is not None:
                now = {change.knob: change.new for change in body.changes}
                for change in applied[body.undoes].changes:
                    is_set_back = now[change.knob] == change.old or change.knob in applied[body.undoes].pinned
                    assert is_set_back or self.may_differ(change.knob, now[change.knob])

    def goes_on(self, ramp):
        """Whether a checkpoint has restored the ramp, not its origin."""
        return True

    def may_differ(self, knob, value):
        """Whether an undo may leave `knob` at `value`, which is not its value from before."""
        return False


SteeredRun.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestSteeredRun = SteeredRun.TestCase
