"""Evaluations: which episodes count, which requests are refused, and a real one of a small task."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.program import program
from tests.trainer.untrained_run import MASS, SPEC, untrained_run
from tests.waiting import PATIENCE_SECONDS
from trainer_proc.contract.child_process import child_environment
from trainer_proc.contract.evaluation import Request, read_result, result_file
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress, Refusal

EPISODES = 5


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global LONGEST, Counting, Game, InTime, StandStill, evaluate, load_policy, play, stage_of, torch
    import torch

    from tests.trainer.evaluated_games import LONGEST, Counting, Game, InTime, StandStill, stage_of
    from trainer_proc.evaluation.evaluate import evaluate
    from trainer_proc.evaluation.play import play
    from trainer_proc.evaluation.policy import load_policy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return untrained_run(tmp_path_factory.mktemp("runs"))


# --- episodes ---


def played(game, count, seed=0, report=lambda done, total: None):
    return play(stage_of(game), StandStill(), InTime(), Counting(), range(count), seed=seed, report=report)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 9))
def test_every_environment_s_first_whole_episode_counts_and_no_other(lengths, count):
    game, reports = Game(lengths), []
    rows = played(game, count, report=lambda *report: reports.append(report))
    assert len(rows) == count
    for number, row in enumerate(rows):
        length = lengths[number % len(lengths)]
        assert row["success"] == float(length == LONGEST)
        assert row["score/survival"] == length / LONGEST
        assert row["reward"] == length
        assert row["cell"] == number
        assert row["steps alive"] == length - 1  # the state after the last step is that of the next episode
    rounds = -(-count // len(lengths))
    assert game.seeds == list(range(rounds))
    assert all(total == rounds * LONGEST and 0 < done <= total for done, total in reports)
    assert reports == sorted(reports)


def test_the_same_seed_draws_the_same_random_numbers_however_episodes_end():
    draws = []
    for lengths in ((LONGEST, 3), (1, LONGEST)):
        game = Game(lengths)
        played(game, 2, seed=5)
        draws.append(game.drawn)
    assert draws[0] == draws[1]


def test_an_episode_that_never_ends_has_no_success():
    (row,) = played(Game((10**6,)), 1)
    assert row["success"] is None


# --- requests ---


def refusal(folder, **changes):
    """Return the message and the exit code of a request that is refused before anything is built."""
    from curricula.errors import UserError

    before = sorted(folder.path.rglob("*"))
    request = Request(run=str(folder.path), checkpoint=str(folder.checkpoint(7)))
    with pytest.raises(UserError) as error:
        evaluate(msgspec.structs.replace(request, **changes), lambda progress: None)
    assert sorted(folder.path.rglob("*")) == before
    assert len(str(error.value).splitlines()) == 1
    return str(error.value), error.value.exit_code


def test_wrong_numbers_are_refused(folder):
    assert refusal(folder, episodes=-1) == ("expected at least 1 episode in each cell, got -1", 2)
    assert refusal(folder, num_envs=-2) == ("expected at least 1 environment, got -2", 2)
    assert refusal(folder, seed=2**31)[1] == 2


def test_a_suite_that_the_task_can_t_have_is_refused(folder):
    message = "commands: expected a task with a velocity command or goals, got none: use quick"
    assert refusal(folder, suite="commands") == (message, 2)


def test_a_device_that_is_not_there_is_refused(folder):
    assert "no such device: cuda:63" in refusal(folder, device="cuda:63")[0]


def test_a_folder_without_a_run_is_refused(folder, tmp_path):
    assert "is no run" in refusal(folder, run=str(tmp_path))[0]


def test_a_policy_of_another_library_needs_its_description(folder, tmp_path):
    other = RunFolder(tmp_path)
    other.write_spec(msgspec.structs.replace(SPEC, library="skrl"))
    message, code = refusal(folder, run=str(tmp_path))
    assert message.startswith(f"{tmp_path}/params/policy.json is missing, and the run can't be described again")
    assert code == 1


@settings(max_examples=10)
@given(st.binary(max_size=300), st.floats(0, 0.999))
def test_a_damaged_checkpoint_is_refused(folder, tmp_path_factory, rubbish, share):
    path = tmp_path_factory.mktemp("damaged") / "model_1.pt"
    path.write_bytes(rubbish)
    assert str(path) in refusal(folder, checkpoint=str(path))[0]
    whole = folder.checkpoint(7).read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert str(path) in refusal(folder, checkpoint=str(path))[0]


def test_a_missing_checkpoint_is_refused(folder, tmp_path):
    for name in ("model_9.pt", "policy.onnx"):
        assert "no such" in refusal(folder, checkpoint=str(tmp_path / name))[0]


def test_a_policy_that_is_not_finite_is_refused(folder, tmp_path):
    content = torch.load(folder.checkpoint(7))
    content["actor_state_dict"]["mlp.0.weight"][0, 0] = torch.nan
    torch.save(content, tmp_path / "model_7.pt")
    assert "expected a finite policy" in refusal(folder, checkpoint=str(tmp_path / "model_7.pt"))[0]


def test_other_networks_are_refused_before_the_build(folder, tmp_path):
    content = torch.load(folder.checkpoint(7))
    content["actor_state_dict"]["mlp.0.weight"] = torch.zeros(3, 5)
    torch.save(content, tmp_path / "model_7.pt")
    assert "hidden layers" in refusal(folder, checkpoint=str(tmp_path / "model_7.pt"))[0]


def test_a_text_that_is_no_request_ends_with_2():
    done = subprocess.run(
        [sys.executable, "-m", "trainer_proc.evaluation", "{}"], capture_output=True, env=child_environment()
    )
    assert done.returncode == 2
    assert b"expected a request" in done.stdout


# --- a real evaluation ---


def test_an_exported_policy_acts_as_its_checkpoint(folder):
    torch.testing.assert_close(folder.actions["onnx"], folder.actions["pt"], atol=1e-5, rtol=1e-5)


def test_a_policy_is_evaluated_and_the_result_is_kept(folder, tmp_path):
    command = ("evaluate", str(folder.path), "--episodes", str(EPISODES), "--device", "cpu", "--num-envs", "2")
    shown = json.loads(program(tmp_path, *command, "--json"))
    result = read_result(result_file(folder, "model_7.pt", "quick"))
    assert shown["evaluations"][0]["means"]["success"]["episodes"] == EPISODES
    assert (result.iteration, result.num_envs, result.cells[0].episodes) == (7, 2, EPISODES)
    assert result.knobs == {MASS: (0.9, 1.1)}  # what is asked of the policy; rewards only train it
    assert result.episode_seconds == pytest.approx(0.5)
    assert all(len(values) == EPISODES for values in result.cells[0].values.values())
    names = {path.name for path in folder.evaluations.rglob("*.*")}
    assert {"quick.json", "quick.csv", "quick.svg"} <= names
    assert sorted(path.name for path in folder.path.iterdir()) == ["evaluations", "exported", "model_7.pt", "run.toml"]


def test_an_evaluation_ends_with_the_program_that_started_it(folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer_proc.evaluation", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
    )
    request = Request(run=str(folder.path), checkpoint=str(folder.checkpoint(7)), suite="quick", episodes=10**5)
    before = sorted(folder.path.rglob("*"))
    process.stdin.write(msgspec.json.encode(request) + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    process.stdin.close()
    answers = process.stdout.read().splitlines()
    assert process.wait(PATIENCE_SECONDS) == 1
    assert msgspec.json.decode(answers[-1], type=Progress | Refusal) == Refusal("the evaluation was cancelled")
    assert sorted(folder.path.rglob("*")) == before
