"""A verification whose folder fails: full disk, removed folder, other programs in it, a pipe in place of a file."""

from __future__ import annotations

import os
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.program import PROGRAM
from tests.verification.small_bundle import RARELY, write_bundle
from tests.verification.test_verify import verify
from trainer_proc.contract.bundle.verification import VerificationError, read_verification
from trainer_proc.contract.worker import WorkerError

COMMAND = ("verify", "bundle", "--no-reference", "--logs", "logs")
NEW = {"verification.json", "verification.svg", "verification.png"}


@pytest.fixture
def bundle(tmp_path):
    write_bundle(tmp_path / "bundle", **RARELY)
    return tmp_path / "bundle"


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def run_with(tmp_path, largest_file: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a limit of its files, beyond which writes fail as on a full disk."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},  # Python 3.11 keeps cut-off bytecode, and fails on it later
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY)),
    )


def test_a_result_that_does_not_fit_the_disk_is_one_line_and_leaves_nothing(tmp_path, bundle):
    before = names_in(bundle)
    done = run_with(tmp_path, 10_000, *COMMAND)
    assert done.returncode == 1
    assert done.stderr.startswith("humanoid-tui: the result can't be written: ")
    assert "bundle/verification.json'" in done.stderr, "it names the file"
    assert len(done.stderr.splitlines()) == 1
    assert names_in(bundle) == before


def test_pictures_that_do_not_fit_the_disk_cost_no_result(tmp_path, bundle):
    (bundle / "verification.png").write_text("of an earlier verification")
    done = run_with(tmp_path, 100_000, *COMMAND)  # JSON and SVG take 67 KB each, the PNG 360 KB
    problem, verdict = done.stderr.splitlines()
    assert problem.startswith("the pictures can't be written: ")
    assert "verification.png" in problem
    assert verdict.startswith("humanoid-tui: not verified")
    assert "nominal conditions" in done.stdout
    assert names_in(bundle) & NEW == {"verification.json"}
    assert read_verification(bundle / "verification.json").problems


def test_a_folder_that_is_moved_away_is_one_line(tmp_path, bundle):
    def move(progress):
        if bundle.exists() and progress.total:
            bundle.rename(tmp_path / "moved")

    before = names_in(bundle)
    with pytest.raises(WorkerError, match=r"a file of the bundle can't be read any more: .*policy.json"):
        verify(bundle, tmp_path, move)
    assert not bundle.exists()
    assert names_in(tmp_path / "moved") == before


def test_two_verifications_of_one_bundle_both_have_their_result(tmp_path, bundle):
    logs = [tmp_path / "one", tmp_path / "two"]
    for log in logs:
        log.mkdir()
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda log: verify(bundle, log), logs)
    assert first.result.cells == second.result.cells
    assert read_verification(bundle / "verification.json") in (first, second)
    assert names_in(bundle) & NEW == {"verification.json"}


def test_a_bundle_that_is_replaced_between_loading_and_hashing_is_not_judged(tmp_path, bundle, monkeypatch):
    from trainer_proc.contract.bundle.verify_request import VerifyRequest
    from trainer_proc.verification import verify as module

    load = module.load_bundle

    def load_and_replace(folder):
        loaded = load(folder)
        write_bundle(folder, gain=1.0, **RARELY)
        return loaded

    monkeypatch.setattr(module, "load_bundle", load_and_replace)
    with pytest.raises(VerificationError, match=r"policy.onnx was replaced during the verification: verify again"):
        module.verify(VerifyRequest(bundle=str(bundle)), lambda one: None)
    assert not names_in(bundle) & NEW


@pytest.mark.parametrize("command", [("verify",), ("run-policy",), ("export", "--format", "gaitkeeper")])
def test_a_pipe_in_place_of_the_card_is_named(tmp_path, command):
    (tmp_path / "bundle").mkdir()
    os.mkfifo(tmp_path / "bundle" / "policy.json")
    for target in ("bundle", "bundle/policy.json"):
        if command[0] == "export" and target != "bundle":
            continue
        done = subprocess.run(
            [PROGRAM, command[0], target, *command[1:], "--logs", "logs"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode in (1, 2)
        assert "policy.json: expected a readable file, got NotAFile: " in done.stderr, done.stderr
        assert "got a folder, a device, a pipe or a socket" in done.stderr
        assert len(done.stderr.splitlines()) == 1
