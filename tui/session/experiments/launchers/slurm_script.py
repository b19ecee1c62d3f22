"""The script of a Slurm job that trains a run; it can be read, and submitted by hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from curricula.schema import convert
from trainer_proc.contract.child_process import child_environment
from trainer_proc.contract.run_folder import RunFolder, RunSpec
from tui.session.backends.environment import LaunchError
from tui.session.launching.launcher import TrainerCommand
from tui.session.settings.engines import SlurmResources

SCRIPT = "slurm.sh"
_WARNING_SECONDS = 120
"""Time between Slurm's signal and the end of a job, for an iteration and its checkpoint."""
_MEETING = (
    '--nnodes "$SLURM_JOB_NUM_NODES" --rdzv_backend c10d --rdzv_id "$SLURM_JOB_ID" '
    '--rdzv_endpoint "$(hostname):$((20000 + SLURM_JOB_ID % 10000))"'
)
"""How the launchers of PyTorch on all nodes find each other: on the first node, where the script runs."""
_SCRIPT = """\
#!/bin/bash
# Trains {name}. By hand: sbatch {script}
{options}

cd {working_folder}
{exports}

# a requeued job, or one submitted again, continues from the newest checkpoint
if compgen -G {checkpoints} >/dev/null; then
  export HUMANOID_TUI_RESTARTED=${{SLURM_RESTART_COUNT:-0}}
fi

stop() {{
  {stop}
  wait "$trainer"
}}

# before the time limit: save a checkpoint, and wait for another place
continue_later() {{
  stop
  scontrol requeue "$SLURM_JOB_ID"
}}
trap stop TERM
trap continue_later USR1

{command} &
trainer=$!
wait "$trainer"
"""


_ARRAY = """\
#!/bin/bash
# Trains {count} runs, each by its own {script}. By hand: sbatch {name}
{options}

runs=(
{runs}
)
run=${{runs[$SLURM_ARRAY_TASK_ID]}}
exec bash "$run/{script}" >>"$run/console.log" 2>&1
"""


def array_script(folders: Sequence[RunFolder], spec: RunSpec, lines: Iterable[str]) -> str:
    """Return the script of an array of jobs, one for each of the folders of an experiment. Raises `LaunchError`."""
    parent = folders[0].path.parent
    messages = f"--output={_pattern(parent / 'slurm', '_%A_%a.log')}"
    options = [f"--array=0-{len(folders) - 1}", *_options(spec, parent.name, messages), *lines]
    return _ARRAY.format(
        count=len(folders),
        script=SCRIPT,
        name=f"slurm_array_{folders[0].name}.sh",
        options=_checked(options),
        runs="\n".join(f"  {shlex.quote(str(folder.path))}" for folder in folders),
    )


def job_script(
    folder: RunFolder, spec: RunSpec, trainer: TrainerCommand, working_folder: Path, lines: Iterable[str]
) -> str:
    """Return the script of the job that trains a run. Raises `LaunchError`."""
    options = [*_options(spec, spec.name or folder.name, f"--output={_pattern(folder.console)}"), *lines]
    environment = child_environment(trainer.variables)
    is_alone = _resources(spec).nodes == 1
    return _SCRIPT.format(
        name=folder.name,
        script=SCRIPT,
        options=_checked(options),
        working_folder=shlex.quote(str(working_folder)),
        exports="\n".join(
            f"export {name}={shlex.quote(environment[name])}" for name in ("PYTHONSAFEPATH", *trainer.variables)
        ),
        checkpoints=f"{shlex.quote(str(folder.path))}'/model_*.pt'",
        stop='kill -TERM "$trainer"' if is_alone else 'scancel --signal=TERM "$SLURM_JOB_ID"',
        command=shlex.join([*trainer.python, *trainer.arguments]) if is_alone else _on_nodes(folder, spec, trainer),
    )


def _on_nodes(folder: RunFolder, spec: RunSpec, trainer: TrainerCommand) -> str:
    """Return the command that trains a run on all nodes of a job, with a launcher of PyTorch on each.

    The end of one ends the others. `[restart]` has no part in it: a training that fails is not started again.
    """
    cores = _resources(spec).cpus  # srun does not take them from the job
    place = ["srun", "--kill-on-bad-exit=1", *([f"--cpus-per-task={cores}"] if cores else [])]
    launcher = shlex.join([*place, *trainer.python, "-m", "trainer_proc.torchrun"])
    ranks = shlex.join(["--nproc_per_node", str(spec.processes), "-m", "trainer_proc", str(folder.path)])
    return f"{launcher} {_MEETING} {ranks}"


def _resources(spec: RunSpec) -> SlurmResources:
    values = {name: value for name, value in spec.engine.items() if name != "name"}
    return convert(values, SlurmResources, path="engine")


def _checked(options: Iterable[str]) -> str:
    """Return options as lines of a script. Raises `LaunchError`."""
    lines = [f"#SBATCH {option}" for option in options]
    if wrong := next((line for line in lines if "\n" in line), None):
        raise LaunchError(f"expected names and options of one line, got {wrong!r}")
    return "\n".join(lines)


def _options(spec: RunSpec, name: str, output: str) -> Iterator[str]:
    """Yield a job's options, without `#SBATCH`."""
    resources = _resources(spec)
    yield f"--job-name={name}"
    yield output
    yield "--open-mode=append"
    yield "--requeue"
    yield f"--signal=B:USR1@{_WARNING_SECONDS}"
    yield f"--nodes={resources.nodes}"
    yield "--ntasks-per-node=1"
    for option, value in (
        ("partition", resources.partition),
        ("account", resources.account),
        ("time", resources.time),
        ("gpus-per-node", resources.gpus),
        ("cpus-per-task", resources.cpus),
        ("mem", resources.memory),
    ):
        if value:
            yield f"--{option}={value}"


def _pattern(path: Path, ending: str = "") -> str:
    """Return a path as Slurm's pattern for file names, with an `ending` of Slurm's signs. Raises `LaunchError`."""
    text = str(path)
    if any(sign in text for sign in "\"\\'%\n"):
        raise LaunchError(f"""expected a log root without ", ', \\ and % for a job of Slurm, got {text}""")
    return f'"{text}{ending}"'
