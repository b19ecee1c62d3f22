"""Changes that a checkpoint lacks are listed when a run continues from it, and made again if that is wanted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.conftest import RUN, STARTED
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.messages import Change, InterventionApplied, InterventionFailed, InterventionQueued, Ramp
from trainer_proc.contract.products import CheckpointSaved
from tui.cli import run
from tui.session.launching.changes_after import changes_after
from tui.session.launching.launch_list import find_runs

pytestmark = pytest.mark.usefixtures("empty_working_directory")

WEIGHT, SPEED, MASS = "reward/upright/weight", "command/speed", "event/body/mass"


def applied(number, knob, old, new, iteration=60, origin="person", **more):
    return InterventionApplied(number, origin, iteration, number, (Change(knob, old, new),), **more)


def queued(number, knob, old, new):
    return InterventionQueued(number, "person", (Change(knob, old, new),), revision=number)


BODIES = (
    STARTED,
    applied(1, WEIGHT, 1.0, 1.5, 40),
    CheckpointSaved(50, "model_50.pt"),
    applied(2, WEIGHT, 1.5, 2.0, 51),  # at the very boundary, behind the checkpoint
    applied(3, SPEED, 0.0, 0.1, ramp=Ramp(10, targets={SPEED: 1.0})),
    applied(4, WEIGHT, 2.0, 3.0, origin="curriculum"),
    queued(5, MASS, 1.0, 1.2),
    queued(6, MASS, 1.0, 9.0),
    InterventionFailed(6, 61, "no"),
)


@pytest.fixture
def ended(make_run):
    folder = make_run(RUN, *BODIES)
    folder.checkpoint(50).write_bytes(WHOLE_CHECKPOINT)
    return folder


def test_the_changes_behind_the_checkpoint_are_those_of_the_user_that_it_lacks(ended):
    found = changes_after(ended, ended.checkpoint(50))
    assert [line.split()[0] for line in found.lines] == ["#2", "#3", "#5"]
    assert dict(found.values) == {WEIGHT: 2.0, SPEED: 1.0, MASS: 1.2}


def test_changes_that_were_taken_back_are_listed_and_need_nothing(make_run):
    folder = make_run(
        RUN,
        CheckpointSaved(50, "model_50.pt"),
        applied(1, WEIGHT, 1.0, 2.0),
        applied(2, WEIGHT, 2.0, 1.0, undoes=1),
        applied(3, SPEED, 0.0, 1.0, pinned=(SPEED,)),
        InterventionApplied(4, "person", 61, 4, (), unpinned=(SPEED,)),
    )
    found = changes_after(folder, folder.checkpoint(50))
    assert len(found.lines) == 4
    assert found.values == ()


@pytest.mark.parametrize(
    ("later", "values"),
    [
        ((), {MASS: 1.2}),
        ((applied(2, MASS, 1.2, 3.0, 80),), {MASS: 3.0}),
        ((applied(2, MASS, 1.2, 3.0, 80), CheckpointSaved(90, "model_90.pt")), {}),
    ],
)
def test_a_change_accepted_before_a_training_was_started_again_comes_before_later_ones(make_run, later, values):
    folder = make_run(RUN, STARTED, queued(1, MASS, 1.0, 1.2), replace(STARTED, pid=2), *later)
    assert dict(changes_after(folder, folder.checkpoint(90 if len(later) == 2 else 70)).values) == values


def test_a_checkpoint_of_another_run_includes_no_change_of_this_one(ended, tmp_path):
    assert len(changes_after(ended, tmp_path / "model_70.pt").lines) == 4


@pytest.mark.parametrize(
    ("options", "made", "told"), [((), {}, True), (("--replay",), {WEIGHT: 2.0, SPEED: 1.0, MASS: 1.2}, False)]
)
def test_resume_lists_the_changes_and_makes_them_again_on_request(started, ended, capsys, options, made, told):
    assert run(["resume", RUN, *options]) == 0
    said = capsys.readouterr().err
    assert "3 changes after model_50.pt was saved:\n  #2 applied @51: reward/upright/weight 1.5 → 2\n" in said
    assert ("add --replay" in said) == told
    assert [spec.set for spec in started] == [made]


def test_the_launch_screen_s_row_makes_them_again_and_shows_them(ended):
    listed = find_runs(ended.path.parents[1])
    assert listed.continued.set == {WEIGHT: 2.0, SPEED: 1.0, MASS: 1.2}
    assert listed.changes.splitlines()[0] == "3 changes after model_50.pt was saved:"
