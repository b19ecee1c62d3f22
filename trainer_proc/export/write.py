"""Exports a checkpoint as a policy that a robot's controller can load: `policy.onnx`, `policy.pt`, `policy.json`.

Runs in a process of its own (`python -m trainer_proc.export.write RUN --checkpoint FILE [--out FOLDER]`) beside the
training. Prints one line of JSON to standard output: an `ExportFinished`, or `{"error": ...}`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from curricula.errors import UsageError
from trainer_proc.contract.bundle.card import CARD, ONNX, ROBOT_MODEL, WEIGHTS, CheckResult, Latency, PolicyCard
from trainer_proc.contract.bundle.description import PolicyDescription, read_robot_model
from trainer_proc.contract.child_process import interrupt_on_signals, standard_output_for_answers
from trainer_proc.contract.damage_text import damage_text
from trainer_proc.contract.errors import JournalUnreadable, one_line
from trainer_proc.contract.export_process import ExportError
from trainer_proc.contract.garbage import without_garbage_collection
from trainer_proc.contract.journal import JournalReader
from trainer_proc.contract.messages import InterventionApplied
from trainer_proc.contract.products import ExportFinished
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.stand_ins import Damaged
from trainer_proc.export.actor import actor_group_sizes, actor_images, read_actor, read_infos, require_packages
from trainer_proc.export.check import check_policy, check_task_outputs, measure_latency, open_session
from trainer_proc.export.described import current_description
from trainer_proc.export.folder import put_in_place, require_usable, temporary_folder
from trainer_proc.export.hand_over import write_hand_over
from trainer_proc.export.libraries.interface import RebuiltPolicy
from trainer_proc.export.libraries.registry import rebuild_policy
from trainer_proc.export.metadata import metadata
from trainer_proc.export.models import make_models, write_models
from trainer_proc.export.provenance import git_commit, versions
from trainer_proc.export.task_export import TaskExport, with_task_export
from trainer_proc.formats.write import write_default_formats

_NICENESS = 5
"""Leaves three quarters of a shared core to the training. With 10, which leaves nine tenths, exports took minutes."""


def export_policy(folder: RunFolder, checkpoint: Path, out: Path | None = None) -> ExportFinished:
    """Write the checkpoint's checked policy to `out` (the run's `exported/` if None), completely or not at all.

    An earlier export there is replaced once the new one has passed the check; other files stay. Raises `ExportError`.
    """
    target = (out or folder.exported).resolve()
    require_usable(target)
    if not checkpoint.is_file():
        raise ExportError(f"no such checkpoint: {checkpoint}; choose one of the run's model_*.pt")
    description = current_description(folder, checkpoint)
    require_packages(description.backend, description.library)
    iteration, weights = read_actor(checkpoint, description.library)
    from trainer_proc.export.commands import with_ranges  # torch, which may be missing before

    commands = with_ranges(description.commands, read_infos(checkpoint))
    description = msgspec.structs.replace(description, commands=commands)
    policy = rebuild_policy(description, weights, checkpoint)
    try:
        if out is None:
            folder.make_folder(target)
        with temporary_folder(target) as temporary, warnings.catch_warnings():
            # TorchScript is deprecated and the ONNX exporter warns about itself; the check covers both
            warnings.simplefilter("ignore")
            card = _write_files(temporary, policy, description, folder, iteration)
            put_in_place(temporary, target)
    except OSError as error:
        raise ExportError(f"{target} can't be written: {error}") from error
    not_written = write_default_formats(target)
    place = target.relative_to(folder.path) if target.is_relative_to(folder.path) else target
    return ExportFinished(
        iteration=iteration,
        folder=str(place),
        largest_difference=card.check.largest_difference,
        latency_p50_us=card.latency.p50_us,
        latency_p99_us=card.latency.p99_us,
        rate_hz=1e6 / card.latency.p99_us,
        not_included=tuple(card.not_included),
        not_measured=tuple(card.not_measured),
        not_written=tuple(not_written),
    )


def _write_files(
    temporary: Path, policy: RebuiltPolicy, description: PolicyDescription, folder: RunFolder, iteration: int
) -> PolicyCard:
    """Write and check all files of the bundle; return what its card says."""
    models = make_models(policy.exportable)
    model, task = with_task_export(models.model, folder, models.inputs, models.outputs)
    description = _with_not_included(description, task, policy)
    facts = task.metadata | metadata(description, folder.name, iteration)
    write_models(model, models.scripted, facts, temporary)
    write_hand_over(policy, description, temporary)
    session = open_session(temporary / ONNX)
    check = check_policy(policy, description, models.outputs, session, temporary)
    check_task_outputs(session, task)
    latency = measure_latency(session)
    _copy_robot_model(description, folder, temporary)
    hashes = {file.name: _sha256(file) for file in sorted(temporary.iterdir())}
    card = _card(
        description,
        folder,
        iteration=iteration,
        inputs=models.inputs,
        task=task,
        files=hashes,
        check=check,
        latency=latency,
    )
    (temporary / CARD).write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2))
    return card


# --- The policy's card --------------------------------------------------------------------------------------


def _card(
    description: PolicyDescription,
    folder: RunFolder,
    *,
    iteration: int,
    inputs: Sequence[str],
    task: TaskExport,
    files: dict[str, str],
    check: CheckResult,
    latency: Latency,
) -> PolicyCard:
    interventions, journal_problem = _past_interventions(folder)
    images = list(actor_images(description))
    return PolicyCard(
        **{name: getattr(description, name) for name in description.__struct_fields__},
        run=folder.name,
        iteration=iteration,
        observation_size=sum(actor_group_sizes(description).values()),
        image_inputs=images,
        recurrent_inputs=[name for name in inputs[1:] if name not in images],
        task_inputs=task.inputs,
        task_outputs=task.outputs,
        task_metadata=task.metadata,
        git_commit=git_commit(),
        versions=versions(),
        onnx_sha256=files[ONNX],
        files=files,
        check=check,
        latency=latency,
        interventions=interventions,
        journal_problem=journal_problem,
    )


def _copy_robot_model(description: PolicyDescription, folder: RunFolder, temporary: Path) -> None:
    if description.robot_model:
        (temporary / ROBOT_MODEL).write_bytes(read_robot_model(folder, description))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _with_not_included(description: PolicyDescription, task: TaskExport, policy: RebuiltPolicy) -> PolicyDescription:
    lines = [*description.not_included, *task.not_included]
    if isinstance(policy.mlp, str):
        lines.append(f"{WEIGHTS}: {policy.mlp}")
    return msgspec.structs.replace(description, not_included=list(dict.fromkeys(lines)))


def _past_interventions(folder: RunFolder) -> tuple[list[InterventionApplied], str]:
    """Return the journal's applied interventions, and one line about what is wrong with the journal, else empty."""
    if not folder.journal.is_file():
        return [], "the run has no journal, so changes may be missing here"
    try:
        frames = JournalReader(folder.journal).read_new()
    except (JournalUnreadable, OSError) as error:
        return [], one_line(error)
    applied = [frame.body for frame in frames if isinstance(frame.body, InterventionApplied)]
    damage = damage_text([frame.body for frame in frames if isinstance(frame.body, Damaged)])
    return applied, damage and f"{damage}, so changes may be missing here"


