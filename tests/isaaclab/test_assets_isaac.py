"""Isaac Lab's assets without its server: built for real, and trained with for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("isaaclab")

from tests.scripts import ROOT
from tests.waiting import TRAINING_SECONDS
from trainer_proc.contract.asset_root import MANIFEST, read_manifest
from trainer_proc.simulators.base import BackendError
from trainer_proc.simulators.isaaclab.asset_root import CARTPOLE, GROUND, HUMANOID, build_asset_root
from trainer_proc.simulators.isaaclab.g1 import CONVERTED_G1, STOCK_G1
from tui.session.backends.assets import g1_model

TASK_SCRIPT = Path(__file__).with_name("offline_task.py")
OUT_OF_REACH = ("Isaac-Velocity-Flat-H1", "IsaacContrib-Velocity-Flat-Digit")
OF_G1 = {"Flat": "Isaac-Velocity-Flat-G1", "Rough": "Isaac-Velocity-Rough-G1"}
WEIGHT_OF_G1 = 33.0 * 9.81


@pytest.fixture(scope="module")
def model():
    """mjlab's G1: mjlab is in the dashboard's environment, not in Isaac Lab's."""
    beside = sorted(ROOT.glob(".venv/lib/python3*/site-packages/mjlab/asset_zoo/robots/unitree_g1/xmls/g1.xml"))
    found = g1_model() or (beside[0] if beside else None)
    if found is None:
        pytest.skip("mjlab isn't installed beside this: no G1 to be converted")
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory, model):
    """An asset root, built by the program that the command starts."""
    folder = tmp_path_factory.mktemp("built") / "assets"
    command = [
        sys.executable,
        "-m",
        "trainer_proc.simulators.isaaclab.asset_root",
        str(folder),
        "--g1-model",
        str(model),
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def run_tasks(tasks, root, *arguments):
    """Run tasks in a process of their own; return what it says of each and all that it printed."""
    environment = os.environ | {"ISAACSIM_ASSET_ROOT": str(root), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(TASK_SCRIPT), *tasks, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TRAINING_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"missing"')]
    return dict(zip(tasks, told, strict=True)), done.stdout


@pytest.fixture(scope="module")
def run(root):
    """What is said of all tasks, one after the other in one process."""
    return run_tasks([*OUT_OF_REACH, "Isaac-Cartpole", "Isaac-Humanoid", *OF_G1.values()], root)


# --- building ---


def test_what_is_built_is_all_there_and_says_what_it_is(root):
    manifest = read_manifest(root)
    assert [asset.path for asset in manifest.assets] == [CARTPOLE, HUMANOID, GROUND, CONVERTED_G1]
    assert manifest.missing == ()
    assert manifest.stand_in(STOCK_G1).path == CONVERTED_G1
    assert manifest.stand_in(CARTPOLE) is None
    built = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    assert built == {CARTPOLE, HUMANOID, GROUND, CONVERTED_G1, MANIFEST}
    assert not list(root.parent.glob(".*"))  # what it was built in


def test_without_mjlab_s_model_the_rest_is_built_and_a_line_says_so(tmp_path):
    manifest = build_asset_root(tmp_path / "assets")
    assert [asset.path for asset in manifest.assets] == [CARTPOLE, HUMANOID, GROUND]
    assert manifest.missing == ("no G1: mjlab, which has the model, is not installed; humanoid-tui doctor shows how",)
    assert read_manifest(tmp_path / "assets") == manifest


def test_a_model_that_is_none_is_told_and_leaves_the_rest(tmp_path):
    (tmp_path / "g1.xml").write_text("<mujoco><nonsense/></mujoco>")
    (line,) = build_asset_root(tmp_path / "assets", tmp_path / "g1.xml").missing
    assert line.startswith(f"no G1: {tmp_path / 'g1.xml'} can't be converted: ")
    assert len(line.splitlines()) == 1


def test_a_folder_of_somebody_else_s_is_left_alone_and_one_s_own_is_replaced(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "robot.usd").touch()
    with pytest.raises(BackendError, match="was not built by this program and is not replaced"):
        build_asset_root(tmp_path / "theirs")
    assert [file.name for file in (tmp_path / "theirs").iterdir()] == ["robot.usd"]
    (tmp_path / "mine").mkdir()
    build_asset_root(tmp_path / "mine")
    (tmp_path / "mine" / CARTPOLE).unlink()
    assert read_manifest(tmp_path / "mine") is None
    build_asset_root(tmp_path / "mine")
    assert read_manifest(tmp_path / "mine") is not None


# --- training with it ---


@pytest.mark.parametrize("task", OUT_OF_REACH)
def test_what_is_out_of_reach_is_told_in_one_line(task, root, run):
    told = run[0][task]
    (missing,) = told["missing"]
    assert not (root / missing).exists()
    assert told["text"].startswith(f"{task} needs {missing}, which is not in {root}: set ISAACSIM_ASSET_ROOT")
    assert told["looks"] == [False, False, False]


def test_isaac_lab_s_own_g1_is_trained_where_it_is_there(root, tmp_path):
    shutil.copytree(root, tmp_path / "copy")
    (tmp_path / "copy" / STOCK_G1).parent.mkdir(parents=True)
    (tmp_path / "copy" / STOCK_G1).touch()
    task = OF_G1["Flat"]
    told, printed = run_tasks([task], tmp_path / "copy", "--only-configure")
    told = told[task]
    assert (told["robot"], told["missing"]) == (str(tmp_path / "copy" / STOCK_G1), [])
    assert "training Unitree G1" not in printed


def test_cartpole_and_humanoid_train_as_they_are(run):
    cartpole, humanoid = run[0]["Isaac-Cartpole"], run[0]["Isaac-Humanoid"]
    assert (cartpole["joints"], cartpole["finite"]) == (2, True)
    assert (humanoid["joints"], humanoid["finite"]) == (21, True)
    assert humanoid["lowest_body"] > 0.0, "it sinks into the ground"


@pytest.mark.real
@pytest.mark.parametrize("ground", OF_G1)
def test_the_g1_of_mjlab_stands_on_its_feet_where_isaac_lab_s_is_out_of_reach(ground, root, run):
    told, printed = run[0][OF_G1[ground]], run[1]
    assert f"{STOCK_G1} is not in {root}: training Unitree G1 (29 joints)" in printed
    assert (told["joints"], told["bodies_with_contacts"], told["finite"]) == (29, 30, True)
    assert told["robot"] == str(root / CONVERTED_G1)
    assert told["looks"] == [False, False, False]
    assert 0.5 * WEIGHT_OF_G1 < told["on_feet"] < 1.5 * WEIGHT_OF_G1
    assert told["scanned"] == (0 if ground == "Flat" else 4 * 187)
    assert "overflow" not in printed
