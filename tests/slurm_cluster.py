"""A Slurm cluster of two nodes on this machine. Its jobs see the host name localhost: that of another machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.waiting import TRAINING_SECONDS, wait_for

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "unshare")
_NODES = ("large", "small")
_CONFIGURATION = """
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={controller}
SlurmUser=root
AuthInfo=socket={folder}/munge.socket,cred_expire=5
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SelectType=select/cons_tres
SchedulerParameters=sched_interval=1
KillWait=300
NodeName=large NodeHostname=localhost NodeAddr=localhost Port={large} CPUs=2 RealMemory=2000
NodeName=small NodeHostname=localhost NodeAddr=localhost Port={small} CPUs=1 RealMemory=2000
PartitionName=main Nodes=ALL Default=YES State=UP
"""


def missing() -> str:
    """Return why no cluster can run here; empty if one can."""
    if os.geteuid():
        return "only root may start Slurm's daemons"
    absent = [program for program in _PROGRAMS if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)} (slurm-wlm, munge)" if absent else ""


class SlurmCluster:
    """Runs from its construction until `stop`; `variables` lead Slurm's commands to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.variables = {"SLURM_CONF": str(folder / "slurm.conf")}
        (folder / "state").mkdir()
        (folder / "munge.key").write_bytes(os.urandom(1024))
        (folder / "munge.key").chmod(0o400)
        ports = {name: _free_port() for name in ("controller", *_NODES)}
        (folder / "slurm.conf").write_text(_CONFIGURATION.format(folder=folder, **ports))
        names = ("socket", "pid", "seed", "log")
        files = [f"--{name}{'' if name == 'socket' else '-file'}={folder}/munge.{name}" for name in names]
        self._daemons = [self._start("munged", "--foreground", "--force", f"--key-file={folder}/munge.key", *files)]
        wait_for((folder / "munge.socket").exists, "munge", TRAINING_SECONDS)
        self._daemons.append(self._start("slurmctld", "-D"))
        for node in _NODES:
            named = f"hostname localhost && exec slurmd -D -N {node}"
            self._daemons.append(self._start("unshare", "--uts", "sh", "-c", named))
        wait_for(
            lambda: self.ask("sinfo", "--noheader", "--format=%T %D") == f"idle {len(_NODES)}",
            "the nodes",
            TRAINING_SECONDS,
        )

    def ask(self, *command: str) -> str:
        """Return what one of Slurm's commands prints."""
        return self._run(command).stdout.strip()

    def accepts(self, *command: str) -> bool:
        """Run one of Slurm's commands; tell whether it was not refused."""
        return self._run(command).returncode == 0

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        environment = os.environ | self.variables
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def state(self, job: str) -> str:
        """Return a job's state."""
        return self.ask("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job}")

    def stop(self) -> None:
        """Cancel all jobs and end the daemons."""
        self.ask("scancel", "--signal=KILL", "--full", "--user=root")
        self.ask("scancel", "--user=root")
        wait_for(lambda: not self.ask("squeue", "--noheader"), "the end of all jobs", TRAINING_SECONDS)
        for daemon in reversed(self._daemons):
            daemon.terminate()
            daemon.wait()

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with open(self._folder / "daemons.log", "ab") as log:
            environment = os.environ | self.variables
            return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _free_port() -> int:
    with socket.create_server(("", 0)) as server:
        return int(server.getsockname()[1])
