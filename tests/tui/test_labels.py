"""Labels of runs: what is stored, found and shown, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from msgspec.structs import replace

from trainer_proc.contract.messages import PhaseChanged, RunStarted
from tui.session.experiments.experiment import Experiment, Member
from tui.session.experiments.run_groups import grouped
from tui.session.hosts.report_runs import row_of
from tui.session.hosts.rows import summary_of
from tui.session.runs.labels import (
    MOST_TAGS,
    NO_LABELS,
    LabelChange,
    LabelError,
    Labels,
    change_labels,
    read_labels,
    shown_names,
    tags_in,
)
from tui.session.runs.run_columns import fit_columns, run_cells, run_details
from tui.session.runs.run_list import RunList, ordered
from tui.session.runs.run_search import listed, matching

STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)
ENDED = (STARTED, PhaseChanged("finished"))


@pytest.fixture
def log_root(tmp_path, make_run):
    """Three ended runs: one with a title and tags, a starred one with a note, an archived one."""
    for day, change in enumerate(
        (
            LabelChange(title="Soft landing", add=("baseline", "g1")),
            LabelChange(starred=True, note="Fell on stairs.\nTry more damping."),
            LabelChange(archived=True, add=("Broken",)),
        ),
        start=1,
    ):
        change_labels([make_run(f"2026-01-0{day}_00-00-00_walk", *ENDED)], change)
    return tmp_path / "logs"


def look(log_root):
    return [row for rows in RunList(log_root).look() for row in rows]


def days(rows):
    return [int(row.folder.name[8:10]) for row in rows]


def test_labels_are_stored_and_removed(folder):
    assert read_labels(folder) == NO_LABELS
    change = LabelChange(title=" Soft landing ", note="one\r\ntwo\n", add=("a", "#b", "a"), starred=True)
    change_labels([folder], change)
    assert read_labels(folder) == Labels(title="Soft landing", note="one\ntwo", tags=("a", "b"), starred=True)
    change_labels([folder], LabelChange(title="", note="", remove=("#a", "never"), starred=False, archived=True))
    assert read_labels(folder) == Labels(tags=("b",), archived=True)
    assert sorted(file.name for file in folder.path.iterdir()) == ["labels.toml", "run.toml"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (LabelChange(title="x" * 201), "expected a title of at most 200 printable characters, got 'xxx"),
        (LabelChange(title="a\x1b[31m"), "expected a title"),
        (LabelChange(title="\udcff"), "expected a title"),
        (LabelChange(note="a\x07"), "expected a note"),
        (LabelChange(note="n" * 4001), "expected a note"),
        (LabelChange(add=("two words",)), "expected a tag"),
        (LabelChange(add=("",)), "expected a tag"),
        (LabelChange(add=tuple(map(str, range(MOST_TAGS + 1)))), "expected at most 50 tags, got 51"),
    ],
)
def test_what_no_label_can_be_is_refused_before_anything_is_written(make_run, change, expected):
    folders = [make_run("2026-01-01_00-00-00"), make_run("2026-01-02_00-00-00")]
    with pytest.raises(LabelError) as problem:
        change_labels(folders, change)
    assert str(problem.value).startswith(expected)
    assert len(str(problem.value).splitlines()) == 1
    assert not any(folder.labels.exists() for folder in folders)


@pytest.mark.parametrize("content", [b"title = ", b"\xff", b"stars = 5\n", b"tags = 1\n", b"x" * 100_000])
def test_labels_that_cannot_be_read_hide_no_run_and_are_not_overwritten(make_run, log_root, content):
    folder = make_run("2026-01-04_00-00-00", *ENDED)
    folder.labels.write_bytes(content)
    with pytest.raises(LabelError, match="can't be read") as problem:
        change_labels([folder], LabelChange(starred=True))
    assert len(str(problem.value).splitlines()) == 1
    assert folder.labels.read_bytes() == content
    row = look(log_root)[0]
    assert row.folder.name == folder.name
    assert "labels.toml can't be read" in run_details(row)


def test_a_run_that_is_gone_is_told_in_one_line_and_does_not_come_back(folder):
    shutil.rmtree(folder.path)
    with pytest.raises(LabelError) as problem:
        change_labels([folder], LabelChange(starred=True))
    assert str(problem.value) == f"the labels of {folder.name} can't be stored: No such file or directory"
    assert not folder.path.exists()


def test_writers_at_the_same_time_lose_nothing(folder):
    code = """
import sys
from pathlib import Path
from trainer_proc.contract.run_folder import RunFolder
from tui.session.runs.labels import LabelChange, change_labels
for number in range(12):
    change_labels([RunFolder(Path(sys.argv[1]))], LabelChange(add=(f"{sys.argv[2]}-{number}",)))
