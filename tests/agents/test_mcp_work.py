"""An agent's work on a trained policy: a picture without a display, an evaluation, an export."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.agents.session import called, connected, refused
from tests.program import launched
from tui.mcp.pictures import rollout_svg

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("warm_python")]

ROLLOUT = Path(__file__).parents[1] / "recordings" / "rollouts" / "cartpole.rollout"


async def test_a_policy_is_drawn_evaluated_and_exported(tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("MUJOCO_GL", "disabled")
    options = ("--iterations", "3", "--num-envs", "4", "--device", "cpu", "--wait")
    folder = launched(tmp_path, "launch", "cartpole", *options)
    run = folder.name
    async with connected(tmp_path) as client:
        result = await client.call_tool("rollout_picture", {"run": run, "seconds": 1, "at": 0.5})
        assert not result.is_error, result.content
        text, picture = result.content
        assert json.loads(text.text)["states"] > 10
        assert base64.b64decode(picture.data).startswith(b"\x89PNG")
        report = (await called(client, "evaluate", run=run, episodes=4))["text"]
        assert report.startswith("quick: ")
        exported = await called(client, "export_policy", run=run)
        assert exported["folder"] == str(folder.exported)
        assert (folder.exported / "policy.onnx").is_file()
        line = await refused(client, "rollout_picture", run=run, checkpoint="7")
        assert line.startswith("no such checkpoint: 7")


def test_a_rollout_is_drawn_as_an_animation():
    assert rollout_svg(ROLLOUT).startswith("<svg")
