"""The program launches a training, and says in one line why it can't; what has ended is exported and resumed."""

from __future__ import annotations

import json
import math
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from presets import load_preset
from tests.program import program, published
from tests.scripts import train_in_one_process
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import PhaseChanged
from trainer_proc.contract.rollout import read_rollout
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.devices import list_devices
from tui.session.board.plans import DEFAULT_BOARD
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.launching.override_text import parse_overrides
from tui.session.runs.run_index import find_run, read_state


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global EventAccumulator, onnx, onnxruntime, torch
    import onnx
    import onnxruntime
    import torch
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

FEW = ("--num-envs", "4", "--device", "cpu", "--override", "env.episode_length_s=0.5")
ITERATIONS = 3
METRICS = {
    *(metric for chart in DEFAULT_BOARD for _, metric in chart.curves),
    *(chart.reference for chart in DEFAULT_BOARD if chart.reference),
    "Loss/entropy",
    "Loss/learning_rate",
    "Policy/mean_std",
    "Policy/clip_fraction",
    "Train/finished_episodes",
}


def launched(work: Path, preset: str, name: str, *arguments: str, code: int = 0) -> str:
    few = (*FEW, "--iterations", str(ITERATIONS), "--name", name, *(() if code else ("--json",)))
    return program(work, "launch", preset, *few, *arguments, "--wait", code=code)


def folder_of(answer: str) -> RunFolder:
    return RunFolder(Path(json.loads(answer)["run"]))


@pytest.fixture(scope="module")
def jobs(simulator, work, pool) -> dict[str, Future]:
    """All that is launched, two at a time."""
    small, humanoid = simulator.small, simulator.humanoid
    settings = ("--set", f"{humanoid.weight}=-0.3", "--set", f"{humanoid.usual}=0.9:1.1", "--bound", "reward/*=-500:9")

    def refused() -> dict[str, RunFolder]:
        wrong = {
            "no_task": Overrides(task=simulator.misspelt, device="cpu"),
            "no_device": Overrides(device="cpu"),
            "no_path": Overrides(overrides=parse_overrides([simulator.wrong_override]), device="cpu"),
        }
        preset, devices = load_preset(small.preset), list_devices()
        folder = work / "logs" / "rsl_rl" / "refused"
        specs = {name: make_spec(preset, overrides, devices) for name, overrides in wrong.items()}
        specs["no_device"] = replace(specs["no_device"], device="cuda:9")  # a GPU that has gone since
        return train_in_one_process({folder / name: spec for name, spec in specs.items()})

    def small_and_resumed() -> list[RunFolder]:
        # a rollout of mjlab is recorded in tests/test_periodic_evaluation.py
        rollouts = ("--rollout-every", "9") if simulator.backend == "isaaclab" else ()
        first = folder_of(launched(work, small.preset, "small", *rollouts))
        arguments = ("resume", str(first.path), "--iterations", "2", "--wait", "--json")
        return [first, folder_of(program(work, *arguments))]

    return {
        "humanoid": pool.submit(lambda: folder_of(launched(work, humanoid.preset, "humanoid", *settings))),
        "small": pool.submit(small_and_resumed),
        "no knob": pool.submit(
            launched, work, small.preset, "no_knob", "--set", f"reward/{small.reward}/nothing=1", code=1
        ),
        "refused": pool.submit(refused),
    }


@pytest.fixture(params=["small", "humanoid"])
def ended(request: pytest.FixtureRequest, jobs) -> RunFolder:
    result = jobs[request.param].result()
    return result if isinstance(result, RunFolder) else result[0]


def test_three_iterations_are_in_the_journal_with_all_that_the_board_shows(ended):
    state = read_state(ended)
    assert (state.status(False), state.iteration) == ("finished", ITERATIONS - 1)
    for metric in METRICS:
        values = published(ended, metric)
        assert values, metric
        assert all(math.isfinite(value) for value in values.values()), metric
    for metric in ("Loss/value", "Loss/surrogate", "Policy/kl", "Policy/mean_std", "Loss/learning_rate"):
        assert list(published(ended, metric)) == list(range(ITERATIONS)), metric
    for group, kind in (("reward", "Episode_Reward"), ("termination", "Episode_Termination")):
        assert any(name.startswith(f"{kind}/") for name in state.latest), group
    rewards = {name.split("/")[1] for name in state.knobs if name.startswith("reward/") and name.endswith("/weight")}
    for metric in ("Episode_Reward/", "Reward_Rate/"):
        assert rewards == {name.split("/")[1] for name in state.latest if name.startswith(metric)}
    of_terms = [published(ended, name) for name in state.latest if name.startswith("Termination/")]
    for iteration, finished in published(ended, "Train/finished_episodes").items():
        shares = [of_term[iteration] for of_term in of_terms if iteration in of_term]
        assert shares or not finished  # shares are of all environments, finished are those without noise
        assert not shares or (max(shares) <= 1 and sum(shares) > 0.999)  # several terms may end an episode


