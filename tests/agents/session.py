"""A session of an agent: the SDK's own client over the standard input and output of the real program."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread

from tests.program import PROGRAM, program
from tests.waiting import wait_for
from tui.session.agents.questions import open_questions

SHOWN = "test-agent 1.2"


@asynccontextmanager
async def connected(cwd, *arguments):
    """Yield a client that is connected to `humanoid-tui mcp`, with this test's settings and state."""
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp_types import Implementation

    agent = Implementation(name="test-agent", version="1.2")
    server = StdioServerParameters(command=PROGRAM, args=["mcp", *arguments], env=dict(os.environ), cwd=cwd)
    errors = sys.__stderr__  # its default is that of the first import, which may be what pytest captures
    async with Client(stdio_client(server, errlog=errors), client_info=agent) as client:
        yield client


async def called(client, tool, **arguments):
    """Call a tool that must succeed; return its record."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return json.loads(result.content[0].text)


async def refused(client, tool, **arguments):
    """Call a tool that must be refused; return the one line."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.content
    (content,) = result.content
    line = content.text.removeprefix(f"Error executing tool {tool}: ")
    assert len(line.splitlines()) == 1
    return line


async def answered(cwd, folder, choice, call):
    """Return what `call` returns while the user answers its request by a command; the request was theirs to read."""
    done = []

    async def run():
        done.append(await call)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        (question,) = await anyio.to_thread.run_sync(wait_for, lambda: open_questions(folder), "the request")
        await anyio.to_thread.run_sync(lambda: program(cwd, "agents", f"--{choice}", question.id))
    return done[0], question
