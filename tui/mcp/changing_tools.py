"""Tools that change a training. Each needs a reason and, unless the settings say otherwise, the user's confirmation."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from trainer_proc.contract.messages import Ramp
from tui.mcp.door import Door
from tui.mcp.reading_tools import Run, Tool
from tui.mcp.threads import in_thread, plain_record

Reason = Annotated[str, Field(description="Why, for the user: what you saw, and what you expect of the change")]
CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
_MOST_RAMP = 10**6


class ChangingTools:
    """The tools as methods, whose docstrings agents read."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def add_to(self, server: MCPServer[Any]) -> None:
        for tool in (self.tune, self.undo, self.redo, self.stop_ramp, self.unpin):
            server.add_tool(tool, annotations=CHANGES)

    async def tune(
        self,
        context: Tool,
        run: Run,
        values: Annotated[
            dict[str, Any],
            Field(
                description="Value by knob: a number, [low, high], a word, true or false, or x0.5 to multiply the "
                "present value; a name may have * and ?; all or none are changed"
            ),
        ],
        reason: Reason,
        ramp_iterations: Annotated[
            int | None, Field(ge=1, le=_MOST_RAMP, description="Spread the change over this many iterations")
        ] = None,
        geometric: Annotated[bool, Field(description="Ramp by equal factors instead of equal steps")] = False,
    ) -> dict[str, Any]:
        """Change knobs of a running training, at the next iteration or by a ramp. Waits for the user's confirmation."""
        ramp = None if ramp_iterations is None else Ramp(ramp_iterations, "geometric" if geometric else "linear")
        changes = self._door.changes(context)
        return plain_record(await in_thread(context, lambda *how: changes.tune(run, values, reason, ramp, *how)))

    async def undo(
        self,
        context: Tool,
        run: Run,
        reason: Reason,
        number: Annotated[int | None, Field(ge=1, description="Number of the change; default: the newest")] = None,
    ) -> dict[str, Any]:
        """Undo a change: its knobs get back their values from before. Waits for the user's confirmation."""
        changes = self._door.changes(context)
        return plain_record(await in_thread(context, lambda *how: changes.undo(run, number, reason, *how)))

    async def redo(
        self,
        context: Tool,
        run: Run,
        reason: Reason,
        number: Annotated[
            int | None, Field(ge=1, description="Number of the change; default: the one undone last")
        ] = None,
    ) -> dict[str, Any]:
        """Apply an undone change again. Waits for the user's confirmation."""
        changes = self._door.changes(context)
        return plain_record(await in_thread(context, lambda *how: changes.undo(run, number, reason, *how, redo=True)))

    async def stop_ramp(self, context: Tool, run: Run, knob: str, reason: Reason) -> dict[str, Any]:
        """Stop the ramp of a knob at its present value. Waits for the user's confirmation."""
        changes = self._door.changes(context)
        return plain_record(
            await in_thread(context, lambda *how: changes.release(run, knob, reason, *how, stops_ramp=True))
        )

    async def unpin(self, context: Tool, run: Run, knob: str, reason: Reason) -> dict[str, Any]:
        """Return a pinned knob to the curriculum or schedule that also writes it. Waits for the user's confirmation."""
        changes = self._door.changes(context)
        return plain_record(
            await in_thread(context, lambda *how: changes.release(run, knob, reason, *how, stops_ramp=False))
        )
