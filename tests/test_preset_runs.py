"""Every preset for mjlab, started for real; and what it names is there once it is built."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from presets import Preset, list_presets, load_preset
from tests.preset_names import assert_trained_with_all_names
from tests.program import program
from tests.scripts import ROOT, train_in_one_process
from tests.standing_motion import write_standing_motion
from trainer_proc.contract.run_folder import RunFolder
from tui.session.backends.devices import list_devices
from tui.session.launching.launcher import Overrides, make_spec
from tui.session.runs.run_index import read_state

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

LAUNCHED = ("cartpole-swingup", "g1-tracking")
"""Presets that are launched through the command line; the others are trained in one process."""
PRESETS = [preset.name for preset in list_presets()[0] if preset.backend == "mjlab"]
FEW = ("--iterations", "2", "--num-envs", "4", "--device", "cpu", "--override", "agent.num_steps_per_env=4")
MOTION = "env.commands.motion.motion_file"


def motion(preset: Preset, folder: Path) -> dict[str, str]:
    """Return the overrides that give what the preset needs."""
    assert set(preset.needs.overrides) <= {MOTION}
    return {MOTION: str(write_standing_motion(folder / "standing.npz"))} if preset.needs.overrides else {}


def launch(name: str, work: Path) -> RunFolder:
    """Train a preset for two iterations, through the command line."""
    given = [f"--override={path}={value}" for path, value in motion(load_preset(name), work).items()]
    answer = program(work, "launch", name, *FEW, *given, "--name", "two", "--wait", "--json")
    return RunFolder(Path(json.loads(answer)["run"]))


def train_together(presets: list[Preset], work: Path) -> dict[str, RunFolder]:
    """Train presets for two iterations each, one after the other in one process."""
    specs = {}
    for preset in presets:
        overrides = {"agent.num_steps_per_env": 4} | motion(preset, work)
        spec = make_spec(
            preset, Overrides(num_envs=4, iterations=2, device="cpu", name="two", overrides=overrides), list_devices()
        )
        specs[work / preset.experiment / preset.name] = spec
    return train_in_one_process(specs)


def documented_preset(page: str, pattern: str, file: Path) -> Path:
    """Write the one block of a page of the documentation that a pattern finds to a file."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (block,) = re.findall(pattern, text, re.MULTILINE | re.DOTALL)
    file.write_text(block, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future]]:
    """Every preset and the example of docs/curricula.md: two through the command line, the others in one process."""
    work = tmp_path_factory.mktemp("presets")
    example = documented_preset("curricula.md", r"```toml\n(title = .*?)```", work / "mine.toml")
    others = [load_preset(name) for name in PRESETS if name not in LAUNCHED]
    with ThreadPoolExecutor(2) as pool:
        together = pool.submit(train_together, [*others, load_preset(str(example))], work)
        launched = {name: pool.submit(launch, name, tmp_path_factory.mktemp(name)) for name in LAUNCHED}
        yield dict.fromkeys([*(preset.name for preset in others), "mine"], together) | launched
        pool.shutdown(cancel_futures=True)


def run_of(trained: dict[str, Future], name: str) -> RunFolder:
    result = trained[name].result()
    return result if isinstance(result, RunFolder) else result[name]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_trains_and_all_that_it_names_is_there(name: str, trained: dict[str, Future]):
    assert_trained_with_all_names(load_preset(name), run_of(trained, name))


