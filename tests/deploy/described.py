"""Cards of mjlab environments that are built in the test process."""

from __future__ import annotations

import msgspec

from tests.exported_card import exported_card
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.export.description import describe_policy
from trainer_proc.simulators.registry import simulator_of


def card_of(simulated, **changes) -> PolicyCard:
    """Return the card that an export of this training's policy would have, without its files."""
    described = describe_policy(simulated.runner, "task", "mjlab", simulator_of(simulated.env))
    card = exported_card(
        **{name: getattr(described, name) for name in described.__struct_fields__},
        observation_size=sum(term.size for term in described.observation_terms),
    )
    return msgspec.structs.replace(card, **changes)
