"""Tools that work beside a training: evaluate, show a rollout, export, and start a fork."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Image, MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from trainer_proc.contract.evaluation import SuiteName
from trainer_proc.contract.rollout_request import LONGEST_SECONDS
from tui.mcp.changing_tools import CHANGES, Reason
from tui.mcp.door import Door
from tui.mcp.pictures import rollout_png, rollout_svg
from tui.mcp.reading_tools import Run, Tool
from tui.mcp.threads import Report, in_thread, plain_record
from tui.session.evaluations.report import report_text

Checkpoint = Annotated[str, Field(description="An iteration, latest or best")]
WORKS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


class WorkingTools:
    """The tools as methods, whose docstrings agents read."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def add_to(self, server: MCPServer[Any]) -> None:
        server.add_tool(self.evaluate, annotations=WORKS)
        # structured output would have no room for a picture
        server.add_tool(self.rollout_picture, annotations=WORKS, structured_output=False)
        server.add_tool(self.export_policy, annotations=WORKS)
        server.add_tool(self.fork_run, annotations=CHANGES)

    async def evaluate(
        self,
        context: Tool,
        run: Run,
        checkpoint: Checkpoint = "latest",
        suite: SuiteName = "quick",
        episodes: Annotated[int, Field(ge=0, le=10_000, description="In each cell; 0: the suite's own number")] = 0,
    ) -> dict[str, Any]:
        """Evaluate a checkpoint without exploration noise, beside the training; takes minutes."""
        agent_work = self._door.work(context)

        def work(report: Report, cancelled: Event) -> dict[str, Any]:
            found = agent_work.evaluate(run, checkpoint, suite, episodes, report, cancelled)
            return {"text": report_text([found])}

        return await in_thread(context, work)

    async def rollout_picture(
        self,
        context: Tool,
        run: Run,
        checkpoint: Checkpoint = "latest",
        seconds: Annotated[float, Field(gt=0, le=LONGEST_SECONDS / 10, description="Simulated time")] = 4.0,
        command: Annotated[
            list[float] | None, Field(description="Velocity to hold: forward, lateral (m/s), yaw (rad/s)")
        ] = None,
        at: Annotated[float | None, Field(ge=0, description="Time of the picture (s); default: its middle")] = None,
        kind: Annotated[Literal["png", "svg"], Field(description="A picture, or an animation as text")] = "png",
    ) -> list[Any]:
        """Record what a checkpoint does, and draw the robot as a picture; needs no display. Takes a minute."""
        agent_work = self._door.work(context)

        def work(report: Report, cancelled: Event) -> list[Any]:
            recorded = agent_work.rollout(run, checkpoint, seconds, tuple(command or ()), report, cancelled)
            path = Path(recorded.path)
            picture = rollout_svg(path) if kind == "svg" else Image(data=rollout_png(path, at), format="png")
            return [plain_record(recorded), picture]

        return await in_thread(context, work)

    async def export_policy(
        self,
        context: Tool,
        run: Run,
        checkpoint: Annotated[
            str | None, Field(description="An iteration, latest or best; default: the live policy")
        ] = None,
    ) -> dict[str, Any]:
        """Export a policy as ONNX and TorchScript into the run's folder, checked against the original."""
        agent_work = self._door.work(context)
        return plain_record(await in_thread(context, lambda *_: agent_work.export(run, checkpoint)))

    async def fork_run(
        self,
        context: Tool,
        run: Run,
        reason: Reason,
        at: Checkpoint = "latest",
        without: Annotated[
            int | None,
            Field(ge=1, description="Number of a change: fork before it, as an untouched control for get_impact"),
        ] = None,
        values: Annotated[
            dict[str, Any] | None, Field(description="Value by knob, instead of the checkpoint's")
        ] = None,
        iterations: Annotated[int | None, Field(ge=1, description="Default: those left at the checkpoint")] = None,
        name: Annotated[str | None, Field(description="End of the new run's name")] = None,
    ) -> dict[str, Any]:
        """Start a new training from a checkpoint of a run. Waits for the user's confirmation."""
        agent_work = self._door.work(context)

        def work(report: Report, cancelled: Event) -> dict[str, Any]:
            return agent_work.fork(
                run,
                at=at,
                without=without,
                values=values or {},
                iterations=iterations,
                name=name,
                reason=reason,
                report=report,
                cancelled=cancelled,
            )

        return plain_record(await in_thread(context, work))
