"""Damaged journals: the list and all commands read what is left. `python -m tests.chaos journals` damages 10,000."""

from __future__ import annotations

from random import Random

import pytest

from tests.chaos.journals import damaged, frames_of, journal_of, look_at
from trainer_proc.contract.messages import IterationFinished, PhaseChanged, RunStarted
from tui.cli import run
from tui.session.runs import run_index


@pytest.mark.parametrize("recording", ["cartpole", "g1-curricula", "g1-steered"])
def test_no_damage_raises_in_the_list_or_a_command(recording, folder):
    frames = frames_of(recording, every=20)
    for seed in range(8):
        folder.journal.write_bytes(damaged(frames, Random(seed)))
        look_at(folder)


def test_a_damaged_run_is_read_and_says_so(folder, capsys):
    frames = frames_of("cartpole", every=1)
    whole = journal_of(frames)
    folder.journal.write_bytes(whole[: len(whole) // 2] + bytes(100) + whole[len(whole) // 2 :] + bytes(2000))
    (row,) = look_at(folder)
    assert row.iteration == max(f.body.iteration for f in frames if isinstance(f.body, IterationFinished))
    assert row.damage.startswith("journal damaged: 2 stretches of 2")
    assert run(["runs", "--logs", str(folder.path.parents[1])]) == 0
    assert row.damage in capsys.readouterr().out


def test_runs_that_cannot_be_read_are_rows_that_say_why(make_run, monkeypatch):
    started = RunStarted("run", "cartpole", "mjlab", "task", "cpu", 4, 100, 42, 1)
    names = [f"2026-03-0{day}_10-00-00" for day in range(1, 5)]
    good, empty, zeroed, odd = (make_run(name, started, PhaseChanged("training")) for name in names)
    empty.spec_file.write_bytes(b"")
    zeroed.journal.write_bytes(bytes(5000))
    summarize = run_index.summarize_journal

    def read(journal):
        if journal == odd.journal:
            raise KeyError("unforeseen")
        return summarize(journal)

    monkeypatch.setattr(run_index, "summarize_journal", read)
    rows = {row.folder.name: row for row in look_at(good)}
    assert len(rows) == 4
    assert "damaged at byte 0: none of its 4.9 KiB can be read" in rows[zeroed.name].problem
    assert "can't be read" in rows[empty.name].problem
    assert "unforeseen" in rows[odd.name].problem
    assert rows[good.name].status == "killed"
