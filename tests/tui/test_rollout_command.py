"""The command `rollout` without a simulator: what it takes, where it writes, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from curricula.errors import UsageError
from trainer_proc.contract.rollout import Push, RolloutHeader, read_header, write_rollout
from trainer_proc.contract.rollout_request import Recorded
from tui.session.evaluations.targets import Target
from tui.session.rollout_text import recorded_text
from tui.session.rollouts.request import make_requests, parse_command, parse_push, parse_terrain


@pytest.mark.parametrize("text", ["", "0.5", "0.5,0", "0.5,0,0,0", "a,b,c", "nan,0,0", "1e999,0,0"])
def test_commands_that_are_none_are_refused(text):
    with pytest.raises(UsageError, match="expected FORWARD,LATERAL,YAW"):
        parse_command(text)


@pytest.mark.parametrize("text", ["", "2", "2:1", "2:1,0,0", ":1,0", "x:1,0", "inf:1,0", "2,1:0"])
def test_pushes_that_are_none_are_refused(text):
    with pytest.raises(UsageError, match="expected SECONDS:FORWARD,LATERAL"):
        parse_push(text)


def requests(folder, output=None, *, iterations=(4,), **changes):
    targets = [Target(folder, folder.checkpoint(iteration)) for iteration in iterations]
    asked = {"seconds": 3.0, "command": (), "pushes": (), "seed": 0} | changes
    return make_requests(targets, output, ["cpu"] * len(targets), **asked)


def test_names_tell_rollouts_of_one_checkpoint_apart(folder):
    names = [
        Path(requests(folder, **changes)[0].output).relative_to(folder.path)
        for changes in (
            {},
            {"command": parse_command("0.5,0,-0.25"), "seed": 3},
            {"pushes": (parse_push("2:1.5,0"),)},
            {"terrain": parse_terrain("steep stairs:4")},
        )
    ]
    assert [str(name) for name in names] == [
        "rollouts/model_4.rollout",
        "rollouts/model_4_command_0.5_0_-0.25_seed_3.rollout",
        "rollouts/model_4_push_2_1.5_0.rollout",
        "rollouts/model_4_terrain_steep_stairs_4.rollout",
    ]


def test_an_output_is_a_file_or_a_folder(folder, tmp_path):
    assert requests(folder, tmp_path / "a.rollout")[0].output == str(tmp_path / "a.rollout")
    in_folder = requests(folder, tmp_path, iterations=(4, 8))
    assert [request.output for request in in_folder] == [str(tmp_path / f"model_{n}.rollout") for n in (4, 8)]
    with pytest.raises(UsageError, match="expected a folder for 2 rollouts"):
        requests(folder, tmp_path / "a.rollout", iterations=(4, 8))
    with pytest.raises(UsageError, match=r"got model_4\.rollout twice"):
        requests(folder, tmp_path, iterations=(4, 4))


def test_only_a_rollout_is_replaced(folder, tmp_path):
    other, rollout = tmp_path / "notes.rollout", tmp_path / "old.rollout"
    other.write_text("mine")
    header = RolloutHeader(task="t", backend="mjlab", run="r", policy="p.pt", iteration=None, state_seconds=0.04)
    write_rollout(rollout, header, None, [])
    assert read_header(rollout) == header
    requests(folder, rollout)
    with pytest.raises(UsageError, match="expected a new file or a rollout to replace"):
        requests(folder, other)
    with pytest.raises(UsageError, match=r"expected a name that ends in \.rollout"):
        requests(folder, tmp_path / "model_4.pt")
    with pytest.raises(UsageError, match="can't be written"):
        requests(folder, other / "a.rollout")
    assert other.read_text() == "mine"


def test_a_rollout_is_reported_in_one_line():
    recorded = Recorded(
        path="/runs/a/rollouts/model_4.rollout", iteration=4, seconds=10.0, states=250, size=2048, falls=2, reward=1.5
    )
    assert recorded_text(recorded, Path("model_4.rollout")) == "model_4.rollout: 10 s, 2 falls, reward 1.5/s, 2.0 KiB"
    assert Push(1.0, 2.0, 0.0) == parse_push("1:2,0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rollout", "none.pt"), "no such file"),
        (("rollout", "latest", "--command", "1,0"), "expected FORWARD,LATERAL,YAW (m/s, m/s, rad/s)"),
        (("rollout", "latest", "--push", "1,0"), "expected SECONDS:FORWARD,LATERAL (s, m/s, m/s)"),
        (("rollout", "latest", "--terrain", "stairs"), "expected TYPE:LEVEL, such as stairs:4, got stairs"),
        (("viewer", "none.rollout"), "no such rollout: none.rollout"),
    ],
)
def test_wrong_use_is_one_line(fails, arguments, message):
    assert message in fails(2, *arguments)
