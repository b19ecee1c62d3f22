"""gaitkeeper itself reads what is written for it, and Unitree's `deploy.yaml`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.formats.policies import BY_DEPTH, JOINTS, card, write_bundle
from trainer_proc.formats.write import write_formats

BUNDLES = Path(__file__).parents[1] / "recordings" / "bundles"
PROGRAM = Path(sys.executable).with_name("gaitkeeper")
CONTRACT = ("--contract", "gaitkeeper/contract.yaml", "--onnx", "policy.onnx")
METADATA = ("--onnx", "policy.onnx", "--yaml", "unitree/params/deploy.yaml")
DEPLOY = ("--deploy", "unitree/params/deploy.yaml", "--onnx", "unitree/exported/policy.onnx")


def gaitkeeper(folder: Path, *arguments: str) -> str:
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=[(JOINTS, 1), (BY_DEPTH, 5)], ids=["motors", "another-order-and-history"])
def bundle(request, tmp_path_factory):
    joints, history = request.param
    folder = tmp_path_factory.mktemp("bundle")
    limits = [(-1.0, 1.0) if index % 2 else None for index in range(len(joints))]
    described = write_bundle(folder, card(joints, history, action_clip=limits))
    write_formats(folder, ["unitree", "gaitkeeper"])
    return folder, described


def test_it_reads_all_of_the_contract(bundle):
    folder, described = bundle
    found = yaml.safe_load(gaitkeeper(folder, "inspect", *CONTRACT))
    assert found["timing"] == {
        "policy_dt": pytest.approx(0.02),
        "sim_dt": 0.005,
        "decimation": 4,
        "order": ["obs", "infer", "target", "pd", "step"],
        "target_hold": "zoh",
    }
    assert found["policy_io"]["commands"]["base_velocity"]["trained"] == {
        "vx": [-0.5, 1.0],
        "vy": [-0.4, 0.4],
        "wz": [-0.7, 0.7],
    }
    assert found["model"]["effort_limit"] == dict.fromkeys(described.action_names, 25.0)
    kinds = {one["from"] for one in found["provenance"].values()}
    assert kinds == {"file", "unknown"}
    assert [key for key, one in found["provenance"].items() if one["from"] == "unknown"] == ["control.actuators.kind"]


def test_unitrees_file_says_what_the_contract_says(bundle):
    folder, described = bundle
    files = [yaml.safe_load(gaitkeeper(folder, "inspect", *files)) for files in (CONTRACT, DEPLOY)]
    ours, theirs = files
    assert theirs["policy_io"]["joints"]["names"] == described.action_names
    for part in ("default_joint_pos", "ownership"):
        assert theirs["control"][part] == ours["control"][part]
    for part in ("scale", "offset", "clip", "clip_stage"):
        assert theirs["control"]["actions"]["joint_pos"][part] == ours["control"]["actions"]["joint_pos"][part]
    for part in ("kp", "kd"):
        assert theirs["control"]["actuators"][part] == ours["control"]["actuators"][part]
    limits = [found["policy_io"]["commands"]["base_velocity"]["limit"] for found in files]
    assert limits[0] == limits[1]
    group, other = (found["policy_io"]["observation_groups"]["policy"] for found in files)
    assert group["history"] == other["history"]
    assert group["clip_then_scale"] == other["clip_then_scale"]
    terms = [
        [(term["id"], term["dim"], term["scale"], term["clip"]) for term in one["terms"]] for one in (group, other)
    ]
    assert terms[0] == terms[1]


def test_it_finds_no_deviation_of_unitrees_file(bundle):
    text = gaitkeeper(bundle[0], "deviation", *DEPLOY, "--reference", "gaitkeeper/contract.yaml")
    lines = text.splitlines()[1:]
    assert [line.partition(":")[0] for line in lines] == ["scale", "offset", "default", "kp", "kd"]
    assert all("no joint differs" in line for line in lines)


def test_the_metadata_and_unitrees_file_agree(tmp_path):
    described = write_bundle(tmp_path, card(history=5))  # its reader takes lists of other orders for the motors'
    write_formats(tmp_path, ["unitree"])
    found = yaml.safe_load(gaitkeeper(tmp_path, "inspect", *METADATA))
    assert {one["from"] for one in found["provenance"].values()} == {"file", "default", "unknown"}  # none conflicting
    assert found["timing"]["policy_dt"] == pytest.approx(0.02)
    scale = dict(zip(described.action_names, described.action_scale, strict=True))
    assert found["control"]["actions"]["joint_pos"]["scale"] == pytest.approx(scale, abs=1e-9)
    assert found["provenance"]["control.default_joint_pos"]["resolution"] == pytest.approx(5e-10)


# --- policies that walk, one with a history ---


@pytest.fixture(scope="module", params=["g1-walk", "g1-walk-deploy"])
def walking(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("walking") / request.param
    shutil.copytree(BUNDLES / request.param, folder)
    write_formats(folder, ["gaitkeeper"])
    return folder


SCENE = ("--mjcf", "gaitkeeper/scene.xml")


def test_its_checks_pass_and_none_is_skipped(walking):
    gaitkeeper(walking, "check", *CONTRACT, *SCENE, "--json", "checks.json")
    found = {check["id"]: check["status"] for check in json.loads((walking / "checks.json").read_text())}
    # S17a is no check of a PD law that the solver integrates
    assert found == {"S16": "PASS", "S17a": "INFO", "S17b": "PASS", "S18": "PASS", "S19": "PASS", "S21": "PASS"}


def test_its_runners_walk_the_policy(walking):
    text = gaitkeeper(walking, "run", *CONTRACT, *SCENE)
    assert "CONTROLLER_ASSUMED" not in text
    assert "kind implicit_pd (file); pd_period solver (file); integrator implicitfast (file)" in text
    assert "fell never" in text
    assert 0.3 < float(re.search(r"tail vx \+([0-9.]+)", text)[1]) < 0.6  # of 0.5 m/s
    assert "complete 1 of 1" in gaitkeeper(walking, "tour", *CONTRACT, *SCENE, "--seeds", "1", "--workers", "1")


def test_it_finds_no_deviation_of_the_metadata(walking):
    lines = gaitkeeper(walking, "deviation", *CONTRACT).splitlines()[1:]
    assert [line.partition(":")[0] for line in lines] == ["scale", "offset", "default", "kp", "kd"]
    assert all(line.endswith("resolution 5e-10") for line in lines)
