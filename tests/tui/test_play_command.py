"""`play` refuses what it can't play in one line, before a screen opens."""

from pathlib import Path

import pytest

ROLLOUTS = Path(__file__).parents[1] / "recordings" / "rollouts"
CARTPOLE = str(ROLLOUTS / "cartpole.rollout")


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (["none.rollout"], "no such"),
        ([CARTPOLE, __file__], "test_play_command.py"),
        ([CARTPOLE] * 3, "expected one or two rollouts, got 3"),
        ([CARTPOLE], "expected a terminal"),  # it could be played
    ],
)
def test_what_cannot_be_played_is_refused(fails, files, line):
    assert line in fails(2, "play", *files)
