"""From observation to action: `policy.onnx` must answer the recorded observations with the recorded actions."""

from __future__ import annotations

import numpy as np

from trainer_proc.contract.bundle.card import ONNX
from trainer_proc.contract.bundle.trace import Array, Trace
from trainer_proc.deploy.bundle import Bundle
from trainer_proc.deploy.policy import Policy
from trainer_proc.verification.trace.columns import match_columns, order_text, ratio_text
from trainer_proc.verification.trace.observations import reversed_history

_TOLERANCE = 2e-3
"""Largest difference of an action, relative to 1 plus the largest magnitude: the trainings' kernels round otherwise."""


def network_faults(bundle: Bundle, trace: Trace) -> list[str]:
    """Return a line if the network is another one than that which acted."""
    if trace.header.is_exported:
        return []  # it acted itself
    observed = trace.observation
    if observed.shape[1] != bundle.card.observation_size:
        return []  # reported as a difference of the terms
    if trace.action.shape[1] != bundle.card.num_actions:
        return [f"num_actions: expected {trace.action.shape[1]}, as trained, got {bundle.card.num_actions}"]
    answers = _answers(bundle, observed)
    if _same(trace.action, answers):
        return []
    if trace.normalizer is not None:
        mean, divisor = trace.normalizer
        if _same(trace.action, _answers(bundle, (observed - mean) / divisor)):
            return [f"{ONNX}: normalizer missing: it acts on normalized observations as trained, not on raw ones"]
        if _same(trace.action, _answers(bundle, observed * divisor + mean)):
            return [f"{ONNX}: normalizer applied twice"]
    if any(term.history_length > 1 for term in bundle.card.observation_terms):
        order = reversed_history(bundle.card.observation_terms)
        if _same(trace.action, _answers(bundle, observed[:, order])):
            return [f"{ONNX}: history newest first: it acts as trained on observations in the opposite order"]
    return [f"{ONNX}: {_difference(bundle, trace, answers)}"]


def _difference(bundle: Bundle, trace: Trace, answers: Array) -> str:
    matches = match_columns(trace.action, answers)
    if all(one is not None for one in matches):
        if text := order_text(matches, bundle.card.action_names, "actions"):
            return text
        ratios = {1.0 / one.factor for one in matches if one is not None and one.factor}
        if ratios and max(ratios) - min(ratios) < 1e-3 and (text := ratio_text(min(ratios))):
            return f"actions are {text}"
    largest = float(np.abs(trace.action - answers).max())
    iteration = f"iteration {trace.header.iteration}" if trace.header.iteration >= 0 else trace.header.policy
    return f"actions differ from those of {iteration} by up to {largest:.3g}: its weights or its normalizer are others"


def _answers(bundle: Bundle, observations: Array) -> Array:
    policy = Policy(bundle)
    policy.reset()
    return np.stack([policy.act(row.astype(np.float32)[None]).astype(np.float64) for row in observations])


def _same(recorded: Array, made: Array) -> bool:
    return bool(np.abs(recorded - made).max() <= _TOLERANCE * (1.0 + np.abs(recorded).max()))
