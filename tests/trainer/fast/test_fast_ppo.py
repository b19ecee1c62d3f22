"""rsl-rl's PPO in fast mode learns bit for bit as without it; on a CPU, each graph is the work itself."""

from __future__ import annotations

from functools import partial

import pytest


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global FastReport, NoiseFree, Observer, PointEnv, PpoDiagnostics, algorithm_knobs, attach_fast_ppo, make_runner
    global CaptureError, capture, load_into_live, own, part, read_checkpoint, torch
    import torch

    from tests import own_algorithms as own
    from tests.tiny_training import PointEnv, make_runner
    from trainer_proc.checkpoints.load import load_into_live, read_checkpoint
    from trainer_proc.fast import part
    from trainer_proc.fast.graph import CaptureError, capture
    from trainer_proc.fast.ppo.attach import attach_fast_ppo
    from trainer_proc.fast.report import FastReport
    from trainer_proc.knobs.algorithm import algorithm_knobs
    from trainer_proc.metrics.observer import Observer
    from trainer_proc.metrics.ppo_diagnostics import PpoDiagnostics
    from trainer_proc.metrics.success.noise_free import NoiseFree


PARTS = ["ppo/act", "ppo/process_env_step", "ppo/compute_returns", "ppo/update"]
EVERY = {"normalize": True, "num_mini_batches": 3, "desired_kl": 0.01, "learning_rate": 0.003}


def made(is_fast, is_split=False, **settings):
    """Return a runner with diagnostics, and the report of its fast mode."""
    if is_split:
        settings["environment"] = lambda: PointEnv(range(17))
    runner, report = make_runner(**{**EVERY, **settings}), FastReport()
    if is_split:
        NoiseFree(runner, 0.03).install(Observer())
    fast = attach_fast_ppo(runner, report) if is_fast else None
    runner.diagnostics = PpoDiagnostics(runner.alg)
    if fast is not None:
        fast.on_update(runner.diagnostics.take)
        runner.cfg["check_for_nan"] = not fast.check_for_nan(True)
    runner.losses, runner.fast = [], fast
    inner = runner.alg.update
    runner.alg.update = lambda: runner.losses.append(inner()) or runner.losses[-1]
    return runner, report


def state_of(runner):
    """Return all that the training has learned, and the state of the random number generator."""
    algorithm = runner.alg
    storage = {
        name: getattr(algorithm.storage, name)
        for name in ("rewards", "dones", "values", "returns", "advantages", "actions", "actions_log_prob")
    }
    return {
        **algorithm.save(),
        "episodes": [list(runner.logger.rewbuffer), list(runner.logger.lenbuffer)],
        "storage": storage | {"observations": dict(algorithm.storage.observations.items())},
        "parameters": algorithm.storage.distribution_params,
        "rate": algorithm.learning_rate,
        "losses": runner.losses,
        "distribution": algorithm.actor.output_distribution_params,
        "metrics": runner.diagnostics.collect(),
        "random": torch.get_rng_state(),
    }


def assert_same(first, second):
    torch.testing.assert_close(first, second, atol=0.0, rtol=0.0)


def learned(is_fast, change=lambda runner: None, is_split=False, **settings):
    runner, report = made(is_fast, is_split, **settings)
    runner.learn(2)
    change(runner)
    runner.current_learning_iteration = 2
    runner.learn(2)
    return state_of(runner), report


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normalize": False, "schedule": "fixed", "num_learning_epochs": 2},
        {"use_clipped_value_loss": False, "normalize_advantage_per_mini_batch": True},
        {"is_split": True},
        {"desired_kl": None},
        {"max_grad_norm": 0.01, "entropy_coef": 0.1, "clip_param": 0.05, "optimizer": "adamw"},
    ],
    ids=["adaptive", "fixed", "other losses", "noise-free environments", "no KL", "small gradients"],
)
def test_it_learns_the_same(settings):
    (plain, _), (fast, report) = learned(False, **settings), learned(True, **settings)
    assert_same(fast, plain)
    assert [part.name for part in report.parts] == PARTS
    assert report.eager() == {}
    assert len(fast["losses"]) == 4


@pytest.mark.parametrize(
    ("settings", "eager"),
    [
        ({"symmetry_cfg": {}}, {"ppo/update": "symmetry augments mini-batches eagerly"}),
        ({"optimizer": "sgd"}, {"ppo/update": "expected Adam or AdamW, got SGD"}),
        (
            {"rnd_cfg": {}},
            {
                "ppo/process_env_step": "intrinsic rewards (RND) are computed eagerly",
                "ppo/update": "the update of RND runs eagerly",
            },
        ),
    ],
    ids=["symmetry", "sgd", "rnd"],
)
def test_what_can_not_be_captured_runs_eagerly(settings, eager, monkeypatch):
    monkeypatch.setattr(PointEnv, "step_dt", 0.02, raising=False)  # rsl-rl's RND scales its weight by it

    def extended():
        return {
            name: {**{"rnd_cfg": own.RND, "symmetry_cfg": own.SYMMETRY}[name], **value} if value == {} else value
            for name, value in settings.items()
        }

    (plain, _), (fast, report) = learned(False, **extended()), learned(True, **extended())
    assert report.eager() == eager
    assert_same(fast, plain)


@pytest.mark.parametrize(
    "settings",
    [
        {"distribution": "HeteroscedasticGaussianDistribution"},
        {"model": {"class_name": "RNNModel", "rnn_type": "gru", "rnn_hidden_dim": 4, "rnn_num_layers": 1}},
    ],
    ids=["own deviations", "gru"],
)
def test_other_policies_run_eagerly(settings):
    _, report = made(True, **settings)
    assert list(report.eager()) == PARTS
    assert all(reason.startswith("expected") for reason in report.eager().values())


