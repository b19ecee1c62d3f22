"""Bundles from strangers: nothing outside them is opened, sizes have limits, and each refusal is one line."""

from __future__ import annotations

import hashlib
import os

import msgspec
import numpy as np
import pytest

from tests.deploy.small_bundle import ROBOT, SIZE, card, network_of, write_bundle, write_card
from trainer_proc.contract.bundle.card import ONNX
from trainer_proc.deploy.errors import BundleRefused


def with_robot(folder, robot: str | bytes, **changes):
    """Write a bundle with another robot and its hash."""
    write_bundle(folder)
    content = robot if isinstance(robot, bytes) else robot.encode()
    (folder / "robot.xml").write_bytes(content)
    return _with_hashes(folder, **changes)


def with_network(folder, network: bytes):
    write_bundle(folder)
    (folder / ONNX).write_bytes(network)
    return _with_hashes(folder)


def _with_hashes(folder, **changes):
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (ONNX, "robot.xml")}
    described = card(files=hashes, onnx_sha256=hashes[ONNX], robot_model_sha256=hashes["robot.xml"], **changes)
    write_card(folder, described)
    return folder


def robot_of(folder):
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.deploy.mujoco_robot import robot_of as found

    return found(load_bundle(folder))


def refusal(work, *arguments):
    with pytest.raises(BundleRefused) as caught:
        work(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    assert "; " in text, "it says what to do"
    return text


def added(element: str) -> str:
    return ROBOT.replace("<worldbody>", f"{element}<worldbody>", 1)


OTHER_FILES = {
    "a mesh in a file": '<asset><mesh name="m" file="mesh.obj"/></asset>',
    "a texture in a file": '<asset><texture name="t" type="2d" file="picture.png"/></asset>',
    "a box of pictures": '<asset><texture name="t" type="cube" fileup="picture.png"/></asset>',
    "heights in a file": '<asset><hfield name="h" size="1 1 1 1" file="heights.png"/></asset>',
    "a skin in a file": '<deformable><skin name="s" file="skin.skn"/></deformable>',
    "another model": '<asset><model name="other" file="robot.xml"/></asset>',
    "a part of a model": '<include file="part.xml"/>',
    "a plugin": '<extension><plugin plugin="mujoco.pid"/></extension>',
    "a part that makes others": '<worldbody><replicate count="2"><body/></replicate></worldbody>',
}


@pytest.mark.parametrize("element", OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_model_that_is_more_than_its_file_is_refused(tmp_path, element):
    expected = "robot.xml: expected a MuJoCo model in one file, got "
    assert refusal(robot_of, with_robot(tmp_path, added(element))).startswith(expected)


def test_a_document_type_is_refused(tmp_path):
    found = refusal(robot_of, with_robot(tmp_path, f"<!DOCTYPE mujoco>{ROBOT.strip()}"))
    assert "got a document type" in found


LARGE = {
    "user data": '<size nuserdata="10001"/>',
    "a number's list": '<custom><numeric name="n" size="10001"/></custom>',
    "pixels": '<asset><texture name="t" type="2d" builtin="flat" width="10001" height="1"/></asset>',
    "iterations": '<option iterations="10001"/>',
    "no number": '<size nuserdata="many"/>',
}


@pytest.mark.parametrize("element", LARGE.values(), ids=LARGE)
def test_a_count_beyond_its_limit_is_refused(tmp_path, element):
    found = refusal(robot_of, with_robot(tmp_path, added(element)))
    assert found.startswith("robot.xml: expected at most 10000 for <")


def test_a_model_of_too_many_parts_is_refused(tmp_path):
    bodies = "<body/>" * 20_001
    assert "expected at most 20000 elements" in refusal(
        robot_of, with_robot(tmp_path, ROBOT.replace("</worldbody>", f"{bodies}</worldbody>"))
    )
    deep = "<body>" * 201 + "</body>" * 201
    assert "200 in each other" in refusal(
        robot_of, with_robot(tmp_path, ROBOT.replace("</worldbody>", f"{deep}</worldbody>"))
    )


@pytest.mark.parametrize(
    "robot",
    [
        b"\xff\xfe",
        b"<mujoco>",
        "<other/>",
        "<mujoco/>",
        ROBOT.replace('mass="4"', 'mass="NaN"'),
        ROBOT.replace('pos="0.1 0 0.05"', 'pos="nan 0 0"'),
        ROBOT.replace('name="imu"', 'name="other"'),
        ROBOT.replace("<freejoint/>", '<joint type="ball" name="ball"/>').replace('name="left_joint"', 'name="l"'),
        ROBOT.replace('name="left_joint" axis="0 1 0" range="-1.5 1.5"', 'name="left_joint" type="ball"'),
        ROBOT.replace('name="base"', 'name="trunk"'),
        added('<asset><mesh name="m" vertex="0 0 0"/></asset>'),
        added('<worldbody><body pos="0 0 2"><freejoint/><geom size="0.1"/></body></worldbody>'),
    ],
)
def test_a_model_of_another_robot_is_refused_in_one_line(tmp_path, robot):
    refusal(robot_of, with_robot(tmp_path, robot))


def test_sizes_of_the_models_own_memory_do_not_count(tmp_path):
    robot = robot_of(with_robot(tmp_path, added('<size memory="1M"/>')))
    assert robot.model.narena > 1024 * 1024


def test_a_plane_of_another_name_is_no_floor(tmp_path):
    plane = '<worldbody><geom name="ground" type="plane" size="0 0 1"/>'
    robot = robot_of(with_robot(tmp_path, ROBOT.replace("<worldbody>", plane, 1)))
    robot.step(50)
    assert robot.base_position[2] > 0.1


def test_a_model_that_is_replaced_after_the_load_is_refused(tmp_path):
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.deploy.mujoco_robot import robot_of as found

    bundle = load_bundle(write_bundle(tmp_path))
    (tmp_path / "robot.xml").write_text(ROBOT.replace("0.5", "0.6"))
    assert "it was changed" in refusal(found, bundle)
    (tmp_path / "robot.xml").unlink()
    os.mkfifo(tmp_path / "robot.xml")
    assert "expected a readable file" in refusal(found, bundle)


@pytest.fixture
def network_with_weights_outside(tmp_path, monkeypatch):
    """Return a network whose weights are a file of the current folder, which has some."""
    import onnx

    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(np.zeros((SIZE, 2), np.float32).tobytes())
    model = onnx.load_from_string(network_of(card(), np.zeros((SIZE, 2))))
    (weights,) = model.graph.initializer
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "weights.bin"
    return model.SerializeToString()


def test_weights_outside_the_network_are_refused(tmp_path, network_with_weights_outside):
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.formats.write import write_formats

    folder = with_network(tmp_path / "bundle", network_with_weights_outside)
    expected = "policy.onnx: weights: expected weights in this file, got those of another file; "
    assert refusal(load_bundle, folder).startswith(expected)
    assert refusal(write_formats, folder, ["beyondmimic"]).startswith(expected)


def test_endless_nesting_in_a_card_is_refused(tmp_path):
    from trainer_proc.deploy.bundle import load_bundle

    folder = write_bundle(tmp_path)
    (folder / "policy.json").write_bytes(b'{"format": 3, "actor": {"a": ' + b"[" * 5000 + b"]" * 5000 + b"}}")
    assert refusal(load_bundle, folder).startswith("policy.json: expected a description of format 3, got ")
    (folder / "policy.json").write_bytes(b'{"format": 3, "task": "\xff"}')
    assert refusal(load_bundle, folder).startswith("policy.json: expected a description of format 3, got ")


def test_names_with_paths_lead_nowhere(tmp_path):
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.formats.write import write_formats

    folder = write_bundle(tmp_path / "bundle")
    (tmp_path / "other.xml").write_text(ROBOT)
    described = msgspec.json.decode((folder / "policy.json").read_bytes(), type=type(card()))
    for name in ("../other.xml", str(tmp_path / "other.xml"), "..", "a\0b"):
        write_card(folder, msgspec.structs.replace(described, robot_model=name))
        for work in (load_bundle, lambda place: write_formats(place, ["beyondmimic"])):
            assert (
                refusal(work, folder).startswith("files: expected names of files in the bundle's folder, got ")
                or name == ".."
            )


def test_a_diverged_simulation_stays_where_it_was_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    robot = robot_of(write_bundle(tmp_path / "bundle"))
    robot.step(10)
    before = robot.base_position
    assert robot.read().problem == ""
    robot.data.qvel[0] = 1e11
    robot.step(3)
    assert robot.has_diverged()
    assert robot.read().problem == "the simulation has diverged: verify the bundle"
    assert robot.base_position == pytest.approx(before)
    assert robot.data.time > 0.2, "MuJoCo has not reset it"
    assert not (tmp_path / "MUJOCO_LOG.TXT").exists()
    robot.reset()
    assert not robot.has_diverged()


def test_a_run_ends_when_its_simulation_diverges(tmp_path):
    from tests.deploy.clock import Clock
    from trainer_proc.deploy.bundle import load_bundle
    from trainer_proc.deploy.mujoco_robot import robot_of as found
    from trainer_proc.deploy.phases import Limits
    from trainer_proc.deploy.policy import Policy
    from trainer_proc.deploy.real_time import RealTimeRobot
    from trainer_proc.deploy.runner import Runner

    bundle = load_bundle(write_bundle(tmp_path))
    clock = Clock()
    robot = RealTimeRobot(found(bundle), clock)

    def fail(phase, state):
        if phase == "run":
            robot.robot.data.qvel[0] = 1e11

    limits = Limits(ramp_seconds=0.1, run_seconds=5.0, damp_seconds=0.1)
    runner = Runner(bundle.card, Policy(bundle), robot, limits, clock=clock, sleep=clock.sleep, watch=fail)
    outcome = runner.run()
    assert outcome.reason == "the simulation has diverged: verify the bundle"
    assert outcome.control_steps < 5


NESTED = b'{"best": ' + b"[" * 5000 + b"]" * 5000 + b"}"


def test_endless_nesting_in_results_is_an_unreadable_result(tmp_path):
    from trainer_proc.contract.best_checkpoint import read_best
    from trainer_proc.contract.bundle.verification import VerificationError, read_suite_result
    from trainer_proc.contract.bundle.verification_state import verification_state
    from trainer_proc.contract.evaluation import EvaluationError, read_result
    from trainer_proc.contract.run_folder import RunFolder

    for name in ("verification.json", "reference.json", "model_best.json", "model_best.pt", "smoothness.json"):
        (tmp_path / name).write_bytes(NESTED)
    assert verification_state(tmp_path).kind == "unreadable"
    assert read_best(RunFolder(tmp_path)) is None
    for read, error in ((read_suite_result, VerificationError), (read_result, EvaluationError)):
        with pytest.raises(error) as caught:
            read(tmp_path / ("reference.json" if read is read_suite_result else "smoothness.json"))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../secret.xml", "/etc/hostname", "a\0b"])
def test_a_runs_description_names_no_file_outside_its_params(tmp_path, name):
    from trainer_proc.contract.bundle.description import read_robot_model
    from trainer_proc.contract.run_folder import RunFolder

    folder = RunFolder(tmp_path / "run")
    folder.params.mkdir(parents=True)
    (tmp_path / "run" / "secret.xml").write_text("private")
    with pytest.raises(FileNotFoundError, match="expected the name of a file in params/"):
        read_robot_model(folder, card(robot_model=name))


def test_nothing_is_written_through_what_lies_in_a_bundle(tmp_path):
    from trainer_proc.contract.run_folder import write_atomically

    kept = tmp_path / "kept"
    kept.write_text("mine")
    file = tmp_path / "verification.json"
    unfinished = tmp_path / f".verification.json.{os.getpid()}"
    unfinished.symlink_to(kept)
    with pytest.raises(OSError, match="symbolic links"):
        write_atomically(file, b"result")
    unfinished.unlink(missing_ok=True)
    os.mkfifo(unfinished)
    with pytest.raises(OSError, match="No such device"):
        write_atomically(file, b"result")
    file.symlink_to(kept)
    unfinished.unlink(missing_ok=True)
    write_atomically(file, b"result")
    assert (file.read_text(), file.is_symlink()) == ("result", False)
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("shape", [(), (999_999_999_999_999,)])
def test_a_trace_of_false_shapes_is_refused(tmp_path, shape):
    import io
    import zipfile

    from trainer_proc.contract.bundle.trace import VERSION, TraceError, TraceHeader, read_trace

    names = {name: [] for name in ("joints", "motors", "frames")}
    texts = dict.fromkeys(("run", "policy", "task", "backend"), "")
    header = TraceHeader(version=VERSION, iteration=0, is_exported=True, terms={}, commands={}, **names, **texts)
    file = tmp_path / "trace.npz"
    with zipfile.ZipFile(file, "w") as archive:
        content = io.BytesIO()
        np.save(content, np.frombuffer(msgspec.json.encode(header), np.uint8))
        archive.writestr("header.npy", content.getvalue())
        content = io.BytesIO()
        np.lib.format.write_array_header_1_0(content, {"descr": "<f8", "fortran_order": False, "shape": shape})
        archive.writestr("action.npy", content.getvalue() + bytes(8))
    with pytest.raises(TraceError, match="is no trace"):
        read_trace(file)
