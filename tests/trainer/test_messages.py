"""Names in journals stay, whatever the names in the code."""

from __future__ import annotations

import msgspec
import pytest

from trainer_proc.contract.codec import decode_frame, encode
from trainer_proc.contract.knob import Knob
from trainer_proc.contract.messages import Frame, KnobsAvailable
from trainer_proc.contract.monitoring import CompetingWriterFound

KNOB = Knob("k", "event", 1.0, 1.0, "at the next command", can_resample_now=True, competing_writer="curriculum term c")
BODIES = [
    (
        CompetingWriterFound("k", "curriculum term c", pinned=True),
        "OverwriterFound",
        {"overwriter": "curriculum term c"},
    ),
    (KnobsAvailable(1, (KNOB,)), "KnobsAvailable", {}),
]


@pytest.mark.parametrize(("body", "kind", "fields"), BODIES)
def test_a_body_keeps_the_names_of_journals(body, kind, fields):
    data = encode(Frame(0, 1.0, body))
    _, _, written = msgspec.msgpack.decode(data)
    assert written["type"] == kind
    assert fields.items() <= written.items()
    assert decode_frame(data).body == body


def test_a_knob_keeps_the_names_of_journals():
    written = msgspec.to_builtins(KNOB)
    names = {"may_be_drawn_now": True, "overwritten_by": "curriculum term c", "takes_effect": "at the next command"}
    assert names.items() <= written.items()


def test_a_damaged_body_of_a_renamed_kind_is_damage_and_not_an_unknown_kind():
    damaged = msgspec.msgpack.encode([0, 1.0, {"type": "OverwriterFound", "knob": 3}])
    with pytest.raises(msgspec.ValidationError):
        decode_frame(damaged)
