"""Compares a bundle with its golden trace, and names its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from trainer_proc.contract.bundle.card import TRACE, PolicyCard
from trainer_proc.contract.bundle.trace import Trace, TraceError, read_trace
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.errors import EXPORT_AGAIN, BundleRefused
from trainer_proc.verification.trace.network import network_faults
from trainer_proc.verification.trace.observations import observation_faults, unchecked_terms
from trainer_proc.verification.trace.targets import target_faults
from trainer_proc.verification.trace.torques import torque_faults

REMEDY = f"{EXPORT_AGAIN}; if it persists, report it"
_RATE = 0.002
"""Largest relative difference of rates."""


@dataclass(frozen=True)
class TraceReport:
    """What a trace shows of a bundle."""

    faults: tuple[str, ...] = ()
    """One line each: the field, and what is wrong with it."""
    notes: tuple[str, ...] = ()
    """What couldn't be checked, one line each."""


def check_trace(bundle: Bundle) -> TraceReport:
    """Return the faults of a bundle that its `trace.npz` shows. Without one, a note says so."""
    try:
        trace = read_trace(bundle.folder / TRACE)
    except FileNotFoundError:
        return TraceReport(notes=(f"no {TRACE}: faults are found by their effect only, without a name",))
    except TraceError as error:
        return TraceReport(notes=(str(error),))
    if stale := _other_policy(bundle.card, trace):
        return TraceReport(notes=(stale,))
    faults = tuple(f"{fault}; {REMEDY}" for fault in trace_faults(bundle, trace))
    return TraceReport(faults, tuple(_notes(bundle.card, trace)))


def trace_faults(bundle: Bundle, trace: Trace) -> list[str]:
    """Return a line for each difference, from state to torque."""
    card = bundle.card
    checks: tuple[Callable[[], list[str]], ...] = (
        lambda: rate_faults(card, trace),
        lambda: observation_faults(bundle, trace),
        lambda: network_faults(bundle, trace),
        lambda: target_faults(card, trace),
        lambda: torque_faults(card, trace),
    )
    faults: list[str] = []
    for check in checks:
        try:
            faults += check()
        except BundleRefused as error:  # a joint that the robot hasn't
            faults.append(str(error))
    return list(dict.fromkeys(faults))


def rate_faults(card: PolicyCard, trace: Trace) -> list[str]:
    """Return a line if the control rate isn't that of the trace's clock."""
    period = float(np.median(np.diff(trace.time)))
    if card.control_frequency is None or period <= 0.0:
        return []
    trained = 1.0 / period
    if abs(card.control_frequency / trained - 1.0) <= _RATE:
        return []
    return [f"control_frequency: control rate {card.control_frequency:g} Hz, trained at {trained:.4g} Hz"]


def _other_policy(card: PolicyCard, trace: Trace) -> str:
    header = trace.header
    known = -1 not in (header.iteration, card.iteration)
    if header.run != card.run or (known and header.iteration != card.iteration):
        found, expected = f"{header.run} at {header.iteration}", f"{card.run} at {card.iteration}"
        return f"{TRACE} is of {found}, the bundle of {expected}: not used; verify the run again"
    return ""


def _notes(card: PolicyCard, trace: Trace) -> Iterator[str]:
    if trace.header.is_exported:
        yield f"{TRACE} was recorded with the exported policy itself: it can't show a wrong network"
    if unchecked := unchecked_terms(card):
        yield f"{TRACE} doesn't check {', '.join(unchecked)}"