def test_an_exported_tracking_policy_has_what_the_tasks_own_exporter_adds(trained: dict[str, Future], tmp_path: Path):
    import numpy
    import onnxruntime

    folder = run_of(trained, "g1-tracking")
    program(tmp_path, "export", str(folder.path))
    session = onnxruntime.InferenceSession(str(folder.exported / "policy.onnx"), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["anchor_body_name"] == "torso_link"
    assert metadata["body_names"].startswith("pelvis,")
    motion = numpy.load(folder.read_spec().overrides[MOTION])
    fed = {node.name: numpy.zeros(node.shape, numpy.float32) for node in session.get_inputs()}
    assert list(fed) == ["obs", "time_step"]
    fed["time_step"][:] = 3
    outputs = dict(zip((node.name for node in session.get_outputs()), session.run(None, fed), strict=True))
    of_motion = ["joint_pos", "joint_vel", "body_pos_w", "body_quat_w", "body_lin_vel_w", "body_ang_vel_w"]
    assert list(outputs) == ["actions", *of_motion]
    assert outputs["joint_pos"][0] == pytest.approx(motion["joint_pos"][3], abs=1e-6)
    assert outputs["body_pos_w"].shape[1] == len(metadata["body_names"].split(","))
    assert "policy.onnx" not in {path.name for path in folder.path.iterdir()}  # no untrained policy lies around


def test_the_example_of_the_documentation_trains(trained: dict[str, Future]):
    folder = run_of(trained, "mine")
    state = read_state(folder)
    tables = tomllib.loads((folder.path.parents[1] / "mine.toml").read_text(encoding="utf-8"))["curriculum"]
    assert (state.status(False), state.iteration) == ("finished", 1)
    assert {f"curriculum/{name}/level" for name in tables} <= state.knobs.keys()
    assert state.started.curricula == tables  # type: ignore[union-attr]


def test_without_a_motion_the_launch_is_refused_with_how_to_give_it(tmp_path: Path):
    refused = program(tmp_path, "launch", "g1-tracking", *FEW, code=2)
    assert "needs an .npz motion from mjlab's csv_to_npz" in refused
    assert f"--override {MOTION}=" in refused
    assert not (tmp_path / "logs").exists()
    refused = program(tmp_path, "launch", "g1-tracking", *FEW, "--override", f"{MOTION}=nothing.npz", code=2)
    assert f"no such motion file: nothing.npz; give one with --override {MOTION}=FILE" in refused


@pytest.fixture
def documented(tmp_path: Path) -> Path:
    """Write the preset and the module of docs/presets.md to files beside each other; return the preset's."""
    text = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
    for file, language in (("my-cartpole.toml", "toml"), ("my_tasks.py", "python")):
        block = re.search(rf"^`{re.escape(file)}`.*?^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        assert block is not None, file
        (tmp_path / file).write_text(block[1], encoding="utf-8")
    return tmp_path / "my-cartpole.toml"


def test_the_documented_preset_trains_the_task_in_its_own_module(documented: Path):
    elsewhere = documented.parent / "elsewhere"
    elsewhere.mkdir()
    assert "is valid: My cartpole" in program(elsewhere, "presets", "--validate", str(documented))
    arguments = ("--iterations", "2", "--num-envs", "4", "--device", "cpu", "--wait", "--json")
    folder = RunFolder(Path(json.loads(program(elsewhere, "launch", str(documented), *arguments))["run"]))
    state = read_state(folder)
    assert (state.status(False), state.iteration, state.started.task) == ("finished", 1, "Mine-Cartpole")  # type: ignore[union-attr]
    for knob, value in load_preset(str(documented)).knobs.items():
        assert state.knobs[knob].value == value, knob
    assert state.knobs["reward/far_from_centre/weight"].knob.default == -1.0
    assert state.knobs["reward/far_from_centre/weight"].knob.minimum == -10.0
    assert state.environment_steps == 2 * 16 * 4
    assert re.search(r"hidden_dims: .*\n +- 32\n +- 32\n", (folder.path / "params" / "agent.yaml").read_text())

    again = elsewhere / "again.toml"
    again.write_text(program(elsewhere, "knobs", str(folder.path), "--toml"))
    spec = make_spec(load_preset(str(again)), Overrides(), list_devices())
    assert replace(spec, preset="my-cartpole", set=folder.read_spec().set) == folder.read_spec()


def test_the_documented_overrides_are_right():
    from mjlab.tasks.registry import load_env_cfg, load_rl_cfg

    from trainer_proc.simulators.overrides import apply_overrides

    text = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
    blocks = [tomllib.loads(block) for block in re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    overrides = [block["overrides"] for block in blocks if list(block) == ["overrides"]]
    assert len(overrides) == 1
    task = "Mjlab-Velocity-Flat-Unitree-G1"
    configurations = {"env": load_env_cfg(task), "agent": load_rl_cfg(task)}
    apply_overrides(configurations, overrides[0])
    assert configurations["env"].rewards["pose"].params["std_walking"][".*knee.*"] == 0.4