def test_a_rollout_of_the_last_policy_plays_without_the_simulator(jobs, simulator):
    first, _ = jobs["small"].result()
    recorded = read_state(first).rollouts
    assert [body.iteration for body in recorded] == ([ITERATIONS - 1] if simulator.backend == "isaaclab" else [])
    for body in recorded:
        rollout = read_rollout(first.path / body.path)
        assert rollout.states[-1].step * rollout.scene.step_seconds == pytest.approx(10.0, abs=0.05)
        assert len(rollout.scene.shapes) >= 2
        assert {state.iteration for state in rollout.states} == {ITERATIONS - 1}
        poses = np.array([np.frombuffer(state.poses, "<f4") for state in rollout.states])
        assert np.isfinite(poses).all()
        assert np.ptp(poses, axis=0).max() > 0.01


def test_a_humanoid_of_isaac_lab_is_evaluated_on_the_cpu(jobs, simulator, work):
    if simulator.backend != "isaaclab":
        pytest.skip("one of mjlab is evaluated in tests/trainer/test_suites.py")
    run = jobs["humanoid"].result()
    suites = ("--suite", "quick", "--suite", "smoothness")
    answer = program(work, "evaluate", str(run.path), "--device", "cpu", "--episodes", "2", *suites, "--json")
    found = json.loads(answer)["evaluations"]
    assert len(found) == len(suites) // 2
    assert found[0]["means"]["success"]["episodes"] == 2
    assert math.isfinite(found[1]["means"]["torque_saturation"]["mean"])
    written = sorted(path.name for path in run.path.glob("evaluations/*/*.json"))
    assert written == ["quick.json", "smoothness.json"]


def test_the_run_s_folder_holds_what_it_was_made_of_and_what_came_of_it(ended, simulator):
    spec, state = ended.read_spec(), read_state(ended)
    assert (spec.backend, spec.num_envs, spec.iterations, spec.device) == (simulator.backend, 4, ITERATIONS, "cpu")
    assert state.started is not None
    assert (state.started.task, state.started.num_envs) == (spec.task, 4)
    for name in ("env", "agent"):
        assert (ended.params / f"{name}.yaml").stat().st_size > 100
    built = (ended.params / "env.yaml").read_text()
    assert "num_envs: 4\n" in built
    assert "episode_length_s: 0.5\n" in built
    description = json.loads(ended.policy_description.read_text())
    assert (description["task"], description["backend"]) == (spec.task, simulator.backend)
    assert ended.checkpoints()[-1] == ended.checkpoint(ITERATIONS - 1)
    assert torch.load(ended.checkpoints()[-1], weights_only=True)["iter"] == ITERATIONS - 1
    assert f"Learning iteration {ITERATIONS - 1}" in ended.console.read_text()


def test_what_is_set_at_launch_is_in_force_from_the_first_iteration_on(jobs, simulator):
    state, names = read_state(jobs["humanoid"].result()), simulator.humanoid
    assert (state.knobs[names.weight].value, state.knobs[names.usual].value) == (-0.3, (0.9, 1.1))
    (applied,) = [one for one in state.interventions.values() if one.origin == "launch"]
    assert applied.iteration == 0
    assert {change.knob for change in applied.changes} == {names.weight, names.usual}
    assert (state.knobs[names.weight].knob.minimum, state.knobs[names.weight].knob.maximum) == (-500.0, 9.0)


def test_tensorboard_s_events_are_the_published_metrics(ended):
    events = EventAccumulator(str(ended.path))
    events.Reload()
    for metric in ("Loss/value", "Train/mean_reward", "Train/success_rate", "Policy/kl"):
        written = {event.step: event.value for event in events.Scalars(metric)}
        assert written == pytest.approx(published(ended, metric)), metric


def test_what_can_not_be_trained_fails_with_one_line_that_says_why(jobs, simulator):
    for name, reason in (
        ("no_task", simulator.meant),
        ("no_device", "no such device: cuda:9"),
        ("no_path", simulator.right_override),
    ):
        state = read_state(jobs["refused"].result()[name])
        assert state.status(False) == "failed", name
        assert state.phase is not None
        assert reason in state.phase.detail, name
        assert "\n" not in state.phase.detail, name
        assert "Error" not in state.phase.detail, name
        assert state.iteration is None, name


def test_a_launch_that_fails_says_why_in_one_line(jobs, work, simulator):
    told = jobs["no knob"].result()
    assert f"no such knob: reward/{simulator.small.reward}/nothing; nearest: reward/" in told
    assert "Error" not in told
    state = read_state(find_run("no_knob", work / "logs" / "rsl_rl"))
    assert state.status(False) == "failed"
    assert state.phase is not None
    assert state.phase.detail in told
    assert state.iteration is None
    assert state.phase.detail in program(work, "runs", "--match", "no_knob")


