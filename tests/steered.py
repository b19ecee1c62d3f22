"""A training made of a dictionary, steered through the real validator and writer, with a link made of lists."""

from __future__ import annotations

from curricula.load import make_curricula
from tests.fake_training import FakeTraining
from trainer_proc.contract.messages import Frame, InterventionApplied, InterventionFailed, InterventionQueued
from trainer_proc.contract.requests import Refused
from trainer_proc.curriculum.driver import CurriculumDriver
from trainer_proc.steering.boundary import Steering
from trainer_proc.steering.interface import Actions
from trainer_proc.wire.request_validator import RequestValidator
from tui.session.state import RunState


def healthy_actions(save=lambda iteration: None):
    """Return what a healthy training can do; nothing is written."""
    return Actions(
        save=save,
        export=lambda iteration: None,
        reload=lambda newest, on_all_ranks: "model.pt",
        newest_good=lambda before: "",
        reload_file=lambda name, on_all_ranks: name,
        is_finite=lambda: True,
        reset_non_finite=lambda: None,
    )


class Steered:
    """`curricula` are by name, `state` is a dashboard's fold, `done` lists saved files by iteration."""

    def __init__(self, tables, launch=None, bounds=None, training=None, ranks=None):
        self.training = training or FakeTraining()
        self.curricula = {curriculum.name: curriculum for curriculum in make_curricula(tables)}
        self.validator, self.state = RequestValidator(), RunState()
        self.bodies, self.orders, self.done = [], [], []
        self.steering = Steering(self, ranks)
        self.training.curriculum.on_competing_writer = self.steering.interventions.competing_writer_found
        control = CurriculumDriver(self.curricula.values())
        self.steering.publish_knobs(self.training.knobs(), launch or {}, bounds or {}, control)
        self.actions = healthy_actions(save=lambda iteration: self.done.append(("save", iteration, self.values())))
        self.iteration = 0

    def begin(self, iteration=0, state=None):
        """Start iterating, from a checkpoint's `state` if given."""
        if state is not None:
            self.steering.resume_from(state, "model.pt")
        self.iteration = iteration
        self.steering.start_iterating(iteration)
        return self

    def emit(self, body):
        body = self.validator.observe(body)
        self.bodies.append(body)
        self.state.apply(Frame(len(self.bodies), 0.0, body))

    def receive(self, timeout_seconds=0.0):
        orders, self.orders = self.orders, []
        return orders

    def ask(self, *commands):
        """Send valid requests, which are queued for the boundary; return the last one's number."""
        for command in commands:
            answer = self.validator.answer(command)
            assert not isinstance(answer, Refused), answer.reason
            if isinstance(answer, InterventionQueued):
                self.emit(answer)
            self.orders.append(answer or command)
        return getattr(answer, "number", None)

    def refused(self, command):
        """Return the reason for which a request is refused."""
        answer = self.validator.answer(command)
        assert isinstance(answer, Refused)
        assert "\n" not in answer.reason
        return answer.reason

    def iterate(self, count=1, **metrics):
        """Finish iterations with these metrics; return the changes that were applied or failed."""
        before = len(self.bodies)
        for _ in range(count):
            self.steering.at_boundary(self.iteration, named(metrics), self.actions)
            self.iteration += 1
        return [body for body in self.bodies[before:] if isinstance(body, InterventionApplied | InterventionFailed)]

    def values(self):
        """Return the values in force of knobs, levels and modes."""
        modes = {name: (curriculum.level, curriculum.mode) for name, curriculum in self.curricula.items()}
        return {**self.training.values, **modes}


def named(metrics):
    """Return metrics by their published names; `rate` is the success rate, `episodes` the finished ones."""
    names = {"rate": "Train/success_rate", "episodes": "Train/finished_episodes"}
    return {names.get(name, name): value for name, value in metrics.items()}
