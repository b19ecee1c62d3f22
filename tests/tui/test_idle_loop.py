"""The event loop of screens' tests."""

from __future__ import annotations

import asyncio

import pytest

from tests.tui.idle_loop import wait_for_idle


async def test_what_is_done_at_once_and_within_a_frame_is_done_when_the_loop_is_idle():
    done = []

    async def work():
        await asyncio.sleep(0)
        done.append("at once")
        await asyncio.sleep(0.01)
        done.append("within a frame")
        await asyncio.sleep(3600)
        done.append("much later")

    task = asyncio.create_task(work())
    await wait_for_idle()
    task.cancel()
    assert done == ["at once", "within a frame"]


async def test_a_program_that_is_never_idle_fails_the_test_and_says_so(monkeypatch):
    monkeypatch.setattr("tests.tui.idle_loop.PATIENCE_SECONDS", 0.05)

    async def work_for_ever():
        while True:
            await asyncio.sleep(0)

    task = asyncio.create_task(work_for_ever())
    with pytest.raises(AssertionError, match=r"got one that is busy after 0\.05 s: look for messages"):
        await wait_for_idle()
    task.cancel()
