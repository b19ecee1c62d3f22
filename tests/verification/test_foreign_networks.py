"""A network that never answers: Ctrl+C ends the verification and its process, with one line and no result."""

from __future__ import annotations

import hashlib
import signal
import subprocess

import msgspec
import psutil
import pytest

from tests.program import PROGRAM
from tests.verification.small_bundle import SIZE, write_bundle
from tests.waiting import wait_for
from trainer_proc.contract.bundle.card import CARD, ONNX


def endless_network() -> bytes:
    """Return a network that counts for years before it acts."""
    from onnx import TensorProto, helper

    def value(name, kind, shape):
        return helper.make_tensor_value_info(name, kind, shape)

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Tanh", ["last"], ["next"]),
        ],
        "count",
        [
            value("step", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("last", TensorProto.FLOAT, [1, 1]),
        ],
        [value("go_on", TensorProto.BOOL, []), value("next", TensorProto.FLOAT, [1, 1])],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["obs"], ["first"], keepdims=1),
            helper.make_node("Loop", ["times", "", "first"], ["actions"], body=body),
        ],
        "policy",
        [value("obs", TensorProto.FLOAT, [1, SIZE])],
        [value("actions", TensorProto.FLOAT, [1, 1])],
        [helper.make_tensor("times", TensorProto.INT64, [], [2**60])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()


@pytest.mark.parametrize("command", [["verify", "--no-reference"], ["run-policy"]])
def test_a_network_that_never_answers_can_be_interrupted(tmp_path, command):
    network = endless_network()
    digest = hashlib.sha256(network).hexdigest()
    card = write_bundle(tmp_path / "bundle", onnx_sha256=digest, files={ONNX: digest})
    (tmp_path / "bundle" / ONNX).write_bytes(network)
    before = sorted(path.name for path in (tmp_path / "bundle").iterdir())
    assert msgspec.json.decode((tmp_path / "bundle" / CARD).read_bytes(), type=type(card)).onnx_sha256 == digest
    arguments = [PROGRAM, command[0], "bundle", *command[1:], "--logs", "logs"]
    with subprocess.Popen(
        arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            worker = wait_for(lambda: _busy_child(process.pid), "the process that runs the network")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate()
        finally:
            process.kill()
    assert process.returncode not in (0, None)
    assert len(errors.strip().splitlines()) <= 1, errors
    wait_for(lambda: not worker.is_running(), "the end of the worker")
    assert sorted(path.name for path in (tmp_path / "bundle").iterdir()) == before


def _busy_child(pid: int) -> psutil.Process | None:
    """Return the worker once it has computed for longer than it takes to load."""
    children = psutil.Process(pid).children(recursive=True)
    return next((child for child in children if child.cpu_times().user > 4.0), None)