def test_a_finished_run_is_exported_as_one_file_that_acts_as_the_policy_does(jobs, simulator, work):
    (ended, _) = jobs["small"].result()
    answer = json.loads(program(work, "export", str(ended.path), "--json"))
    assert answer["iteration"] == ITERATIONS - 1
    assert answer["largest_difference"] <= 1e-5
    card = json.loads((ended.exported / "policy.json").read_text())
    files = {path.name for path in ended.exported.iterdir() if path.is_file()}
    assert files == {*card["files"], "policy.json"} >= {"policy.onnx", "policy.pt", "robot.xml"}
    assert card["task"] == simulator.small.task
    assert tuple(term["name"] for term in card["observation_terms"]) == simulator.small.observations
    assert card["control_frequency"] == pytest.approx(simulator.small.rate)
    size = sum(card["observation_sizes"][group] for group in card["observation_groups"]["actor"])
    observations = np.random.default_rng(7).normal(size=(1, size)).astype(np.float32)
    session = onnxruntime.InferenceSession(ended.exported / "policy.onnx")
    actions = session.run(None, {"obs": observations})[0]
    np.testing.assert_allclose(actions, by_hand(ended.checkpoints()[-1], observations), atol=1e-5)
    scripted = torch.jit.load(ended.exported / "policy.pt")(torch.from_numpy(observations))
    np.testing.assert_allclose(actions, scripted.detach(), atol=1e-5)


def test_a_checkpoint_that_is_cut_off_is_refused_and_what_was_exported_stays(jobs, work):
    (ended, _) = jobs["small"].result()
    cut_off = work / "cut_off.pt"
    cut_off.write_bytes(ended.checkpoints()[-1].read_bytes()[:5000])
    assert "cut off" in program(work, "export", str(ended.path), "--checkpoint", str(cut_off), code=1)
    assert (ended.exported / "policy.onnx").is_file()


def test_a_run_that_has_ended_can_not_be_paused(jobs, work):
    (ended, _) = jobs["small"].result()
    assert "has ended" in program(work, "pause", str(ended.path), code=1)


def by_hand(checkpoint: Path, observations: np.ndarray) -> np.ndarray:
    """Return what the saved actor, layers with ELU between them, does."""
    weights = torch.load(checkpoint, weights_only=True)["actor_state_dict"]
    layers = sorted((name for name in weights if name.endswith(".weight")), key=lambda name: int(name.split(".")[-2]))
    value = torch.from_numpy(observations)
    for name in layers:
        value = torch.nn.functional.linear(value, weights[name], weights[name.replace(".weight", ".bias")])
        value = value if name == layers[-1] else torch.nn.functional.elu(value)
    return value.numpy()


def test_the_phases_of_a_training_are_told(jobs, simulator):
    journal = JournalReader(jobs["humanoid"].result().journal)
    phases = [frame.body.phase for frame in journal.read_new() if isinstance(frame.body, PhaseChanged)]
    assert phases[0] == "building"
    assert set(phases) >= simulator.phases


def test_a_humanoid_s_policy_says_which_joints_it_moves(jobs, simulator, work):
    ended = jobs["humanoid"].result()
    assert not list(ended.path.glob("*.onnx"))  # mjlab's task runner would export at every save
    program(work, "export", str(ended.path))
    card = json.loads((ended.exported / "policy.json").read_text())
    assert card["action_names"] == card["joint_names"]
    assert len(set(card["joint_names"])) == card["num_actions"] in simulator.humanoid.joints
    for values in ("joint_stiffness", "joint_damping", "default_joint_positions"):
        assert len(card[values]) == card["num_actions"], values
    assert card["control_frequency"] == pytest.approx(50.0)
    metadata = {entry.key: entry.value for entry in onnx.load(ended.exported / "policy.onnx").metadata_props}
    assert metadata["joint_names"].split(",") == card["joint_names"]
    assert metadata["observation_names"].split(",") == [term["name"] for term in card["observation_terms"]]
    assert (metadata["iteration"], float(metadata["control_frequency"])) == (str(ITERATIONS - 1), pytest.approx(50.0))
    assert sum(term["size"] for term in card["observation_terms"]) == sum(
        card["observation_sizes"][group] for group in card["observation_groups"]["actor"]
    )


def test_a_run_that_has_ended_goes_on_from_its_checkpoint(jobs):
    first, resumed = jobs["small"].result()
    state = read_state(resumed)
    assert resumed.path != first.path
    assert (state.first_iteration, state.iteration, state.status(False)) == (ITERATIONS, ITERATIONS + 1, "finished")
    assert list(published(resumed, "Loss/value")) == [ITERATIONS, ITERATIONS + 1]
    assert resumed.checkpoints()[-1] == resumed.checkpoint(ITERATIONS + 1)
