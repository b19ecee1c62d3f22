"""The task's own curriculum, which writes values at every reset: found out, and kept from writing a held one.

Curriculum terms (mjlab's `commands_vel` and `reward_curriculum`, Isaac Lab's `modify_reward_weight`) assign to the very
configurations that knobs are made on. Nothing tells which, so each term is watched: before some of its calls the raw
values are replaced by equal objects of another identity, and whatever isn't that same object after the call has been
written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainer_proc.knobs.slot import Slot, SlotKnob
from trainer_proc.knobs.term_parameters import Term, parameter_knobs

_FIRST_ITERATIONS = 5
_LOOK_EVERY = 50
"""A look costs 0.5 ms with 100 knobs, and what it finds out is only told to the person."""


class CurriculumTerms:
    """Watches the terms of a curriculum manager and keeps held knobs from being written by them."""

    def __init__(
        self, manager: Any, knobs: list[SlotKnob], on_competing_writer: Callable[[str, str, bool], None]
    ) -> None:
        """Put a watched function in place of every term's `func`.

        `on_competing_writer(knob, writer, pinned)` is called once for each knob that a term is found to write.
        """
        self._knobs = {knob.name: knob for knob in knobs if not knob.description.read_only}
        self._on_competing_writer = on_competing_writer
        self._writers: dict[str, str] = {}
        self._own = {name: knob.slot.get() for name, knob in self._knobs.items()}
        self._held: set[str] = set()
        self._terms: list[_WatchedTerm] = []
        self._iterations = 0
        for name, cfg in _term_cfgs(manager):
            cfg.func = _WatchedTerm(cfg.func, f"curriculum term {name}", self)
            self._terms.append(cfg.func)

    def competing_writer_of(self, knob: str) -> str:
        """Return the term that was seen to write `knob`, `curriculum term command_vel` say; empty if none was."""
        return self._writers.get(knob, "")

    def hold(self, knob: str) -> bool:
        """Put the present value of `knob` back after every call of a term; return whether one is known to write it.

        The terms keep seeing their own value: what they wrote last, or saw last.
        """
        if knob not in self._knobs:
            return False
        self._held.add(knob)
        return knob in self._writers

    def release(self, knob: str) -> None:
        """Set `knob` to what the terms have made of it meanwhile, if one of them writes it."""
        if knob not in self._held:
            return
        self._held.remove(knob)
        if knob in self._writers:
            turned = self._knobs[knob]
            turned.slot.set(self._own[knob])
            if turned.take_effect is not None:
                turned.take_effect()
        else:
            self._own[knob] = self._knobs[knob].slot.get()

    def new_iteration(self) -> None:
        """Look at the next call of every term what it writes: in the first iterations, later now and then.

        Held knobs are looked at in every call.
        """
        self._iterations += 1
        if self._iterations < _FIRST_ITERATIONS or self._iterations % _LOOK_EVERY == 0:
            for term in self._terms:
                term.is_looked_at = True

    def call(self, term: _WatchedTerm, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a term's own function: held knobs are as the terms know them meanwhile."""
        kept = {name: self._knobs[name].slot.get() for name in self._held}
        for name in kept:
            self._knobs[name].slot.set(self._own[name])
        looked_at = self._knobs if term.is_looked_at else kept
        term.is_looked_at = False
        marks = {name: _mark(self._knobs[name].slot) for name in looked_at}
        result = term.func(*args, **kwargs)
        for name, mark in marks.items():
            self._own[name] = self._knobs[name].slot.get()
            if mark.is_gone(self._own[name]) and name not in self._writers:
                self._writers[name] = term.name
                self._on_competing_writer(name, term.name, name in self._held)
        for name in self._writers:
            if name not in marks:
                self._own[name] = self._knobs[name].slot.get()
        for name, raw in kept.items():
            self._knobs[name].slot.set(raw)
        return result


class _WatchedTerm:
    """Stands in for a term's function; everything but the call is the function's own."""

    def __init__(self, func: Any, name: str, terms: CurriculumTerms) -> None:
        self.func = func
        self.name = name
        self.is_looked_at = True
        self._terms = terms

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._terms.call(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.func, name)


@dataclass(frozen=True)
class _Mark:
    """What was in a slot before a call."""

    raw: Any
    content: Any

    def is_gone(self, now: Any) -> bool:
        """Tell whether `now`, what the slot holds, is another object, or this one with another content."""
        if isinstance(self.raw, int | str):  # has no twin: equal ones are often the same object
            return type(now) is not type(self.raw) or now != self.raw
        return now is not self.raw or (isinstance(now, list) and now != self.content)


def _mark(slot: Slot) -> _Mark:
    """Put an equal object of another identity into `slot`, where there can be one, and remember it."""
    raw = slot.get()
    if not isinstance(raw, float | tuple | list):
        return _Mark(raw, None)
    twin = raw * 1.0 if isinstance(raw, float) else list(raw) if isinstance(raw, list) else (*raw,)
    slot.set(twin)
    return _Mark(twin, list(raw) if isinstance(raw, list) else None)


def curriculum_term_knobs(env: Any, manager: Any) -> list[SlotKnob]:
    """Return `curriculum_term/<term>/<parameter>` for the numbers that the task's own curriculum goes by."""
    return [
        knob
        for name, cfg in _term_cfgs(manager)
        for knob in parameter_knobs(
            Term(f"curriculum_term/{name}", "curriculum", cfg, env, "at each environment's reset")
        )
    ]


def _term_cfgs(manager: Any) -> list[tuple[str, Any]]:
    """Return the terms with the configurations in use; Isaac Lab 3.0 has no method that tells them."""
    names = manager.active_terms
    if hasattr(manager, "get_term_cfg"):
        return [(name, manager.get_term_cfg(name)) for name in names]
    return list(zip(names, manager._term_cfgs, strict=True))
