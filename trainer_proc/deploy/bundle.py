"""Loads a bundle: reads its card, compares the hashes, opens the network, and checks that all of it fits together."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from curricula.errors import UserError
from trainer_proc.contract.bundle.card import CARD, ONNX, PolicyCard
from trainer_proc.contract.bundle.description import FORMAT
from trainer_proc.contract.errors import one_line
from trainer_proc.contract.install import install_command
from trainer_proc.contract.json_content import decode_json
from trainer_proc.contract.run_folder import LARGEST_DESCRIPTION
from trainer_proc.deploy.bundle_files import read_bundle_file, require_plain_name
from trainer_proc.deploy.card_checks import check_card
from trainer_proc.deploy.errors import EXPORT_AGAIN, refused
from trainer_proc.deploy.network_file import load_network

_DTYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}


class PackageMissing(UserError):
    """A package of the extra `deploy` is not installed."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that has passed all checks."""

    folder: Path
    card: PolicyCard
    session: Any
    """onnxruntime's `InferenceSession` of `policy.onnx`, on one CPU thread."""

    @property
    def robot_model(self) -> Path | None:
        """The robot's MuJoCo model; None without one."""
        return self.folder / self.card.robot_model if self.card.robot_model else None


def load_bundle(folder: Path) -> Bundle:
    """Load the bundle in `folder`. Raises `BundleRefused` with one line that names the field, or `PackageMissing`."""
    onnx, onnxruntime = require("onnx"), require("onnxruntime")
    card = read_card(folder / CARD)
    network = b""
    for name, expected in _hashes(card).items():
        content = read_bundle_file(folder / name, expected)
        network = content if name == ONNX else network
    check_card(card)
    _check_weights(onnx, network)
    session = _open(onnxruntime, network)
    _check_session(card, session)
    return Bundle(folder, card, session)


def require(package: str, what: str = "running a policy") -> Any:
    """Return an imported package of the extra `deploy`, which `what` needs. Raises `PackageMissing`."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise PackageMissing(f"{what} needs package {package}: {install_command('deploy')}") from error


def read_card(file: Path) -> PolicyCard:
    """Return the bundle's `policy.json`. Raises `BundleRefused`."""
    content = read_bundle_file(file, most=LARGEST_DESCRIPTION)
    try:
        found = decode_json(content, _Format).format
        if found != FORMAT:
            remedy = EXPORT_AGAIN if found < FORMAT else "update humanoid-tui"
            raise refused(f"{file.name}: format", str(FORMAT), found, remedy)
        return decode_json(content, PolicyCard)
    except msgspec.DecodeError as error:
        raise refused(file.name, f"a description of format {FORMAT}", one_line(error), EXPORT_AGAIN) from error


class _Format(msgspec.Struct):
    format: int = 1


def _hashes(card: PolicyCard) -> dict[str, str]:
    """Return the SHA-256 of each file of the bundle, by name."""
    hashes = {**card.files, ONNX: card.onnx_sha256}
    if card.files.get(ONNX, card.onnx_sha256) != card.onnx_sha256:
        raise refused("onnx_sha256", "the hash in files", "another one", EXPORT_AGAIN)
    if card.robot_model:
        hashes[card.robot_model] = card.robot_model_sha256
    for name in hashes:
        require_plain_name(name)
    return hashes


def _check_weights(onnx: Any, network: bytes) -> None:
    """Refuse weights that are not finite: some activations hide them."""
    model = load_network(onnx, network)
    try:
        weights = [(one.name, onnx.numpy_helper.to_array(one)) for one in model.graph.initializer]
    except Exception as error:  # sizes that don't fit raise many
        raise refused(ONNX, "an ONNX model", one_line(error), EXPORT_AGAIN) from error
    for name, values in weights:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            count = int((~np.isfinite(values)).sum())
            remedy = "the training has diverged: export an older checkpoint"
            raise refused(f"{ONNX}: {name}", "finite weights", f"{count} of {values.size} NaN or infinite", remedy)


def _open(onnxruntime: Any, network: bytes) -> Any:
    try:
        return one_thread_session(onnxruntime, network)
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise refused(ONNX, "a model that onnxruntime opens", one_line(error), EXPORT_AGAIN) from error


def _check_session(card: PolicyCard, session: Any) -> None:
    """Compare the network's inputs and outputs with the card, and run it once."""
    shapes = {node.name: tuple(node.shape) for node in session.get_inputs()}
    known = ["obs", *card.image_inputs, *card.recurrent_inputs, *card.task_inputs]
    if unknown := [name for name in shapes if name not in known]:
        got = f"the network's further input {unknown[0]}"
        raise refused("recurrent_inputs", "every state of a recurrent policy", got, EXPORT_AGAIN)
    if missing := [name for name in known if name not in shapes]:
        raise refused(ONNX, f"input {missing[0]}, as policy.json says", ", ".join(shapes), EXPORT_AGAIN)
    if shapes["obs"] != (1, card.observation_size):
        raise refused(
            "observation_size", f"{list(shapes['obs'])[-1]}, as policy.onnx", card.observation_size, EXPORT_AGAIN
        )
    try:
        outputs = session.run(None, zero_inputs(session))
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise refused(ONNX, "a network that runs", one_line(error), EXPORT_AGAIN) from error
    states = [tuple(shapes[name]) for name in card.recurrent_inputs]
    if [np.shape(output) for output in outputs[1 : 1 + len(states)]] != states:
        raise refused("recurrent_inputs", "an output for each state", f"{len(outputs) - 1} outputs", EXPORT_AGAIN)
    if np.shape(outputs[0]) != (1, card.num_actions):
        raise refused("num_actions", f"{np.shape(outputs[0])[-1]}, as policy.onnx", card.num_actions, EXPORT_AGAIN)
    if not _is_finite(outputs):
        remedy = "the training has diverged: export an older checkpoint"
        raise refused(ONNX, "finite actions", "NaN or infinite ones", remedy)


def one_thread_session(onnxruntime: Any, network: bytes) -> Any:
    """Return an `InferenceSession` on one CPU thread. Raises exceptions of onnxruntime, which share no base class."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def zero_inputs(session: Any) -> dict[str, Any]:
    """Return zeros for every input of a network."""
    return {node.name: np.zeros(node.shape, dtype=_DTYPES[node.type]) for node in session.get_inputs()}


def _is_finite(arrays: Sequence[Any]) -> bool:
    return all(bool(np.isfinite(array).all()) for array in arrays)
