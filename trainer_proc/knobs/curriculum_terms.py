"""The task's own curriculum, a competing writer at every reset: detect what it writes and protect held knobs.

Curriculum terms (mjlab's `commands_vel` and `reward_curriculum`, Isaac Lab's `modify_reward_weight`) assign to the same
configurations as knobs, and do not report which. So each term is probed: before some of its calls, raw values are
replaced by equal objects of another identity. A value that is another object after the call was written.

The simulator logs what a term returns, `Curriculum/<term>/…`. A term whose knobs are held reports values that no
environment uses, so these are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from trainer_proc.knobs.slot import Slot, SlotKnob
from trainer_proc.knobs.term_parameters import Term, parameter_knobs
from trainer_proc.metrics.observer import Observer

_TERM = "curriculum term "
_FIRST_ITERATIONS = 5
_PROBE_EVERY = 50
"""A probe costs 0.5 ms with 100 knobs, and its result is only shown to the user."""


class CurriculumTerms:
    """Probes the terms of a curriculum manager and restores held knobs after their calls."""

    def __init__(
        self,
        manager: Any,
        knobs: list[SlotKnob],
        on_competing_writer: Callable[[str, str, bool], None],
        observer: Observer | None = None,
        log: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """Replace every term's `func` by a probed one.

        `on_competing_writer(knob, writer, pinned)` is called once for each knob that a term writes. `observer` reports
        a term that can't be probed. `log()` returns what the environment logged at its last reset.
        """
        self._observer = observer or Observer()
        self._knobs = {knob.name: knob for knob in knobs if not knob.description.read_only}
        self._on_competing_writer = on_competing_writer
        self._log = log
        self._writers: dict[str, str] = {}
        self._own = {name: knob.slot.get() for name, knob in self._knobs.items()}
        self._held: set[str] = set()
        self._terms: list[_ProbedTerm] = []
        self._iterations = 0
        for name, cfg in _term_cfgs(manager):
            cfg.func = _ProbedTerm(cfg.func, f"{_TERM}{name}", self)
            self._terms.append(cfg.func)

    def competing_writer_of(self, knob: str) -> str:
        """Return the term that wrote `knob`, such as `curriculum term command_vel`; empty if none has yet."""
        return self._writers.get(knob, "")

    def hold(self, knob: str) -> bool:
        """Restore the present value of `knob` after every call of a term; return whether a term writes it.

        The terms still see their own value: the one they last wrote or read.
        """
        if knob not in self._knobs:
            return False
        self._held.add(knob)
        if knob not in self._writers:
            return False
        logged, term = self._log(), f"Curriculum/{self._writers[knob].removeprefix(_TERM)}"
        for key in [key for key in logged if key == term or key.startswith(f"{term}/")]:
            del logged[key]  # Isaac Lab publishes it in every step until the next reset
        return True

    def release(self, knob: str) -> None:
        """Set `knob` to the value that the terms have given it meanwhile, if one of them writes it."""
        if knob not in self._held:
            return
        self._held.remove(knob)
        if knob in self._writers:
            released = self._knobs[knob]
            released.slot.set(self._own[knob])
            if released.take_effect is not None:
                released.take_effect()
        else:
            self._own[knob] = self._knobs[knob].slot.get()

    def new_iteration(self) -> None:
        """Probe the next call of every term: in each of the first iterations, then every 50th.

        Held knobs are probed in every call.
        """
        self._iterations += 1
        if self._iterations < _FIRST_ITERATIONS or self._iterations % _PROBE_EVERY == 0:
            for term in self._terms:
                term.is_probed = True

    def call(self, term: _ProbedTerm, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a term's own function with held knobs at the terms' own values; return its report without them."""
        kept: dict[str, Any] = {}
        marks: dict[str, _Mark] = {}
        what = f"probe of {term.name}"
        self._observer.attempt(what, lambda: self._prepare(term, kept, marks))
        result = term.func(*args, **kwargs)
        self._observer.attempt(what, lambda: self._judge(term, marks))
        for name, raw in kept.items():
            self._observer.attempt_again(f"hold of {name}", partial(self._put, name, raw))
        report = self._observer.attempt_again(what, lambda: (self._without_held(term, result),))
        return report[0] if report is not None else result

    def _without_held(self, term: _ProbedTerm, report: Any) -> Any:
        """Return a term's report without values of held knobs; None if all that the term writes is held.

        Entries are assigned to knobs by name: `lin_vel_x_max` to `command/twist/lin_vel_x`.
        """
        written = {name for name, writer in self._writers.items() if writer == term.name}
        if not written & self._held:
            return report
        if written <= self._held:
            return None
        if not isinstance(report, Mapping):
            return report
        groups = {name.rpartition("/")[0] for name in written}
        held = tuple(last for group, _, last in (name.rpartition("/") for name in self._held) if group in groups)
        return {key: value for key, value in report.items() if not str(key).startswith(held)}

    def _prepare(self, term: _ProbedTerm, kept: dict[str, Any], marks: dict[str, _Mark]) -> None:
        """Give the term its own values of held knobs, kept in `kept`, and mark the probed knobs."""
        kept |= {name: self._knobs[name].slot.get() for name in self._held}
        for name in kept:
            self._put(name, self._own[name])
        probed = self._knobs if term.is_probed else kept
        term.is_probed = False
        for name in probed:
            marks[name] = _mark(self._knobs[name].slot)

    def _judge(self, term: _ProbedTerm, marks: dict[str, _Mark]) -> None:
        """Note what the term has written."""
        for name, mark in marks.items():
            self._own[name] = self._knobs[name].slot.get()
            if mark.is_gone(self._own[name]) and name not in self._writers:
                self._writers[name] = term.name
                self._on_competing_writer(name, term.name, name in self._held)
        for name in self._writers:
            if name not in marks:
                self._own[name] = self._knobs[name].slot.get()

    def _put(self, name: str, raw: Any) -> None:
        self._knobs[name].slot.set(raw)


