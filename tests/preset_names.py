"""What a preset names, in a training that it has started."""

from __future__ import annotations

from curricula.load import make_curricula
from presets import Preset
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.run_index import read_state


def assert_trained_with_all_names(preset: Preset, folder: RunFolder) -> None:
    """Assert that a training of two iterations has finished, and has all knobs that its preset names."""
    state = read_state(folder)
    assert (state.status(False), state.iteration) == ("finished", 1)
    assert folder.path.parent.name == preset.experiment
    for knob, value in preset.knobs.items():
        assert state.knobs[knob].value == value, knob
    for pattern in preset.bounds:
        prefix, _, _ = pattern.partition("*")
        assert any(knob.startswith(prefix) for knob in state.knobs), pattern
    for curriculum in make_curricula(preset.curriculum):
        for knob, value in curriculum.values(curriculum.top).items():
            assert knob in state.knobs, f"{curriculum.name} turns {knob}"
            assert not state.knobs[knob].knob.read_only, knob
            assert isinstance(value, type(state.knobs[knob].value)), knob
