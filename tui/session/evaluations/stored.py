"""The policies of a run and their stored evaluations, read from its folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from trainer_proc.contract.evaluation import SUITES, Evaluation, EvaluationError, SuiteName, read_result
from trainer_proc.contract.run_folder import RunFolder, iteration_of

_EXPORTED = "policy.onnx"
_BEST = "model_best.pt"


@dataclass(frozen=True)
class Policy:
    """A checkpoint, an exported policy, or one that was evaluated and is gone."""

    name: str
    """File name, such as `model_850.pt`."""
    path: Path | None
    """None if the file is gone."""

    @property
    def key(self) -> str:
        """Name of the folder of its results."""
        return Path(self.name).stem


@dataclass(frozen=True)
class Stored:
    """A file of results: its `evaluation`, or the `problem` why it can't be read."""

    file: Path
    evaluation: Evaluation | None = None
    problem: str = ""


@dataclass(frozen=True)
class RunEvaluations:
    """Policies, best, exported and newest first, and results by the policy's key and suite."""

    policies: tuple[Policy, ...] = ()
    results: dict[tuple[str, SuiteName], Stored] = field(default_factory=dict)

    def result(self, key: str, suite: SuiteName) -> Stored | None:
        return self.results.get((key, suite))

    def evaluation(self, key: str, suite: SuiteName) -> Evaluation | None:
        """Return a readable result."""
        stored = self.results.get((key, suite))
        return stored.evaluation if stored is not None else None


class EvaluationReader:
    """Reads a run's results again and again, each file only when it has changed."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[tuple[int, int], Stored]] = {}

    def read(self) -> RunEvaluations:
        """Return what is on disk now. Raises `OSError`; takes milliseconds a file."""
        results: dict[tuple[str, SuiteName], Stored] = {}
        names: dict[str, str] = {}
        for suite in SUITES:
            for file in sorted(self._folder.evaluations.glob(f"*/{suite}.json")):
                stored = self._read(file)
                results[file.parent.name, suite] = stored
                if stored.evaluation is not None:
                    names[file.parent.name] = stored.evaluation.checkpoint
        return RunEvaluations(tuple(self._policies(names, {key for key, _ in results})), results)

    def _read(self, file: Path) -> Stored:
        try:
            found = file.stat()
            stamp = found.st_mtime_ns, found.st_size
            if file in self._known and self._known[file][0] == stamp:
                return self._known[file][1]
            stored = Stored(file, read_result(file))
        except (OSError, EvaluationError) as error:
            return Stored(file, problem=str(error))
        self._known[file] = stamp, stored
        return stored

    def _policies(self, names: dict[str, str], evaluated: set[str]) -> list[Policy]:
        files = [self._folder.path / _BEST, self._folder.exported / _EXPORTED]
        found = [Policy(path.name, path) for path in files if path.is_file()]
        numbered = [Policy(path.name, path) for path in self._folder.checkpoints()]
        present = {policy.key for policy in (*found, *numbered)}
        numbered += [Policy(names.get(key, f"{key}.pt"), None) for key in evaluated - present]
        return [*found, *sorted(numbered, key=_order, reverse=True)]


def _order(policy: Policy) -> tuple[int, str]:
    iteration = iteration_of(Path(policy.name))
    return (-1 if iteration is None else iteration), policy.name
