"""An agent at an ended run: it reads everything, and names nothing outside the log root."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.agents.session import called, connected, refused

RECORDED = Path(__file__).parents[1] / "recordings" / "g1-steered"
NAME = "2026-01-01_10-00-00_steered"
REASON = "it would walk sooner"


@pytest.fixture
def logs(tmp_path):
    shutil.copytree(RECORDED, tmp_path / "logs" / "g1" / NAME)
    return tmp_path / "logs"


async def test_it_reads_runs_metrics_knobs_changes_impact_and_resources(tmp_path, logs):
    async with connected(tmp_path, "--logs", str(logs)) as client:
        (run,) = (await called(client, "list_runs"))["runs"]
        assert (run["name"], run["status"]) == (NAME, "finished")
        assert (await called(client, "list_runs", match="nothing"))["runs"] == []
        read = await called(client, "get_metrics", run="latest", metrics=["reward", "kl"], first=0, last=99, points=4)
        assert [metric["count"] for metric in read["metrics"]] == [100, 100]
        assert all(mark["iteration"] <= 99 for mark in read["marks"])
        changes = (await called(client, "list_changes", run=NAME, most=3))["changes"]
        assert len(changes) == 3
        impact = await called(client, "get_impact", run=NAME, number=7)
        assert impact["intervention"] == 7
        picture = await client.call_tool("chart_picture", {"run": NAME, "metrics": ["reward"]})
        assert base64.b64decode(picture.content[0].data).startswith(b"\x89PNG")

        templates = [one.uri_template for one in (await client.list_resource_templates()).resource_templates]
        for uri in ["humanoid-tui://runs", *(template.replace("{run}", NAME) for template in templates)]:
            (content,) = (await client.read_resource(uri)).contents
            assert json.loads(content.text)


async def test_what_it_may_not_name_or_change_is_refused_in_one_line(tmp_path, logs):
    outside = tmp_path / "elsewhere" / "g1" / "other"
    shutil.copytree(RECORDED, outside)
    async with connected(tmp_path, "--logs", str(logs)) as client:
        for name in (str(outside), "../elsewhere/g1/other", "other"):
            assert "no such run" in await refused(client, "get_run", run=name)
        line = await refused(client, "tune", run=NAME, values={"reward/x/weight": 1}, reason=REASON)
        assert line == f"{NAME} is not training: fork it to change it"
        for checkpoint in (str(outside / "model_0.pt"), "../model_0.pt", "-1"):
            line = await refused(client, "rollout_picture", run=NAME, checkpoint=checkpoint)
            assert line == f"expected an iteration, latest or best, got {checkpoint}"
            assert await refused(client, "fork_run", run=NAME, at=checkpoint, reason=REASON) == line
        assert "no such metric" in await refused(client, "get_metrics", run=NAME, metrics=["nope"])
        assert "expected 1 to 20 metrics" in await refused(client, "get_metrics", run=NAME, metrics=[])
        assert "no applied change #999" in await refused(client, "get_impact", run=NAME, number=999)


async def test_every_tool_says_what_it_does_and_whether_it_changes_something(tmp_path, logs):
    async with connected(tmp_path, "--logs", str(logs)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    reading = {name for name, tool in tools.items() if tool.annotations.read_only_hint}
    assert reading == {
        *("list_runs", "get_run", "get_metrics", "list_knobs", "list_changes", "get_impact", "chart_picture")
    }
    assert all(tool.description for tool in tools.values())
    asking = {name for name, tool in tools.items() if "reason" in tool.input_schema.get("required", [])}
    assert asking == {"tune", "undo", "redo", "stop_ramp", "unpin", "fork_run"}


async def test_a_folder_whose_name_is_no_text_does_not_end_the_session(tmp_path, logs):
    folder = logs / "g1" / os.fsdecode(b"2026-01-01_11-00-00_\xff")
    shutil.copytree(logs / "g1" / NAME, folder)
    shutil.copytree(logs / "g1" / NAME, logs / "g1" / "2026-01-01_12-00-00_damaged")
    (logs / "g1" / "2026-01-01_12-00-00_damaged" / "journal.msgpack").write_bytes(os.urandom(3000))
    async with connected(tmp_path, "--logs", str(logs)) as client:
        runs = (await called(client, "list_runs"))["runs"]
        assert {run["name"] for run in runs} >= {NAME, "2026-01-01_11-00-00_?"}
        assert "nearest" in await refused(client, "get_run", run="2026-01-01_11-00-00_x")
        (content,) = (await client.read_resource("humanoid-tui://runs")).contents
        assert len(json.loads(content.text)) == len(runs) == 3
        assert len(await refused(client, "get_run", run="x" * 1_000_000)) < 5000
        for _ in range(2):  # what can't be read is never shown as a run without metrics
            assert "is damaged" in await refused(client, "get_run", run="damaged")
