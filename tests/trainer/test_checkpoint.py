"""Checkpoints and copies for an export: complete or absent, whatever happens."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CheckpointError, LiveCheckpoints, PointEnv, copy_policy, load_into_live, make_runner, read_checkpoint
    global torch
    import torch

    from tests.tiny_training import PointEnv, make_runner
    from trainer_proc.checkpoints.load import CheckpointError, load_into_live, read_checkpoint
    from trainer_proc.checkpoints.save import LiveCheckpoints
    from trainer_proc.export.job import copy_policy


OLD, NEW = b"the checkpoint of before", b"the new checkpoint, which is longer than the one before"


class HalfwayRunner:
    """Saves in two halves; `halfway` is called in between."""

    def __init__(self, halfway=lambda: None):
        self.current_learning_iteration = 7
        self.alg = None
        self.halfway = halfway
        self.infos = None
        self.saved = []
        self.failed = []
        LiveCheckpoints(
            self,
            infos=lambda: {"steering": 5},
            on_saved=lambda iteration, path: self.saved.append((iteration, path)),
            on_failed=lambda iteration, reason: self.failed.append((iteration, reason)),
        )

    def save(self, path, infos=None):
        self.infos = infos
        with open(path, "wb") as file:
            file.write(NEW[:20])
            file.flush()
            self.halfway()
            file.write(NEW[20:])


@pytest.fixture
def target(tmp_path):
    target = tmp_path / "model_7.pt"
    target.write_bytes(OLD)
    return target


def test_a_save_replaces_the_file_and_is_reported(target):
    runner = HalfwayRunner(lambda: seen.append(target.read_bytes()))
    seen = []
    runner.save(str(target), {"why": "test"})
    assert seen == [OLD]
    assert target.read_bytes() == NEW
    assert runner.saved == [(7, target)]
    assert runner.infos == {"why": "test", "steering": 5}
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError("no space left"), RuntimeError("unexpected pos\n64 vs 128")])
def test_a_full_disk_leaves_the_old_file_and_the_training_alone(target, error):
    def fail():
        raise error

    runner = HalfwayRunner(fail)
    runner.save(str(target))
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]
    assert runner.saved == []
    ((iteration, reason),) = runner.failed
    assert iteration == 7
    assert reason == f"model_7.pt can't be saved: {' '.join(str(error).split())}"


class UploadingWriter:
    """Stands for a service such as W&B, which is not at hand here."""

    def __init__(self, problem=None):
        self.problem = problem
        self.uploaded = []

    def save_model(self, path, it):
        if self.problem is not None:
            raise self.problem
        self.uploaded.append((Path(path).name, Path(path).read_bytes(), it))


class UploadingRunner(HalfwayRunner):
    """Saves a second file and uploads, as rsl-rl's runner does at the end of its `save`."""

    def __init__(self, logger):
        super().__init__()
        self.logger = logger

    def save(self, path, infos=None):
        super().save(path, infos)
        Path(path.replace(".pt", "_normalizer.pt")).write_bytes(b"second")
        self.logger.save_model(path, self.current_learning_iteration)


def test_what_a_runner_saves_and_uploads_has_the_name_of_the_checkpoint(target):
    writer = UploadingWriter()
    runner = UploadingRunner(writer)
    half = target.with_name(".model_70.pt")  # of a killed trainer
    half.write_bytes(NEW[:9])
    runner.save(str(target))
    runner.save(str(target))
    assert writer.uploaded == [("model_7.pt", NEW, 7)] * 2
    assert {path.name for path in target.parent.iterdir()} == {"model_7.pt", "model_7_normalizer.pt", half.name}


def test_an_upload_that_fails_is_reported_and_the_checkpoint_is_there(target):
    runner = UploadingRunner(UploadingWriter(ConnectionError("no network")))
    runner.save(str(target))
    assert target.read_bytes() == NEW
    assert runner.saved == [(7, target)]
    assert runner.failed == [(7, "model_7.pt can't be uploaded: no network")]


def test_an_interrupted_save_leaves_the_old_file(target):
    def interrupt():
        raise KeyboardInterrupt

    runner = HalfwayRunner(interrupt)
    with pytest.raises(KeyboardInterrupt):
        runner.save(str(target))
    assert target.read_bytes() == OLD
    assert list(target.parent.iterdir()) == [target]
    assert runner.saved == runner.failed == []


def test_a_trainer_killed_halfway_leaves_the_old_file_and_no_half_checkpoint(folder):
    target = folder.checkpoint(7)
    target.write_bytes(OLD)
    runner = HalfwayRunner(lambda: os.kill(os.getpid(), signal.SIGKILL))
    child = os.fork()
    if child == 0:
        runner.save(str(target))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert target.read_bytes() == OLD
    assert folder.checkpoints() == [target]


def test_checkpoints_are_listed_by_iteration(folder):
    for name in ("model_10.pt", "model_9.pt", "model_x.pt", ".model_11.pt", "model_8.pt.tmp"):
        (folder.path / name).touch()
    assert [path.name for path in folder.checkpoints()] == ["model_9.pt", "model_10.pt"]


