"""The line that names a rollout."""

from __future__ import annotations

from pathlib import Path

import msgspec

from trainer_proc.contract.rollout import Push, read_rollout, write_rollout
from tui.session.robot.recorded import recorded_robot, title_of

WALK = Path(__file__).parents[1] / "recordings" / "rollouts" / "g1-walk.rollout"


def test_a_title_begins_with_why_a_rollout_ends_early(tmp_path):
    file = tmp_path / "cut.rollout"
    file.write_bytes(WALK.read_bytes()[:20_000])
    recorded = recorded_robot(file)
    assert recorded.title.startswith(f"cut off after {len(recorded.history) * 0.04:.1f} s  model_850.pt")


def test_a_title_names_what_was_asked_for(tmp_path):
    walk = read_rollout(WALK)
    header = msgspec.structs.replace(
        walk.header, run="run", command=(0.5, 0.0, -1.0), terrain="stairs:4", pushes=(Push(1.0, 1.0, 0.0),) * 2
    )
    write_rollout(tmp_path / "a.rollout", header, walk.scene, walk.states[:1])
    title = title_of(read_rollout(tmp_path / "a.rollout"))
    assert title == "model_850.pt  run  command 0.5, 0, -1  stairs:4  2 pushes"
