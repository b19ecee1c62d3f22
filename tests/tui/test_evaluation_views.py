"""Stored evaluations of a run: reading them again and again, the table, texts, comparisons."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.tui.evaluations import commands, pushes, quick, store
from tests.whole_checkpoint import WHOLE_CHECKPOINT
from trainer_proc.contract.evaluation import SUITES, Request
from trainer_proc.contract.run_folder import RunFolder
from trainer_proc.contract.worker import Progress
from tui.session.evaluations.comparison import comparison_lines, difference_figures
from tui.session.evaluations.detail import Choice, detail_of
from tui.session.evaluations.figures import Intervals
from tui.session.evaluations.jobs import Job
from tui.session.evaluations.paired import differing_conditions
from tui.session.evaluations.stored import EvaluationReader, Policy
from tui.session.evaluations.table import name_width, table_rows


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    for iteration in (0, 400, 850):
        folder.checkpoint(iteration).write_bytes(WHOLE_CHECKPOINT)
    return folder


def job(folder, state, suite="quick", policy="model_850.pt", **facts):
    request = Request(run=str(folder.path), checkpoint=str(folder.path / policy), suite=suite)
    return Job(1, request, state, **facts)


def row(found, jobs=(), key="model_850"):
    return dict(zip(("policy", *SUITES), table_rows(found, jobs, reference="", name_width=30)[key], strict=True))


# --- reading ---


def test_policies_are_listed_newest_first_with_those_that_are_gone(folder):
    store(folder, quick(checkpoint="model_900.pt"))
    store(folder, quick())
    (folder.path / "model_best.pt").touch()
    folder.exported.mkdir()
    (folder.exported / "policy.onnx").touch()
    found = EvaluationReader(folder).read()
    names = [policy.name for policy in found.policies]
    assert names == ["model_best.pt", "policy.onnx", "model_900.pt", "model_850.pt", "model_400.pt", "model_0.pt"]
    assert [policy.path is None for policy in found.policies] == [False, False, True, False, False, False]
    assert found.evaluation("model_850", "quick") == quick()
    assert found.evaluation("model_850", "pushes") is None


def test_a_result_is_read_again_only_when_it_has_changed(folder, monkeypatch):
    reader = EvaluationReader(folder)
    store(folder, quick())
    first = reader.read().result("model_850", "quick")
    assert reader.read().result("model_850", "quick") is first
    store(folder, quick(succeeded=3))
    assert reader.read().evaluation("model_850", "quick") == quick(succeeded=3)


def test_a_damaged_result_is_reported_and_the_others_are_shown(folder):
    store(folder, quick())
    damaged = folder.evaluations / "model_400" / "quick.json"
    damaged.parent.mkdir()
    damaged.write_text('{"type": "Evaluation"')
    found = EvaluationReader(folder).read()
    assert row(found, key="model_400")["quick"] == "damaged"
    assert row(found)["quick"] == "96 %"
    shown = detail_of(found, (), Policy("model_400.pt", folder.checkpoint(400)), Choice("quick"))
    assert shown.is_problem
    assert "can't be read as an evaluation" in shown.text


def test_a_run_without_anything_has_no_policies(tmp_path):
    assert EvaluationReader(RunFolder(tmp_path)).read().policies == ()


# --- the table ---


def test_the_table_shows_results_and_what_runs(folder):
    store(folder, quick())
    found = EvaluationReader(folder).read()
    assert row(found) == {"policy": "  model_850.pt", "quick": "96 %"} | dict.fromkeys(SUITES[1:], "–")
    assert row(found, [job(folder, "queued", "pushes")])["pushes"] == "queued"
    assert row(found, [job(folder, "running", "pushes")])["pushes"] == "▶ build"
    assert row(found, [job(folder, "running", progress=Progress(30, 120))])["quick"] == "▶ 25 %"
    assert row(found, [job(folder, "failed", problem="no memory")])["quick"] == "failed"
    assert row(found, [job(folder, "cancelled")])["quick"] == "96 %"
    assert row(found, [job(folder, "running", policy="model_400.pt")])["quick"] == "96 %"


def test_the_reference_has_a_sign_and_long_names_keep_what_differs(folder):
    for number in (1, 2):
        store(folder, quick(checkpoint=f"a-policy-of-another-run-with-a-long-name-{number}.pt"))
    found = EvaluationReader(folder).read()
    names = [cells[0] for cells in table_rows(found, (), reference="model_400", name_width=16).values()]
    assert "■ model_400.pt" in names
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 16 < name_width(found)


# --- one result ---


def test_without_a_result_the_suite_is_described(folder):
    found, policy = EvaluationReader(folder).read(), Policy("model_850.pt", folder.checkpoint(850))
    text = detail_of(found, (), policy, Choice("commands")).text
    assert text == "commands of model_850.pt: not evaluated\na grid of commands: errors, velocities, dead zones"
    cancelled = detail_of(found, [job(folder, "cancelled")], policy, Choice("quick"))
    assert cancelled.text == "quick of model_850.pt was cancelled; nothing was stored"
    queued = detail_of(found, [job(folder, "queued")], policy, Choice("quick"))
    assert queued.text == "quick of model_850.pt waits for the evaluation that runs"
    failed = detail_of(found, [job(folder, "failed", problem="no memory")], policy, Choice("quick"))
    assert (failed.text, failed.is_problem) == ("quick of model_850.pt failed: no memory", True)
    running = detail_of(found, [job(folder, "running", progress=Progress(60, 120, "playing"))], policy, Choice("quick"))
    assert running.text == "quick of model_850.pt: playing\n" + "█" * 15 + "░" * 15 + " 60 of 120 steps"


def test_a_result_shows_how_it_was_made_its_notes_and_its_means(folder):
    store(folder, replace(commands(), seconds=125.0))
    found, policy = EvaluationReader(folder).read(), Policy("model_850.pt", folder.checkpoint(850))
    shown = detail_of(found, (), policy, Choice("commands", "error/linear"))
    assert shown.text == "88 episodes in 22 cells  cpu, seed 0  2026-11-30 10:05  took 2 min"
    assert shown.figures[0].title == "error/linear, m/s"
    lines = shown.notes.splitlines()
    assert lines[0] == "dead zone: lateral 0.2 m/s gives 0.01 m/s"
    assert "all cells" in lines
    assert any(line.startswith("success: 84 % (75 to 90)") for line in lines)


def test_escapes_in_a_result_never_reach_the_terminal(folder):
    store(folder, quick(notes=("\x1b]0;evil\x07note",), device="\x1b[31mcpu"))
    found, policy = EvaluationReader(folder).read(), Policy("model_850.pt", folder.checkpoint(850))
    shown = detail_of(found, (), policy, Choice("quick"))
    assert "\x1b" not in shown.text + shown.notes


# --- against another policy ---


def test_a_suite_without_axes_shows_both_policies_and_the_verdict():
    shares, metres = difference_figures(quick(), quick(12, checkpoint="model_400.pt"))
    assert [row.policy for row in shares.rows] == [0, 1, 0, 1]
    assert shares.rows[1].note.startswith("better, +46 (+")
    assert metres.rows[1].note == "inconclusive, 0.000 (0.000 to 0.000), p 1"
    (worse, *_) = difference_figures(quick(12), quick())
    assert worse.rows[1].note.startswith("worse, -46")


def test_each_cell_shows_its_difference():
    matrix, rows = difference_figures(commands(), commands(0.2, checkpoint="model_400.pt"), "error/linear")
    assert matrix.title == "error/linear, m/s: difference from model_400.pt"
    assert all(value == pytest.approx(-0.2) for line in matrix.values for value in line)
    assert isinstance(rows, Intervals)
    lines = list(comparison_lines(commands(), commands(0.2)))
    assert "error/linear, m/s: better, -0.200 (-0.200 to -0.200), p < 0.001" in lines


def test_only_cells_and_episodes_that_both_have_are_compared():
    fewer = replace(commands(), cells=commands().cells[3:])
    figures = difference_figures(commands(), fewer)
    assert sum(value is not None for line in figures[0].values for value in line) == len(fewer.cells) - 2
    assert difference_figures(commands(), replace(commands(), cells=())) == ()
    assert list(comparison_lines(quick(), pushes())) == []
    recovery = next(line for line in comparison_lines(pushes(), pushes()) if line.startswith("recovery"))
    assert recovery.startswith("recovery time, s: inconclusive")


def test_what_keeps_two_results_from_being_paired_is_named(folder):
    assert differing_conditions(quick(), quick(3)) == []
    other = quick(seed=1, task="Other", episode_seconds=10.0, success={"error": 0.3})
    assert differing_conditions(quick(), other) == [
        *("seed 0 and 1", "task Mjlab-Velocity-Flat-Unitree-G1 and Other", "longest episode 20 s and 10 s"),
        "definition of success",
    ]
    store(folder, quick())
    store(folder, quick(12, checkpoint="model_400.pt", seed=1))
    found, policy = EvaluationReader(folder).read(), Policy("model_850.pt", folder.checkpoint(850))
    shown = detail_of(found, (), policy, Choice("quick", "", "model_400"))
    assert shown.text.endswith("compared with model_400.pt, not under the same conditions: seed 0 and 1")
    alone = detail_of(found, (), policy, Choice("quick", "", "model_850"))
    assert "compared" not in alone.text
