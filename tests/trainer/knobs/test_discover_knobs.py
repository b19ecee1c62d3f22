"""All knobs of whole trainings."""

from __future__ import annotations

import pytest

from trainer_proc.contract.codec import decode_frame, encode
from trainer_proc.contract.knob import parse_value, refusal, value_text
from trainer_proc.contract.messages import Frame, KnobsAvailable

pytestmark = pytest.mark.real

KINDS = ["reward", "randomization", "command", "termination", "algorithm", "environment"]


@pytest.fixture(params=["cartpole", "g1"])
def training(request):
    return request.getfixturevalue(f"built_{request.param}")


def test_knobs_come_in_order_and_once(training):
    kinds = [knob.description.kind for knob in training.training.knobs]
    assert list(dict.fromkeys(kinds)) == [kind for kind in KINDS if kind in kinds]
    assert kinds == sorted(kinds, key=KINDS.index)
    assert len(training.knobs) == len(kinds)
    randomizations = [name for name, knob in training.knobs.items() if knob.description.kind == "randomization"]
    assert randomizations == sorted(randomizations, key=lambda name: not name.startswith("event/"))


def test_every_knob_reads_what_it_describes_and_takes_its_own_value(training):
    for name, knob in training.knobs.items():
        described = knob.description
        assert knob.read() == described.value, name
        assert (described.type == "range") == isinstance(described.value, tuple), name
        if not described.read_only:
            assert refusal(described, described.value) is None, name
            knob.write(described.value)
            assert knob.read() == described.value, name
            if described.usual is not None:
                assert refusal(described, described.usual) is None, name


def test_knobs_go_over_the_wire(training):
    described = KnobsAvailable(0, tuple(knob.description for knob in training.training.knobs))
    assert decode_frame(encode(Frame(1, 1.0, described))).body == described
    for knob in described.knobs:
        value = knob.value if isinstance(knob.value, str) else pytest.approx(knob.value, rel=1e-5)
        assert parse_value(value_text(knob.value)) == value


def test_the_g1_has_all_kinds(g1):
    assert {knob.description.kind for knob in g1.training.knobs} == set(KINDS)
    assert len(g1.knobs) > 130
    startup = [name for name, knob in g1.knobs.items() if knob.description.can_resample_now]
    assert all(g1.knobs[name].resample is not None for name in startup)
    assert {name.split("/")[1] for name in startup} == {"foot_friction", "encoder_bias", "base_com", "mass", "motor"}
    assert g1.knobs["event/base_com/ranges/0"].resample is g1.knobs["event/base_com/ranges/1"].resample
    assert g1.knobs["environment/control_step"].read() == pytest.approx(0.02)
    assert g1.knobs["environment/observation_size/actor"].read() == 99