class _ProbedTerm:
    """Replaces a term's function; every attribute but the call is the function's own."""

    def __init__(self, func: Any, name: str, terms: CurriculumTerms) -> None:
        self.func = func
        self.name = name
        self.is_probed = True
        self._terms = terms

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._terms.call(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.func, name)


@dataclass(frozen=True)
class _Mark:
    """The content of a slot before a call."""

    raw: Any
    content: Any

    def is_gone(self, now: Any) -> bool:
        """Tell whether `now`, the slot's content, is another object, or this one with other elements."""
        if isinstance(self.raw, int | str):  # equal ones are often the same object
            return type(now) is not type(self.raw) or now != self.raw
        return now is not self.raw or (isinstance(now, list) and now != self.content)


def _mark(slot: Slot) -> _Mark:
    """Put an equal object of another identity into `slot`, where possible, and remember it."""
    raw = slot.get()
    if not isinstance(raw, float | tuple | list):
        return _Mark(raw, None)
    twin = raw * 1.0 if isinstance(raw, float) else list(raw) if isinstance(raw, list) else (*raw,)
    slot.set(twin)
    return _Mark(twin, list(raw) if isinstance(raw, list) else None)


def curriculum_term_knobs(env: Any, manager: Any) -> list[SlotKnob]:
    """Return `curriculum_term/<term>/<parameter>` for the parameters of the task's own curriculum."""
    return [
        knob
        for name, cfg in _term_cfgs(manager)
        for knob in parameter_knobs(
            Term(
                name=f"curriculum_term/{name}",
                kind="curriculum",
                cfg=cfg,
                env=env,
                takes_effect="at each environment's reset",
            )
        )
    ]


def _term_cfgs(manager: Any) -> list[tuple[str, Any]]:
    """Return the terms with the configurations in use; Isaac Lab 3.0 has no public method for them."""
    names = manager.active_terms
    if hasattr(manager, "get_term_cfg"):
        return [(name, manager.get_term_cfg(name)) for name in names]
    return list(zip(names, manager._term_cfgs, strict=True))