def test_rsl_rl_reads_back_what_was_saved(folder):
    runner = make_runner(str(folder.path))
    live(runner)
    runner.save(str(folder.checkpoint(0)))
    other = make_runner(str(folder.path))
    with torch.no_grad():
        next(other.alg.actor.parameters()).add_(1.0)
    other.load(str(folder.checkpoint(0)))
    assert_same_weights(runner.alg.actor.state_dict(), other.alg.actor.state_dict())


def assert_same_weights(left, right):
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name


# --- Read and reloaded ------------------------------------------------------------------------------------


def live(runner, infos=None):
    """Checkpoints of `runner`, with the reasons of those that failed in `failed`."""
    failed = []
    checkpoints = LiveCheckpoints(
        runner, lambda: infos or {}, lambda iteration, path: None, lambda *failure: failed.append(failure)
    )
    checkpoints.failed = failed
    return checkpoints


def test_the_library_does_not_save_again_what_is_complete_unless_steering_has_changed(tmp_path):
    runner = make_runner(str(tmp_path))
    runner.logger.writer = SimpleNamespace()
    state, saved = {"steering": 1}, []
    checkpoints = LiveCheckpoints(
        runner, lambda: dict(state), lambda iteration, path: saved.append(iteration), lambda *failure: None
    )
    own = str(tmp_path / "model_0.pt")
    checkpoints.save_complete(0)
    for _ in range(2):  # at its interval, and at the end
        runner.save(own)
    assert saved == [0]
    state["steering"] = 2  # changed during a pause
    runner.save(own)
    assert saved == [0, 0]
    checkpoints.save_complete(0)
    checkpoints.save(0)  # on request
    assert saved == [0, 0, 0, 0]


def test_a_checkpoint_is_read_without_running_code_in_it(folder, tmp_path):
    class Code:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was run"),)

    torch.save({"actor_state_dict": {}, "infos": Code()}, folder.checkpoint(0))
    with pytest.raises(CheckpointError) as refused:
        read_checkpoint(folder.checkpoint(0))
    assert str(refused.value).endswith("model_0.pt can't be loaded safely: it calls posix.mkdir")
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "was run").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint", OLD * 100])
def test_what_is_no_checkpoint_is_refused_in_one_line(folder, content):
    folder.checkpoint(0).write_bytes(content)
    with pytest.raises(CheckpointError) as refused:
        read_checkpoint(folder.checkpoint(0))
    assert len(str(refused.value).splitlines()) == 1
    assert str(folder.checkpoint(0)) in str(refused.value)


def test_a_checkpoint_with_a_damaged_byte_is_read_or_refused(folder):
    make_runner(str(folder.path)).save(str(folder.checkpoint(0)))
    whole = folder.checkpoint(0).read_bytes()
    for position in range(0, len(whole), len(whole) // 150):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        folder.checkpoint(0).write_bytes(damaged)
        with suppress(CheckpointError):
            read_checkpoint(folder.checkpoint(0))


@pytest.mark.parametrize("content", [[1, 2], {"weights": {}}, "a tensor"], ids=["list", "dict", "tensor"])
def test_what_holds_no_actor_is_refused(folder, content):
    torch.save(torch.zeros(3) if content == "a tensor" else content, folder.checkpoint(0))
    with pytest.raises(CheckpointError, match="no rsl-rl checkpoint: it has no actor"):
        read_checkpoint(folder.checkpoint(0))


def test_half_a_checkpoint_and_none_at_all_are_refused(folder):
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        read_checkpoint(folder.checkpoint(0))
    runner = make_runner(str(folder.path))
    runner.save(str(folder.checkpoint(0)))
    whole = folder.checkpoint(0).read_bytes()
    folder.checkpoint(0).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError):
        read_checkpoint(folder.checkpoint(0))


RND = {
    "num_outputs": 2,
    "predictor_hidden_dims": [4],
    "target_hidden_dims": [4],
    "state_normalization": True,
    "reward_normalization": True,
    "weight": 0.1,
}


def train(folder, actions, iterations=6, **arguments):
    """Train; `actions` are called with the runner at the ends of their iterations. Return the runner."""
    runner = make_runner(str(folder.path), normalize=True, **arguments)
    log = runner.logger.log

    def log_and_act(*, it, **rest):
        log(it=it, **rest)
        actions.get(it, lambda runner: None)(runner)

    runner.logger.log = log_and_act
    runner.learn(iterations)
    runner.logger.writer.close()
    return runner


def poison(runner):
    """Fill weights, normalizers and the optimizer with NaN, as one bad update does."""
    with torch.inference_mode():
        for module in (runner.alg.actor, runner.alg.critic):
            for tensor in (*module.parameters(), *module.buffers()):
                if tensor.is_floating_point():
                    tensor.fill_(float("nan"))
        for state in runner.alg.optimizer.state.values():
            state["exp_avg"].fill_(float("nan"))
    runner.logger.rewbuffer.append(float("nan"))
    runner.logger.cur_reward_sum[0] = float("nan")


