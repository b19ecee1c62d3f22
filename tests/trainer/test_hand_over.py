"""`policy_weights.pt`, loaded by the code of the docs page in a process that does not have this project."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trainer_proc.export.write import export_policy

PAGE = Path(__file__).parents[2] / "docs" / "hand-over.md"
LINES = 10


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Import what takes seconds when the first test runs, not when tests are collected."""
    global SIZE, description, make_run, normalizing, recurrent, run_onnx, seeing, torch
    import torch

    from tests.trainer.exported_policies import SIZE, description, make_run, normalizing, recurrent, run_onnx, seeing


def loader():
    """Return the loader of the docs page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return code


def loaded_elsewhere(folder, observations):
    """Return what the loader computes in a process whose working folder, and only that, has the file."""
    code = f"""import sys
try:
    import trainer_proc
except ImportError:
    pass
else:
    sys.exit("this project can be imported")
{loader()}
import json
print(json.dumps([act(torch.tensor({observations.tolist()})).tolist(), policy["description"]]))
"""
    packages = str(Path(torch.__file__).parents[1])
    # -I: neither the working folder nor the environment adds to the path; -S: no .pth of an editable install does
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({packages!r})\n{code}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    actions, described = json.loads(done.stdout)
    return torch.tensor(actions), json.loads(described)


def test_the_loader_of_the_docs_is_short():
    assert len([line for line in loader().splitlines() if line.strip()]) <= LINES


class RunsCode:
    """Creates a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (str(self.file), "w")


def test_code_in_a_file_of_a_stranger_does_not_run(tmp_path):
    from trainer_proc.export.hand_over import hand_over_actions

    ran = tmp_path / "ran"
    torch.save({"policy": RunsCode(ran)}, tmp_path / "policy_weights.pt")
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        hand_over_actions(tmp_path / "policy_weights.pt", np.zeros((1, SIZE), np.float32))
    done = subprocess.run([sys.executable, "-c", loader()], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "Weights only load failed" in done.stderr
    assert not ran.exists()


@pytest.mark.parametrize("activation", ["elu", "tanh", "relu"])
def test_a_program_without_this_one_acts_as_the_onnx_file(tmp_path, activation):
    described = normalizing()
    described.actor["activation"] = activation
    folder, checkpoint, _ = make_run(tmp_path / "run", described)
    export_policy(folder, checkpoint)
    observations = torch.randn(30, SIZE) * 4 + 20
    actions, content = loaded_elsewhere(folder.exported, observations)
    expected = torch.from_numpy(run_onnx(folder.exported / "policy.onnx", observations))
    assert torch.allclose(actions, expected, atol=1e-5)
    assert expected.std(dim=0).min() > 0.01
    card = json.loads((folder.exported / "policy.json").read_text())
    assert content["action_scale"] == card["action_scale"]
    assert content["observation_terms"] == card["observation_terms"]
    assert "policy_weights.pt" in card["files"]


@pytest.mark.parametrize(("kind", "name"), [("gru", "RNNModel"), ("", "CNNModel")])
def test_a_policy_of_other_layers_says_why_it_has_no_hand_over(tmp_path, kind, name):
    folder, checkpoint, _ = make_run(tmp_path / "run", recurrent(kind) if kind else seeing())
    result = export_policy(folder, checkpoint)
    assert f"policy_weights.pt: expected rsl-rl's MLPModel, got {name}" in result.not_included
    assert not (folder.exported / "policy_weights.pt").exists()


def test_an_export_without_a_hand_over_takes_the_last_one_away(tmp_path):
    folder, checkpoint, _ = make_run(tmp_path / "run", description())
    export_policy(folder, checkpoint)
    assert (folder.exported / "policy_weights.pt").exists()
    other, checkpoint, _ = make_run(tmp_path / "other", recurrent("lstm"))
    export_policy(other, checkpoint, folder.exported)
    assert not (folder.exported / "policy_weights.pt").exists()


def test_a_file_that_computes_other_actions_stops_the_export(tmp_path, monkeypatch):
    from trainer_proc.contract.export_process import ExportError

    folder, checkpoint, _ = make_run(tmp_path / "run", normalizing())
    save = torch.save

    def without_normalizer(content, file):
        content["policy"]["normalizer"]["mean"] *= 0
        save(content, file)

    monkeypatch.setattr(torch, "save", without_normalizer)
    with pytest.raises(ExportError, match=r"the check failed, policy_weights\.pt"):
        export_policy(folder, checkpoint)
    assert not folder.exported.exists()
