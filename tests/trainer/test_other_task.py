"""A training that begins with the weights of another task's policy, in real environments of mjlab."""

from __future__ import annotations

import shutil

import pytest

from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.run_folder import RunFolder, RunSpec

WALK, ROUGH = "Mjlab-Velocity-Flat-Unitree-G1", "HumanoidTui-Velocity-Terrains-Unitree-G1"
JOINTS_23 = "HumanoidTui-Velocity-Flat-Unitree-G1-23Dof"
SMALL = {f"agent.{network}.hidden_dims": [16, 8] for network in ("actor", "critic")}
MEASURED = {"env.observations.actor.terms.base_lin_vel": None, "env.observations.actor.history_length": 3}
SAMPLES = 10**8
ENVIRONMENTS = 2


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global CheckpointError, TensorDict, begin_from_other_task, load_backend, load_library, record_policy, simulator_of
    global torch
    import torch
    from tensordict import TensorDict

    from trainer_proc.checkpoints.load import CheckpointError
    from trainer_proc.export.record import record_policy
    from trainer_proc.rl_libraries.isaaclab.load import load_library
    from trainer_proc.simulators.registry import load_backend, simulator_of
    from trainer_proc.training.other_task import begin_from_other_task


class Built:
    """A training that is built and not begun; with `checkpoint`, it may begin from that of another task."""

    def __init__(self, folder, task, overrides=None, checkpoint=""):
        self.spec = RunSpec(
            preset="tests",
            backend="mjlab",
            task=task,
            experiment="tests",
            device="cpu",
            num_envs=ENVIRONMENTS,
            iterations=1,
            seed=3,
            overrides=SMALL | (overrides or {}),
            checkpoint=str(checkpoint),
            other_task=True,
        )
        backend = load_backend("mjlab", load_library)
        self.training = backend.build(backend.check(self.spec), folder)
        self.runner = self.training.runner
        self.env = self.runner.env.unwrapped
        self.emitted = []

    def begin(self, checkpoint=None):
        spec = self.spec if checkpoint is None else self.spec.__replace__(checkpoint=str(checkpoint))
        return begin_from_other_task(self.runner, spec, self.emitted.append)

    def output(self, network, observation):
        """Return what `network` makes of its observation (E, N)."""
        with torch.no_grad():
            return getattr(self.runner.alg, network)(TensorDict({network: observation}, batch_size=[len(observation)]))

    def newest(self, group, observation):
        """Return each term's part of the newest step of an observation (E, N)."""
        manager, start, parts = self.env.observation_manager, 0, {}
        for name, (size,) in zip(manager.active_terms[group], manager.group_obs_term_dim[group], strict=True):
            steps = max(1, manager.get_term_cfg(group, name).history_length)
            parts[name] = observation[:, start + size - size // steps : start + size]
            start += size
        return parts

    @property
    def joints(self):
        return list(self.env.scene["robot"].joint_names)

    def state(self, network):
        return getattr(self.runner.alg, network).state_dict()


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A policy of the flat task as if it had been trained, saved in its run's folder."""
    folder = RunFolder(tmp_path_factory.mktemp("walk") / "run")
    folder.path.mkdir()
    built = Built(folder, WALK)
    record_policy(built.runner, folder, built.spec, simulator_of(built.env))
    for network in ("actor", "critic"):
        state = built.state(network)
        for name in ("_mean", "_var", "_std"):
            state[f"obs_normalizer.{name}"].uniform_(0.5, 2.0)
        state["obs_normalizer.count"].fill_(SAMPLES)
    built.state("actor")["distribution.std_param"].uniform_(0.1, 0.4)
    built.checkpoint = folder.checkpoint(450)
    built.runner.current_learning_iteration = 450
    built.runner.save(str(built.checkpoint))
    yield built
    built.training.close()


def begun(walk, tmp_path, task, overrides=None):
    built = Built(RunFolder(tmp_path), task, overrides, walk.checkpoint)
    assert built.begin()
    return built


def seen_by(walk, network, built, observation):
    """Return the old network's observation of the same state: at its mean where the new task observes nothing."""
    parts = built.newest(network, observation)
    mean = walk.state(network)["obs_normalizer._mean"].expand(len(observation), -1).clone()
    for name, part in walk.newest(network, mean).items():
        if name not in parts:
            continue
        places = (
            [walk.joints.index(joint) for joint in built.joints] if part.shape != parts[name].shape else slice(None)
        )
        part[:, places] = parts[name]  # a view of `mean`
    return mean


def check_outputs(walk, built, network, actions=slice(None)):
    observation = torch.randn(5, built.state(network)["obs_normalizer._mean"].shape[1])
    expected = walk.output(network, seen_by(walk, network, built, observation))[:, actions]
    torch.testing.assert_close(built.output(network, observation), expected, atol=1e-5, rtol=0)


def scan(built, network, name):
    """Return the part of a tensor (…, N) that belongs to the new term."""
    return built.newest(network, built.state(network)[name])["height_scan"]


def test_a_policy_that_walks_begins_on_rough_ground(walk, tmp_path, capsys):
    built = begun(walk, tmp_path, ROUGH)
    try:
        text = (
            "copied 7 of 8 observation terms of the actor (new: height_scan), "
            "11 of 12 observation terms of the critic (new: height_scan)"
        )
        assert built.emitted == [CheckpointLoaded(0, str(walk.checkpoint), text)]
        assert capsys.readouterr().out.splitlines()[-1] == f"[checkpoint] {walk.checkpoint}: {text}"
        for network in ("actor", "critic"):
            check_outputs(walk, built, network)
            seen = built.newest(network, built.runner.env.get_observations()[network])["height_scan"]
            torch.testing.assert_close(scan(built, network, "obs_normalizer._mean")[0], seen.mean(0))
            torch.testing.assert_close(scan(built, network, "obs_normalizer._std")[0], seen.std(0, unbiased=False))
            assert not scan(built, network, "mlp.0.weight").any()
            assert built.state(network)["obs_normalizer.count"] == 500 * ENVIRONMENTS
        assert torch.equal(*(one.state("actor")["distribution.std_param"] for one in (built, walk)))
        assert built.runner.current_learning_iteration == 0
        assert not built.runner.alg.optimizer.state
        built.runner.learn(1)
        assert scan(built, "actor", "mlp.0.weight").any()  # it learns to use what is new
    finally:
        built.training.close()


def test_a_policy_that_walks_begins_with_fewer_joints_a_history_and_no_velocity(walk, tmp_path):
    built = begun(walk, tmp_path, JOINTS_23, MEASURED)
    try:
        kept = [walk.joints.index(joint) for joint in built.joints]
        assert len(kept) == 23
        check_outputs(walk, built, "actor", kept)
        check_outputs(walk, built, "critic")
        (loaded,) = built.emitted
        in_part = "base_ang_vel, projected_gravity, joint_pos, joint_vel, actions, command"
        assert f"copied 6 of 6 observation terms of the actor (in part: {in_part}; gone: base_lin_vel)" in loaded.copied
        assert loaded.copied.endswith("23 of 23 actions")
        stds = walk.state("actor")["distribution.std_param"][kept]
        assert torch.equal(built.state("actor")["distribution.std_param"], stds)
    finally:
        built.training.close()


def test_the_same_terms_continue_as_without_the_option(walk):
    before = walk.state("actor")["mlp.0.weight"].clone()
    assert not walk.begin(walk.checkpoint)
    assert (walk.emitted, walk.runner.current_learning_iteration) == ([], 450)
    assert torch.equal(walk.state("actor")["mlp.0.weight"], before)


def test_a_file_without_its_run_must_have_the_same_sizes(walk, tmp_path):
    alone = tmp_path / "model_1.pt"
    shutil.copy(walk.checkpoint, alone)
    assert not walk.begin(alone)
    content = torch.load(alone, weights_only=True)
    content["actor_state_dict"]["mlp.0.weight"] = torch.zeros(16, 98)
    torch.save(content, alone)
    with pytest.raises(CheckpointError) as error:
        walk.begin(alone)
    assert str(error.value) == (
        f"{alone} doesn't fit this training: actor: it takes 98 observations, this environment has 99; expected a "
        f"description of its observation terms, {tmp_path}/params/policy.json, got none: "
        "use the checkpoint in its run's folder"
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"mlp.0.weight": (16, 98)}, "expected 99 observations of the actor, as its run's params/policy.json says"),
        ({"rnn.weight": (1, 1)}, "expected a plain MLP, got rnn.weight"),
    ],
)
def test_a_file_of_another_run_or_network_is_refused_in_one_line(walk, changed, reason):
    content = torch.load(walk.checkpoint, weights_only=True)
    content["actor_state_dict"] |= {name: torch.zeros(shape) for name, shape in changed.items()}
    wrong = walk.checkpoint.with_name("model_451.pt")
    torch.save(content, wrong)
    with pytest.raises(CheckpointError, match=reason) as error:
        walk.begin(wrong)
    assert "\n" not in str(error.value)


def test_an_export_without_its_run_names_the_actor_s_terms_only(walk, tmp_path):
    described = tmp_path / "old" / "exported" / "policy.json"
    described.parent.mkdir(parents=True)
    shutil.copy(walk.checkpoint.parent / "params" / "policy.json", described)
    alone = tmp_path / "old" / "model_450.pt"
    shutil.copy(walk.checkpoint, alone)
    assert not walk.begin(alone)
    content = torch.load(alone, weights_only=True)
    content["critic_state_dict"]["mlp.0.weight"] = torch.zeros(16, 98)
    torch.save(content, alone)
    actor = {name: value.clone() for name, value in walk.state("actor").items()}
    assert walk.begin(alone)
    copied = "copied 7 of 7 observation terms of the actor, nothing of the critic, whose observation terms are unknown"
    assert walk.emitted.pop().copied == copied
    walk.runner.alg.actor.load_state_dict(actor)
