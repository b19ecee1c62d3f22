"""Measure the list of runs on many hosts, and the way of a run from a host to its dashboard.

    uv run python -m benchmarks.hosts [HOSTS] [RUNS]

Starts one OpenSSH server that listens at HOSTS (20) loopback addresses, each a host with connections of its own and its
share of RUNS (1,000) copied runs. All hosts share the cores of this machine. The list is the program's own screen,
120 x 40, without a terminal. Memory here is the proportional set size (PSS) of the processes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
import tomli_w

from tests.hosts import Sshd
from tests.waiting import wait_for
from tui.app import HumanoidTui
from tui.navigation import ShowRuns
from tui.screens.runs.run_table import RunTable
from tui.screens.runs.screen import RunsScreen
from tui.session.hosts.host_runs import HostRuns
from tui.session.runs.run_index import RunOrigin
from tui.session.settings.config import config_file

RECORDING = Path(__file__).parents[1] / "tests" / "recordings" / "cartpole"
RUNS_BELOW = Path("logs", "rsl_rl", "cartpole")
LONG_MIB, CPU_SECONDS = 100, 10.0


def main() -> None:
    count, runs = (int(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 20), (2, 1000)))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("CONFIG", "STATE", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = f"{folder}/{name.lower()}"
        server = Sshd(Path(folder, "sshd"), count)
        os.environ |= {"PATH": f"{server.tools}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(server.runtime)}
        try:
            names = write_hosts(server, count, runs // count)
            hosts = HostRuns()
            asyncio.run(measure_list(hosts, len(names) * (runs // count)))
            measure_attach(names[0], server)
        finally:
            server.stop()
            shutil.rmtree(server.runtime)


def write_hosts(server: Sshd, count: int, runs: int) -> list[str]:
    """Write the settings and the runs of each host; return their names."""
    tables = {}
    for number in range(1, count + 1):
        name = f"loop{number}" if number > 1 else "loop"
        tables[name] = server.table | {"destination": name, "folder": str(server.home / name)}
        for run in range(runs):
            shutil.copytree(RECORDING, server.home / name / RUNS_BELOW / f"2026-01-01_00-00-00_run{run}")
    config_file().parent.mkdir(parents=True)
    config_file().write_text(tomli_w.dumps({"hosts": tables}))
    return list(tables)


async def measure_list(hosts: HostRuns, runs: int) -> None:
    """Measure the first connection to all hosts, then the list on screen, then what it costs."""
    process = psutil.Process()
    before, began = memory([process]), time.perf_counter()
    watches = hosts.watches
    await asyncio.to_thread(wait_for, lambda: len(watches.rows) == runs, "all runs")
    print(f"{len(watches.states)} hosts, {runs} runs")
    print(f"from no connection to all rows: {time.perf_counter() - began:.1f} s")
    app = HumanoidTui(Path("logs"), hosts=hosts)
    async with app.run_test(size=(120, 40)):
        began, cpu = time.perf_counter(), time.process_time()
        app.go_to(ShowRuns())
        while not (app.screen.query("#runs") and app.screen.query_one(RunTable).row_count == runs):
            await asyncio.sleep(0.005)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(f"list of connected hosts, all rows on screen: {wall:.2f} s, of which this process works {cpu:.2f} s")
        assert isinstance(app.screen, RunsScreen)
        cpu = time.process_time()
        app.screen.show_runs()
        print(f"drawn again after a report: {1000 * (time.process_time() - cpu):.0f} ms of work")
        processes = [(one, words(one)) for one in psutil.process_iter()]
        there = [one for one, line in processes if "host-report" in line and "python" in line[0]]
        ssh = [one for one, line in processes if one.name() == "ssh" and os.environ["XDG_RUNTIME_DIR"] in str(line)]
        cpu = seconds(there)
        await asyncio.sleep(CPU_SECONDS)
        print(f"this process: {before:.0f} MiB before, {memory([process]):.0f} MiB with the list")
        print(f"ssh on this machine: {len(ssh)} processes, {memory(ssh):.0f} MiB")
        share = (seconds(there) - cpu) / CPU_SECONDS / len(there)
        resident = there[0].memory_info().rss / 2**20
        print(f"on a host: {resident:.0f} MiB resident, {share:.1%} of a core")


def measure_attach(name: str, server: Sshd) -> None:
    """Measure until a run is here: for the first time, again, and with a long journal."""
    path = server.home / name / RUNS_BELOW / "2026-01-01_00-00-00_run0"
    for what in ("for the first time", "again", f"with {LONG_MIB} MiB more"):
        if what.startswith("with"):
            with open(path / "journal.msgpack", "ab") as journal:
                journal.write(os.urandom(LONG_MIB * 2**20))
        hosts = HostRuns()
        began = time.perf_counter()
        hosts.open(RunOrigin(name, str(path)))
        print(f"a run is here, {what}: {time.perf_counter() - began:.2f} s")
        hosts.close()


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() or [""]
    except psutil.Error:
        return [""]


def memory(processes: Iterable[psutil.Process]) -> float:
    """Return the PSS in MiB."""
    return sum(process.memory_full_info().pss for process in processes) / 2**20


def seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the time on the CPU."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


if __name__ == "__main__":
    main()