def test_an_overridden_method_runs_eagerly():
    runner = make_runner()
    runner.alg.act = lambda obs: type(runner.alg).act(runner.alg, obs)
    report = FastReport()
    attach_fast_ppo(runner, report)
    assert report.eager()["ppo/act"] == "act is not rsl-rl's own"


# --- captures ---


def warmed_up(work, device, changed=(), is_refused=False, **_):
    """Stand in for a capture on a GPU: run the work, then put back what it has changed."""
    with torch.inference_mode():
        copies = [tensor.clone() for tensor in changed]
    state = torch.get_rng_state()
    for _ in range(2):
        work()
    with torch.inference_mode():
        for tensor, copy in zip(changed, copies, strict=True):
            tensor.copy_(copy)
    torch.set_rng_state(state)
    if is_refused:
        raise CaptureError("waits for the device")
    return capture(work, device)


@pytest.mark.parametrize("is_refused", [False, True])
@pytest.mark.parametrize("is_split", [False, True])
def test_a_capture_leaves_no_trace(is_refused, is_split, monkeypatch, tmp_path):
    plain, _ = learned(False, is_split=is_split, log_dir=str(tmp_path / "plain"))
    monkeypatch.setattr(part, "capture", partial(warmed_up, is_refused=is_refused))
    fast, report = learned(True, is_split=is_split, log_dir=str(tmp_path / "fast"))
    assert_same(fast, plain)
    reason = "the actions of this step were not drawn by a graph"
    refused = dict.fromkeys(PARTS, "waits for the device") | {"ppo/process_env_step": reason}
    assert report.eager() == (refused if is_refused else {})


@pytest.mark.parametrize("refused", PARTS)
def test_one_part_that_is_refused_leaves_the_others(refused, monkeypatch):
    plain, _ = learned(False)

    def capture_others(work, *arguments, **options):
        works = dict(zip(PARTS, ("_act_work", "_process_work", "_returns_work", "step"), strict=True))
        return warmed_up(work, *arguments, is_refused=work.__name__ == works[refused], **options)

    monkeypatch.setattr(part, "capture", capture_others)
    fast, report = learned(True)
    assert_same(fast, plain)
    assert refused in report.eager()


# --- changes ---

CHANGES = {
    "ppo/learning_rate": 0.0005,
    "ppo/desired_kl": 0.0001,
    "ppo/clip_param": 0.01,
    "ppo/entropy_coef": 0.5,
    "ppo/value_loss_coef": 0.1,
    "ppo/gamma": 0.5,
    "ppo/lam": 0.2,
    "ppo/max_grad_norm": 0.001,
    "ppo/num_learning_epochs": 2,
    "ppo/schedule": "fixed",
}


@pytest.fixture(scope="module")
def unchanged():
    return learned(True)[0]


def turn(runner, name):
    (knob,) = [knob for knob in algorithm_knobs(runner.alg) if knob.name == name]
    knob.write(CHANGES[name])


def test_all_knobs_of_ppo_are_changed_here():
    assert set(CHANGES) == {knob.name for knob in algorithm_knobs(make_runner().alg)}


@pytest.mark.parametrize("name", CHANGES)
def test_a_turned_knob_has_the_effect_that_it_has_without_fast_mode(name, unchanged):
    (plain, _), (fast, report) = (
        learned(is_fast, change=lambda runner: turn(runner, name)) for is_fast in (False, True)
    )
    assert_same(fast, plain)
    assert fast["losses"] != unchanged["losses"]
    captures = {part.name: part.captures for part in report.parts}
    assert captures == dict.fromkeys(PARTS, 1) | {"ppo/update": 2 if name == "ppo/num_learning_epochs" else 1}


def test_training_mode_captures_again():
    runner, report = made(True)
    runner.learn(1)
    runner.alg.eval_mode()
    runner.alg.update()
    assert {part.name: part.captures for part in report.parts}["ppo/update"] == 1
    runner.alg.train_mode()
    runner.learn(1)
    assert {part.name: part.captures for part in report.parts}["ppo/update"] == 2


# --- checkpoints ---


@pytest.mark.parametrize(("saved_by", "loaded_by"), [(True, False), (False, True), (True, True)])
def test_checkpoints_load_with_and_without_fast_mode(saved_by, loaded_by, tmp_path):
    def continued(is_saver_fast, is_loader_fast):
        path = tmp_path / f"{is_saver_fast}-{is_loader_fast}.pt"
        first, _ = made(is_saver_fast)
        first.learn(3)
        first.save(str(path))
        second, _ = made(is_loader_fast)
        second.learn(2)  # its graphs have other states of the optimizer
        torch.manual_seed(5)
        content = read_checkpoint(path)
        load_into_live(second, content)
        second.learn(2)
        return content, state_of(second)

    (plain_file, plain), (file, fast) = continued(False, False), continued(saved_by, loaded_by)
    assert_same(file, plain_file)
    assert_same(fast, plain)


def test_the_file_has_the_rate_as_a_number_and_counters_on_the_cpu():
    runner, _ = made(True)
    runner.learn(3)
    saved = runner.alg.save()["optimizer_state_dict"]
    assert all(type(group["lr"]) is float and not group["capturable"] for group in saved["param_groups"])
    assert all(state["step"].device.type == "cpu" for state in saved["state"].values())
    assert type(runner.alg.learning_rate) is float


# --- a broken policy ---


def test_invalid_deviations_end_the_update_as_in_torch():
    runner, _ = made(True)
    runner.fast.check_for_nan(False)
    runner.learn(2)
    with torch.no_grad():
        runner.alg.actor.distribution.std_param[:] = torch.nan
    with pytest.raises(RuntimeError, match=r"normal expects all elements of std >= 0\.0"):
        runner.learn(1)
