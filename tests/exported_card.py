"""Cards of exported policies, made by hand."""

from __future__ import annotations

from trainer_proc.contract.bundle.card import CheckResult, Latency, PolicyCard
from trainer_proc.contract.bundle.description import FORMAT

_OF_EXPORT = {
    "format": FORMAT,
    "run": "run",
    "iteration": 0,
    "image_inputs": [],
    "recurrent_inputs": [],
    "task_inputs": [],
    "task_outputs": [],
    "task_metadata": {},
    "git_commit": None,
    "versions": {},
    "onnx_sha256": "",
    "files": {},
    "check": CheckResult(0, 0.0, 0.0, 0.0),
    "latency": Latency(0.0, 0.0, 0),
    "interventions": [],
    "journal_problem": "",
}


def exported_card(**fields) -> PolicyCard:
    """Return a card with these fields; what an export adds to a description is empty unless it is given."""
    return PolicyCard(**(_OF_EXPORT | fields))