def optimizer_steps(runner):
    return int(next(iter(runner.alg.optimizer.state.values()))["step"])


@pytest.mark.parametrize("extra", [{}, {"rnd_cfg": RND}], ids=["PPO", "with RND"])
def test_a_policy_of_nan_is_healed_during_training_and_continues_learning(folder, extra, monkeypatch):
    monkeypatch.setattr(PointEnv, "step_dt", 0.1, raising=False)
    seen = {}

    def reload(runner):
        poison(runner)
        content = read_checkpoint(folder.checkpoint(0))
        if any(buffer.is_inference() for buffer in runner.alg.actor.buffers()):  # rsl-rl 5.4: updated in the rollout
            with pytest.raises(RuntimeError, match="nference tensor"):  # the reason for loading in two steps
                runner.alg.load(content, None, True)
        seen["name"] = live(runner).reload(0)
        assert_same_weights(runner.alg.actor.state_dict(), content["actor_state_dict"])
        assert_same_weights(runner.alg.critic.state_dict(), content["critic_state_dict"])
        seen["steps"] = optimizer_steps(runner)
        seen["count"] = int(runner.alg.actor.obs_normalizer.count)
        seen["weights"] = [parameter.clone() for parameter in runner.alg.actor.parameters()]

    runner = train(folder, {3: reload}, **extra)
    assert seen["name"] == "model_0.pt"
    assert runner.current_learning_iteration == 5
    assert optimizer_steps(runner) == seen["steps"] * 3  # iterations 0, 4 and 5
    assert int(runner.alg.actor.obs_normalizer.count) == seen["count"] * 3
    for before, parameter in zip(seen["weights"], runner.alg.actor.parameters(), strict=True):
        assert torch.isfinite(parameter).all()
        assert not torch.equal(before, parameter)
    assert all(torch.isfinite(torch.tensor(runner.logger.rewbuffer)))
    assert torch.isfinite(runner.logger.cur_reward_sum).all()


def test_only_the_checkpoint_of_the_very_iteration_is_reloaded(folder):
    names = []

    def save(runner):
        runner.save(str(folder.checkpoint(runner.current_learning_iteration)))

    def reload(runner):
        names.extend(live(runner).reload(newest) for newest in (4, 2, 1, 0, -1))

    train(folder, {2: save, 4: reload})
    assert names == [None, "model_2.pt", None, "model_0.pt", None]


def test_a_policy_of_nan_is_not_saved_over_a_good_one(folder):
    runner = make_runner(str(folder.path), normalize=True)
    failed = []
    LiveCheckpoints(runner, dict, lambda *saved: None, lambda *why: failed.append(why))
    runner.save(str(folder.checkpoint(0)))
    good = folder.checkpoint(0).read_bytes()
    poison(runner)
    runner.save(str(folder.checkpoint(0)))
    assert folder.checkpoint(0).read_bytes() == good
    assert failed == [(0, "model_0.pt is not saved: the policy is not finite")]


def test_a_checkpoint_that_can_not_be_reloaded_leaves_the_training_alone(folder):
    def reload(runner):
        checkpoints = live(runner)
        torch.save({"model_state_dict": {}}, folder.checkpoint(1))  # of another version
        assert checkpoints.reload(1) is None
        folder.checkpoint(1).write_bytes(b"damaged")
        assert checkpoints.reload(1) is None
        assert [(iteration, len(reason.splitlines())) for iteration, reason in checkpoints.failed] == [(1, 1), (1, 1)]

    train(folder, {1: reload}, iterations=3)


def test_a_checkpoint_that_another_rank_can_not_read_is_loaded_by_none(folder):
    def reload(runner):
        before = [parameter.clone() for parameter in runner.alg.actor.parameters()]
        assert live(runner).reload(2, on_all_ranks=lambda is_so: False) is None
        for parameter, kept in zip(runner.alg.actor.parameters(), before, strict=True):
            assert torch.equal(parameter, kept)

    train(folder, {2: reload}, iterations=3)


def test_a_live_load_brings_the_learning_rate_of_the_checkpoint(folder):
    def change(runner):
        runner.alg.learning_rate = runner.alg.optimizer.param_groups[0]["lr"] = 0.5
        load_into_live(runner, read_checkpoint(folder.checkpoint(0)))
        assert runner.alg.learning_rate == runner.alg.optimizer.param_groups[0]["lr"] == 0.001

    train(folder, {1: change}, iterations=2, schedule="fixed", learning_rate=0.001)


def test_a_copied_policy_stays_as_it_was_while_training_continues():
    runner = make_runner()
    before = {name: value.clone() for name, value in runner.alg.actor.state_dict().items()}
    copied = copy_policy(runner, 12)
    with torch.no_grad():
        for parameter in runner.alg.actor.parameters():
            parameter += 1.0
    assert copied["iter"] == 12
    assert_same_weights(copied["actor_state_dict"], before)