# --- The program --------------------------------------------------------------------------------------------


class _UsageError(UsageError):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(message)


def _run(arguments: list[str] | None) -> tuple[int, ExportFinished | dict[str, str]]:
    parser = _Parser(prog="python -m trainer_proc.export.write", description="Export a checkpoint to a checked policy.")
    parser.add_argument("run", type=Path, help="the run's folder")
    parser.add_argument("--checkpoint", type=Path, required=True, help="a model_<iteration>.pt of that run")
    parser.add_argument("--out", type=Path, help="the folder to write (default: exported/ in the run's)")
    try:
        parsed = parser.parse_args(arguments)
        return 0, export_policy(RunFolder(parsed.run), parsed.checkpoint, parsed.out)
    except _UsageError as error:
        return 2, {"error": f"{error}; {' '.join(parser.format_usage().split())}"}
    except ExportError as error:
        return 1, {"error": str(error)}
    except KeyboardInterrupt:
        return 1, {"error": "the export was interrupted"}
    except Exception as error:  # the caller needs one line, the log gets the traceback
        traceback.print_exc()
        return 1, {"error": f"the export failed unexpectedly ({one_line(error)}): see its standard error"}


def main(arguments: list[str] | None = None) -> int:
    """Export, print one line of JSON and return the exit code: 0 for success, 1 for failure, 2 for wrong usage.

    Runs beside a training: with low priority, on one thread, without the GPU.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["OMP_NUM_THREADS"] = "1"  # read by torch
    os.nice(_NICENESS)
    interrupt_on_signals()  # so that the temporary folder is removed
    with standard_output_for_answers() as answer, without_garbage_collection():
        status, content = _run(arguments)
        answer.write(msgspec.json.encode(content).decode() + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
