"""Exports of rl_games' and skrl's policies, compared with what their agents do in a training."""

from __future__ import annotations

import msgspec
import numpy
import pytest

pytest.importorskip("rl_games")
pytest.importorskip("skrl")

from trainer_proc.contract.bundle.description import FORMAT, PolicyDescription, write_policy_description
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.run_folder import RunFolder


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global ACTIONS, ENVIRONMENTS, OBSERVATIONS, Box, describe_actor, export_policy, onnxruntime
    global rl_games_agent, skrl_agent, torch
    import onnxruntime
    import torch
    from gymnasium.spaces import Box

    from tests.isaaclab.library_agents import ACTIONS, ENVIRONMENTS, OBSERVATIONS, rl_games_agent, skrl_agent
    from trainer_proc.export.libraries.registry import describe_actor
    from trainer_proc.export.write import export_policy


class Exported:
    """An exported policy of a live agent, and what both do with the same observations."""

    def __init__(self, path, runner, content):
        self.folder = RunFolder(path / "run")
        self.folder.path.mkdir()
        described = describe_actor(runner)
        self.description = PolicyDescription(
            task="Reach", backend="isaaclab", num_actions=ACTIONS, format=FORMAT, **described._asdict()
        )
        write_policy_description(self.folder, self.description)
        self.checkpoint = self.folder.path / "model_7.pt"
        torch.save({**content, "library": runner.library, "iter": 7, "infos": None}, self.checkpoint)
        self.observations = torch.randn(64, OBSERVATIONS, generator=torch.Generator().manual_seed(1)) * 4

    def export(self):
        return export_policy(self.folder, self.checkpoint)

    def actions(self):
        session = onnxruntime.InferenceSession(self.folder.exported / "policy.onnx", providers=["CPUExecutionProvider"])
        rows = self.observations.numpy()
        actions = numpy.concatenate([session.run(["actions"], {"obs": row[None]})[0] for row in rows])
        assert (self.folder.exported / "policy_weights.pt").exists()  # compared by the export
        scripted = torch.jit.load(self.folder.exported / "policy.pt")
        assert numpy.abs(scripted(self.observations).detach().numpy() - actions).max() < 1e-5
        return torch.from_numpy(actions)


def rl_games(path, **options):
    """Return an exported agent, and the actions that it sends to the environment without exploration."""
    runner = rl_games_agent(folder=str(path), **options)
    agent, wrapper = runner.agent, runner.agent.vec_env.env
    exported = Exported(path, runner, {"model": agent.model.state_dict()})
    observed = exported.observations.clamp(-wrapper._clip_obs, wrapper._clip_obs)
    agent.model.eval()
    with torch.no_grad():
        mean = agent.model({"is_train": False, "obs": observed})["mus"]
    agent.is_tensor_obses = True
    return exported, agent.preprocess_actions(mean).clamp(-wrapper._clip_actions, wrapper._clip_actions)


def skrl(path, **options):
    runner = skrl_agent(**options)
    agent = runner.agent
    modules = {name: module.state_dict() for name, module in agent.checkpoint_modules.items()}
    exported = Exported(path, runner, modules)
    with torch.no_grad():
        acted = agent.act(exported.observations, None, timestep=0, timesteps=0)
    return exported, acted[1]["mean_actions"]


RL_GAMES = {
    "limits of the wrapper": {},
    "no limits": {"wrapper": {"clip_obs": float("inf"), "clip_actions": float("inf")}},
    "normalizer": {"normalize_input": True, "normalize_value": True, "wrapper": {"clip_obs": 100.0}},
    "rescaling": {"normalize_input": True, "clip_actions": True, "wrapper": {"clip_actions": 2.0}},
    "networks apart": {"network": {"separate": True}},
}


@pytest.mark.parametrize("options", RL_GAMES.values(), ids=RL_GAMES)
def test_a_policy_of_rl_games_is_exported_with_all_that_happens_to_its_numbers(tmp_path, options):
    exported, expected = rl_games(tmp_path, **options)
    result = exported.export()
    assert (result.iteration, result.largest_difference <= 1e-5) == (7, True)
    assert torch.allclose(exported.actions(), expected, atol=1e-5)
    largest = expected.abs().max()
    assert largest > 0.1
    assert (expected.abs() < 0.9 * largest).any()


