"""Cards of mjlab environments that are built in the test process."""

from __future__ import annotations

import msgspec

from trainer_proc.contract.bundle.card import CheckResult, Latency, PolicyCard
from trainer_proc.export.description import describe_policy
from trainer_proc.simulators.registry import simulator_of


def card_of(simulated, **changes) -> PolicyCard:
    """Return the card that an export of this training's policy would have, without its files."""
    described = describe_policy(simulated.runner, "task", "mjlab", simulator_of(simulated.env))
    card = PolicyCard(
        **{name: getattr(described, name) for name in described.__struct_fields__},
        run="run",
        iteration=0,
        observation_size=sum(term.size for term in described.observation_terms),
        image_inputs=[],
        recurrent_inputs=[],
        task_inputs=[],
        task_outputs=[],
        task_metadata={},
        git_commit=None,
        versions={},
        onnx_sha256="",
        files={},
        check=CheckResult(0, 0.0, 0.0, 0.0),
        latency=Latency(0.0, 0.0, 0),
        interventions=[],
        journal_problem="",
    )
    return msgspec.structs.replace(card, **changes)
