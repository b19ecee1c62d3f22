"""Tools that read: runs, metrics, knobs, changes, and the impact of a change. They change nothing and ask nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from tui.charts.files.run_charts import ChartRequest
from tui.mcp.door import Door
from tui.mcp.pictures import chart_png
from tui.mcp.threads import in_thread, plain_record
from tui.session.agents.observed import ObservedRun
from tui.session.agents.readings import MOST_POINTS, change_records, knob_records, metric_records, state_record
from tui.session.impact.control import compare_with_control, controlled_record
from tui.session.impact.impact import impact_of
from tui.session.impact.impact_text import impact_record
from tui.session.impact.windows import DEFAULT_ITERATIONS
from tui.session.runs.run_index import run_folders, summarize
from tui.session.runs.run_record import run_record
from tui.session.runs.run_search import matching

Tool = Context[Any, Any]
Run = Annotated[str, Field(description="Name of the run, a unique part of it, or latest")]
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_MOST_RUNS = 50


class ReadingTools:
    """The tools as methods, whose docstrings agents read."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def add_to(self, server: MCPServer[Any]) -> None:
        for tool in (
            self.list_runs,
            self.get_run,
            self.get_metrics,
            self.list_knobs,
            self.list_changes,
            self.get_impact,
            self.chart_picture,
        ):
            server.add_tool(tool, annotations=READS)

    async def list_runs(
        self, context: Tool, match: Annotated[str, Field(description="Letters in name, preset, task or status")] = ""
    ) -> dict[str, Any]:
        """List the newest runs with status, iteration, reward and success rate."""

        def work(*_: Any) -> dict[str, Any]:
            folders = run_folders(self._door.runs.log_root)
            found = matching((summarize(folder) for folder in folders), match)
            return plain_record({"runs": [run_record(summary) for summary in found[:_MOST_RUNS]], "all": len(found)})

        return await in_thread(context, work)

    async def get_run(self, context: Tool, run: Run) -> dict[str, Any]:
        """Show the state of a run: phase, progress, names of its metrics, firing guards, checkpoints, revision."""
        return await in_thread(context, lambda *_: self._locked(run, state_record))

    async def get_metrics(
        self,
        context: Tool,
        run: Run,
        metrics: Annotated[list[str], Field(description="Names or roles: reward, success, kl, Loss/value, ...")],
        first: Annotated[int | None, Field(description="First iteration; default: the run's first")] = None,
        last: Annotated[int | None, Field(description="Last iteration; default: the newest")] = None,
        points: Annotated[int, Field(ge=1, le=MOST_POINTS, description="Parts of the curve")] = 20,
    ) -> dict[str, Any]:
        """Read metrics with their spread (95 % interval, standard deviation), curve, and the marks of changes."""
        return await in_thread(
            context, lambda *_: self._locked(run, lambda found: metric_records(found, metrics, first, last, points))
        )

    async def list_knobs(
        self,
        context: Tool,
        run: Run,
        pattern: Annotated[str, Field(description="Names with * and ?, such as reward/*/weight")] = "*",
        changed: Annotated[bool, Field(description="Only knobs that differ from their default")] = False,
    ) -> dict[str, Any]:
        """List what can be changed: value, default, bounds, unit, when it takes effect, and the metric to watch."""
        return await in_thread(
            context, lambda *_: self._locked(run, lambda found: knob_records(found, pattern, changed=changed))
        )

    async def list_changes(
        self, context: Tool, run: Run, most: Annotated[int, Field(ge=1, le=200)] = 20
    ) -> dict[str, Any]:
        """List the newest changes with author, reason and state: by the user, agents, curricula and guards."""
        return await in_thread(
            context, lambda *_: self._locked(run, lambda found: {"changes": change_records(found, most)})
        )

    async def get_impact(
        self,
        context: Tool,
        run: Run,
        number: Annotated[int | None, Field(description="Number of the change; default: the newest")] = None,
        iterations: Annotated[
            int, Field(ge=1, le=1000, description="Most iterations on each side")
        ] = DEFAULT_ITERATIONS,
        control: Annotated[
            str | None, Field(description="A run without the change, such as one that fork_run started with without=N")
        ] = None,
    ) -> dict[str, Any]:
        """Compare metrics before and after a change, and with an untouched control in the same iterations."""

        def work(*_: Any) -> dict[str, Any]:
            observed = self._door.read(run)
            with observed.lock:
                impact = impact_of(number, observed.state, observed.history, iterations)
                record = impact_record(impact)
                if control is None:
                    return plain_record(record)
            beside = self._door.read(control)
            with observed.lock, beside.lock:
                compared = compare_with_control(impact, observed.history, beside.folder, beside.state, beside.history)
            return plain_record(record | {"control": controlled_record(compared)})

        return await in_thread(context, work)

    async def chart_picture(
        self,
        context: Tool,
        run: Run,
        metrics: Annotated[list[str], Field(min_length=1, max_length=8, description="Names or roles")],
        first: int | None = None,
        last: int | None = None,
    ) -> Image:
        """Draw metrics as a picture, with the marks of changes."""

        def work(*_: Any) -> Image:
            request = ChartRequest(metrics, apart=True, first=first, last=last, smoothing=0.6)
            return Image(data=chart_png([self._door.runs.get(run).folder], request), format="png")

        return await in_thread(context, work)

    def _locked(self, run: str, reading: Callable[[ObservedRun], Any]) -> dict[str, Any]:
        observed = self._door.read(run)
        with observed.lock:
            return plain_record(reading(observed))