SKRL = {
    "shared": {},
    "apart": {"separate": True},
    "scaler": {"state_preprocessor": "RunningStandardScaler", "state_preprocessor_kwargs": None},
    "two activations": {
        "policy": {"network": [{"name": "net", "input": "OBSERVATIONS", "layers": [8, 8], "activations": ["relu", ""]}]}
    },
}


@pytest.mark.parametrize("options", SKRL.values(), ids=SKRL)
def test_a_policy_of_skrl_is_exported_with_its_preprocessor(tmp_path, options):
    exported, expected = skrl(tmp_path, **options)
    assert exported.export().iteration == 7
    assert torch.allclose(exported.actions(), expected, atol=1e-5)
    assert expected.abs().max() > 0.1


@pytest.mark.parametrize("setting", ["clip_actions", "clip_mean_actions"])
def test_a_policy_of_skrl_that_limits_actions_keeps_the_mean_in_the_action_space(tmp_path, setting):
    low, high = numpy.float32([-0.5, -0.1, -2.0]), numpy.float32([0.1, 0.5, 2.0])
    options = {"separate": True, "actions": Box(low, high), "policy": {setting: True}}
    exported, mean = skrl(tmp_path, **options)
    exported.export()
    limited = mean.clamp(torch.from_numpy(low), torch.from_numpy(high))
    assert torch.allclose(exported.actions(), limited, atol=1e-5)
    assert (limited == torch.from_numpy(low)).any()


REFUSED = {
    "recurrent": ({"network": {"rnn": {"name": "lstm", "units": 8, "layers": 1}}}, "expected a policy without memory"),
    "other model": ({"model": "continuous_a2c_tanh"}, "expected rl_games' model continuous_a2c_logstd"),
    "dense": (
        {"network": {"mlp": {"units": [8], "activation": "elu", "d2rl": True, "initializer": {"name": "default"}}}},
        "expected a policy of linear layers, got d2rl",
    ),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_a_policy_of_rl_games_that_is_no_chain_of_layers_is_refused(tmp_path, options, message):
    with pytest.raises(ExportError, match=message):
        describe_actor(rl_games_agent(folder=str(tmp_path), **options))


@pytest.mark.parametrize(
    ("policy", "message"),
    [({"output": "tanh(ACTIONS)"}, "got another network"), ({"class": "MultivariateGaussianMixin"}, "Gaussian")],
)
def test_a_policy_of_skrl_that_is_no_chain_of_layers_is_refused(policy, message):
    with pytest.raises(ExportError, match=message):
        describe_actor(skrl_agent(policy=policy, separate=True))


def test_names_in_a_description_of_skrl_run_no_code(tmp_path):
    exported, _ = skrl(tmp_path)
    actor = exported.description.actor | {"activations": ["ELU", "Module", "Identity"]}
    write_policy_description(exported.folder, msgspec.structs.replace(exported.description, actor=actor))
    with pytest.raises(ExportError, match="unknown activation Module"):
        exported.export()


@pytest.mark.parametrize("make", [rl_games, skrl])
def test_weights_of_another_network_are_refused_in_one_line(tmp_path, make):
    exported, _ = make(tmp_path)
    content = torch.load(exported.checkpoint, weights_only=True)
    part = content["model" if "model" in content else "policy"]
    del part[next(name for name in part if name.endswith("weight"))]
    torch.save(content, exported.checkpoint)
    with pytest.raises(ExportError, match=r"doesn't fit params/policy\.json"):
        exported.export()
    assert not exported.folder.exported.exists()


def test_a_checkpoint_of_another_library_is_refused_by_name(tmp_path):
    exported, _ = skrl(tmp_path)
    torch.save({"actor_state_dict": {}}, exported.checkpoint)
    with pytest.raises(ExportError, match="expected a checkpoint of skrl, got one of rsl_rl"):
        exported.export()