"""
    arguments = [sys.executable, "-c", code, str(folder.path)]
    writers = [subprocess.Popen([*arguments, name]) for name in "abcd"]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert set(read_labels(folder).tags) == {f"{name}-{number}" for name in "abcd" for number in range(12)}
    assert sorted(file.name for file in folder.path.iterdir()) == ["labels.toml", "run.toml"]


def test_runs_are_named_by_titles_that_differ(make_run):
    folders = [make_run(f"2026-01-0{day}_00-00-00_{name}") for day, name in ((1, "a"), (2, "b"))]
    change_labels(folders[:1], LabelChange(title="Soft"))
    assert shown_names(folders) == ["Soft", "b"]
    change_labels(folders[1:], LabelChange(title="Soft"))
    assert shown_names(folders) == ["a", "b"]


def test_tags_are_typed_as_words():
    assert tags_in(" #a, b  #c,,a # ") == ("a", "b", "c")


# --- the list ---


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [2, 1]),
        ("#base", [1]),
        ("#BASELINE #g1", [1]),
        ("#landing", []),
        ("*", [2]),
        ("is:starred", [2]),
        ("soft", [1]),
        ("stairs", [2]),
        ("damping walk", [2]),
        ("is:archived", [3]),
        ("is:archived #broken", [3]),
        ("#broken", []),
    ],
)
def test_labels_are_searched(log_root, pattern, expected):
    rows = listed(look(log_root), pattern, with_archived=False)
    assert days(matching(rows, pattern)) == expected


def test_archived_runs_are_listed_when_asked_for_and_while_they_are_live(log_root, make_run):
    change_labels([make_run("2026-01-05_00-00-00")], LabelChange(archived=True))  # it has not ended
    rows = look(log_root)
    assert days(listed(rows, "", with_archived=False)) == [5, 2, 1]
    assert days(listed(rows, "", with_archived=True)) == [5, 3, 2, 1]


def test_changed_labels_are_read_again(log_root):
    runs = RunList(log_root)
    rows = [row for rows in runs.look() for row in rows]
    change_labels([rows[0].folder], LabelChange(title="another"))
    assert next(row for rows in runs.look() for row in rows).labels.title == "another"


def test_runs_are_sorted_by_their_titles(log_root):
    change_labels([look(log_root)[1].folder], LabelChange(title="A"))
    assert days(ordered(look(log_root), "name")) == [2, 1, 3]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_labels_fit_into_the_row(log_root, make_run, width):
    long = make_run("2026-01-06_00-00-00_walk", STARTED, PhaseChanged("failed", "out of memory"))
    change_labels([long], LabelChange(title="long " * 30, add=tuple(f"tag-{n}" for n in range(20)), starred=True))
    rows = look(log_root)
    widths = fit_columns(rows, width)
    names = [run_cells(row, widths, ())[-1] for row in rows]
    assert all(len(name) <= widths["run"] for name in names)
    assert names[0].startswith("★ long long")
    assert names[1].startswith("▫ ")
    assert names[2].startswith("★ ")
    assert names[3].startswith("Soft landing")
    assert ("#baseline #g1" in names[3]) == (width >= 120)
    assert "Fell on stairs." in run_details(rows[2])


def test_labels_of_runs_on_other_hosts_come_with_their_rows(log_root):
    rows = look(log_root)
    assert [summary_of("far", row_of(row)).labels for row in rows] == [row.labels for row in rows]


def test_an_archived_member_is_not_one_that_waits(make_run, tmp_path):
    members = [replace(make_run(f"2026-01-0{n}_00-00-00", *ENDED).read_spec(), name=f"m{n}") for n in (1, 2)]
    rows = look(tmp_path / "logs")
    for row, spec in zip(rows, members, strict=True):
        row.folder.write_spec(spec)
    path = rows[0].folder.path.parent
    experiment = Experiment(
        name="cartpole",
        spec=members[0],
        devices=("cpu",),
        seeds=(1,),
        members=tuple(Member(name=name, seed=1) for name in ("m1", "m2", "m3")),
    )
    change_labels([rows[0].folder], LabelChange(archived=True))
    every = look(tmp_path / "logs")
    runs = listed(every, "", with_archived=False)
    (group,) = grouped(runs, {path: experiment}, (), every=every, with_empty=True)
    assert (len(group.runs), group.waiting) == (1, 1)
    assert grouped([], {path: experiment}, (), every=every, with_empty=True) == []


# --- commands ---


def test_runs_are_labelled_by_a_command(prints, fails, log_root):
    logs = ("--logs", str(log_root))
    new = {"tags": ["baseline", "g1", "x", "y"], "starred": True, "title": "T", "note": "N", "archived": False}
    options = ("--tag", "x,#y", "--star", "--title", "T", "--note", "N")
    (labelled,) = prints("label", "2026-01-01_00-00-00_walk", *options, *logs, "--json")
    assert {name: labelled[name] for name in new} == new
    assert prints("label", "2026-01-01_00-00-00_walk", "--untag", "x", *logs).splitlines() == [
        "2026-01-01_00-00-00_walk",
        "  title     T",
        "  tags      #baseline #g1 #y",
        "  star      yes",
        "  note      N",
    ]
    first, second = prints("runs", *logs, "--json")
    assert (second["title"], second["tags"], second["starred"]) == ("T", ["baseline", "g1", "y"], True)
    assert (first["note"], first["archived"]) == ("Fell on stairs.\nTry more damping.", False)
    assert "★ T #baseline #g1 #y" in prints("runs", "--match", "#g1", *logs)
    assert [row["archived"] for row in prints("runs", "--archived", *logs, "--json")] == [True, False, False]
    prints("label", "2026-01-01_00-00-00_walk", "2026-01-02_00-00-00_walk", "--archive", *logs)
    assert prints("runs", *logs) == f"none of the 0 runs in {log_root} match; 3 more are archived, see --archived\n"
    assert "expected a tag" in fails(2, "label", "latest", "--tag", "", *logs, "--json")
    assert "no such run" in fails(2, "label", "nobody", "--star", *logs)
