"""Several training processes that act as one, under `torchrun`, on the CPU."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest

from tests.scripts import train_point, train_preset
from tests.warm_python.warm_client import SERVER
from trainer_proc.contract.messages import Ramp
from trainer_proc.contract.products import CheckpointSaved, PolicyReloaded
from trainer_proc.contract.requests import Pause, Reload, Resume, Stop, Tune, Undo

pytestmark = pytest.mark.usefixtures("warm_python")

ENTROPY, EPOCHS, CLIP = "ppo/entropy_coef", "ppo/num_learning_epochs", "ppo/clip_param"
RANKS = (0, 1)


@pytest.fixture
def run(tmp_path):
    """The script of `tests.train_point` on two ranks, training."""
    run = train_point(tmp_path / "logs" / "point" / "two_ranks", "--refusing-rank", "1", ranks=2)
    yield run
    run.kill()


def rollouts(run, rank):
    return [line for line in run.witness(rank) if isinstance(line, list)]


def test_two_ranks_are_steered_as_one(run):
    run.trains()
    assert run.folder.read_spec().processes == 2

    refused = run.ask(Tune({ENTROPY: 0.5, EPOCHS: 3.0})).intervention
    tuned = run.applied(Tune({ENTROPY: 0.02, EPOCHS: 2.0}))
    assert refused not in run.state.interventions
    undone = run.applied(Undo())
    ramped = run.applied(Tune({ENTROPY: 0.05}, ramp=Ramp(4)))
    run.wait(lambda state: state.knobs[ENTROPY].ramp is None, "the end of the ramp")

    run.ask(Pause())
    run.wait(lambda state: state.phase.phase == "paused", "the pause")
    held_at = run.state.iteration
    run.applied(Tune({CLIP: 0.3}))  # some looks at the orders later
    assert [len(rollouts(run, rank)) for rank in RANKS] == [held_at + 1] * 2
    run.ask(Reload())  # ends the pause too
    run.trains()
    assert run.state.reloads == [PolicyReloaded(held_at + 1, "model_0.pt")]

    run.ask(Stop())
    assert run.ends() == 0, run.console.read_text()[-3000:]
    assert run.state.status(False) == "stopped"

    first, second = (rollouts(run, rank) for rank in RANKS)
    assert first == second
    assert len(first) == run.state.iteration + 1
    assert first[tuned.iteration - 1 : tuned.iteration + 1] == [[0.01, 5, 0.2], [0.02, 2, 0.2]]
    assert first[undone.iteration] == [0.01, 5, 0.2]
    assert [0.5, 3, 0.2] not in first
    ramp = [entropy for entropy, _, _ in first[ramped.iteration : ramped.iteration + 4]]
    assert ramp == pytest.approx([0.02, 0.03, 0.04, 0.05])
    assert first[held_at][2] == 0.2
    assert first[held_at + 1][2] == 0.3

    weights = [run.witness(rank)[-1]["after"] for rank in RANKS]
    assert weights[0] == weights[1]
    saved = [frame.body for frame in run.frames if isinstance(frame.body, CheckpointSaved)]
    assert [body.iteration for body in saved].count(run.state.iteration) == 1


def test_two_ranks_are_driven_by_curricula_as_one(tmp_path):
    stages = {"kind": "staged", "stages": [{ENTROPY: 0.02}, {ENTROPY: 0.03}], "thresholds": [-0.1], "stay": 3}
    points = [{"at": at, "set": {CLIP: clip}} for at, clip in ((0, 0.1), (4, 0.3), (5, 0.2))]
    tables = {"stages": stages | {"episodes": 0}, "clip": {"kind": "schedule", "points": points}}
    run = train_point(tmp_path / "logs" / "point" / "driven", "--curricula", json.dumps(tables), ranks=2)
    try:
        run.wait(lambda state: state.iteration is not None and state.iteration >= 6, "iteration 6")
        taken_over = run.applied(Tune({ENTROPY: 0.05}))
        run.trains()
        run.ask(Stop())
        assert run.ends() == 0, run.console.read_text()[-3000:]
    finally:
        run.kill()
    first, second = (rollouts(run, rank) for rank in RANKS)
    assert first == second
    assert [clip for _, _, clip in first[:7]] == pytest.approx([0.1, 0.15, 0.2, 0.25, 0.3, 0.2, 0.2])
    assert [entropy for entropy, _, _ in first[:7]] == [0.02] * 3 + [0.03] * 4
    assert {entropy for entropy, _, _ in first[taken_over.iteration :]} == {0.05}
    assert run.state.knobs["curriculum/stages/mode"].value == "hold"


def test_ctrl_c_stops_two_ranks_with_a_checkpoint(run):
    run.trains()
    run.process.send_signal(signal.SIGINT)  # to torchrun, which a terminal interrupts and which passes it on
    run.ends()
    assert run.state.status(False) == "stopped"
    assert run.folder.checkpoint(run.state.iteration).is_file()
    assert all("after" in run.witness(rank)[-1] for rank in RANKS)


# --- Our own trainer --------------------------------------------------------------------------------------

WEIGHT = "reward/smooth_reward/weight"


@pytest.mark.real
def test_our_own_trainer_is_steered_on_two_ranks(tmp_path):
    run = train_preset(tmp_path / "logs" / "cartpole" / "two", ranks=2, set={"ppo/entropy_coef": 0.02})
    try:
        run.trains()
        assert run.state.knobs[ENTROPY].value == 0.02
        assert run.state.environment_steps % (2 * 4) == 0  # rsl-rl counts those of both ranks
        applied = run.applied(Tune({WEIGHT: 10.0}))
        run.ask(Pause())
        run.wait(lambda state: state.phase.phase == "paused", "the pause")
        run.applied(Undo())
        run.ask(Resume())
        assert run.trains() > applied.iteration
        run.ask(Stop())
        assert run.ends() == 0, run.console.read_text()[-3000:]
        assert run.state.status(False) == "stopped"
        assert run.folder.checkpoints()[-1] == run.folder.checkpoint(run.state.iteration)
    finally:
        run.kill()


@pytest.mark.real
def test_a_stop_during_the_build_ends_all_ranks(tmp_path):
    run = train_preset(tmp_path / "logs" / "cartpole" / "early", ranks=2)
    try:
        run.wait(lambda state: state.phase is not None, "the first phase")
        run.ask(Stop())
        run.ends()
        assert run.state.status(False) == "stopped"
        assert run.state.iteration is None
        assert run.folder.checkpoints() == []
        assert server_answers()  # the rank ends its launcher, not the process that it was forked from
    finally:
        run.kill()


def server_answers():
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(os.environ[SERVER]) == 0
