"""The runs on disk: listing and naming them."""

from __future__ import annotations

import pytest

from trainer_proc.contract.codec import pack_values
from trainer_proc.contract.messages import IterationFinished, MetricSet, PhaseChanged, RunStarted
from trainer_proc.contract.products import CheckpointLoaded
from trainer_proc.contract.run_folder import RunFolder, RunFolderError
from tui.session.runs.run_index import RunNotFound, find_run, run_folders, summarize

STARTED = RunStarted(
    run="run", preset="cartpole", backend="mjlab", task="task", device="cpu", num_envs=4, iterations=100, seed=42, pid=1
)
MORNING, NOON, NIGHT = "2026-03-01_08-00-00_walk", "2026-03-01_12-00-00_run", "2026-03-02_23-00-00_walk"


@pytest.fixture
def log_root(tmp_path, make_run):
    for name in (NOON, NIGHT, MORNING):
        make_run(name, experiment="g1" if name == NOON else "cartpole")
    (tmp_path / "logs" / "cartpole" / "no run").mkdir()
    (tmp_path / "logs" / "notes.txt").touch()
    return tmp_path / "logs"


def problem(text, log_root):
    with pytest.raises(RunNotFound) as error:
        find_run(text, log_root)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_runs_of_all_experiments_are_listed_newest_first(log_root):
    assert [folder.name for folder in run_folders(log_root)] == [NIGHT, NOON, MORNING]


def test_a_run_that_a_link_leads_to_is_listed_once(log_root):
    (log_root / "cartpole" / "newest").symlink_to(log_root / "g1" / NOON)
    assert [folder.name for folder in run_folders(log_root)] == [NIGHT, NOON, MORNING]


def test_an_experiment_s_own_folder_and_a_run_s_own_have_their_runs(log_root):
    assert [folder.name for folder in run_folders(log_root / "cartpole")] == [NIGHT, MORNING]
    assert find_run("latest", log_root / "cartpole").name == NIGHT
    assert [folder.name for folder in run_folders(log_root / "g1" / NOON)] == [NOON]


def test_where_nothing_was_ever_trained_there_are_no_runs(tmp_path):
    assert run_folders(tmp_path / "logs") == []
    assert "humanoid-tui launch" in problem("latest", tmp_path / "logs")


@pytest.mark.parametrize(
    ("text", "name"),
    [("latest", NIGHT), (MORNING, MORNING), ("run", NOON), ("03-02", NIGHT), ("08-00-00", MORNING)],
)
def test_a_run_is_found_by_latest_its_name_or_a_unique_part(log_root, text, name):
    assert find_run(text, log_root).name == name


def test_a_whole_name_wins_over_a_part_of_another(log_root, make_run):
    make_run(NOON + "_2")
    assert find_run(NOON, log_root).name == NOON


def test_the_name_that_the_user_has_given_wins_over_longer_ones(log_root, make_run):
    for name in ("2026-03-03_00-00-00_trot", "2026-03-04_00-00-00_trot-2", "2026-03-05_00-00-00_new-trot"):
        make_run(name, experiment="go1")
    assert find_run("trot", log_root).name == "2026-03-03_00-00-00_trot"
    assert problem("rot", log_root).startswith("3 runs match rot: ")


def test_a_run_is_found_by_the_name_in_the_list(log_root, make_run):
    make_run(MORNING, experiment="go1")
    assert problem(MORNING, log_root) == f"2 runs match {MORNING}: cartpole/{MORNING}, go1/{MORNING}; expected one"
    assert find_run(f"go1/{MORNING}", log_root).path.parent.name == "go1"
    assert find_run("g1/2026", log_root).name == NOON


def test_a_run_is_found_by_its_path_wherever_it_lies(log_root, tmp_path, monkeypatch):
    folder = find_run("latest", log_root)
    assert find_run(str(folder.path), tmp_path / "elsewhere").path == folder.path
    monkeypatch.chdir(folder.path)
    assert find_run(".", tmp_path / "elsewhere").path == folder.path


def test_an_ambiguous_part_is_told_with_what_it_matches(log_root):
    assert problem("walk", log_root) == f"2 runs match walk: {NIGHT}, {MORNING}; expected one"


def test_an_unknown_run_is_told_with_the_nearest(log_root):
    assert problem("2026-03-01_12-00-00_rum", log_root).startswith(
        f"no such run: 2026-03-01_12-00-00_rum; nearest: {NOON}"
    )


def test_an_unknown_run_is_told_with_those_of_similar_own_names(log_root):
    assert problem("wlak", log_root).split("; nearest: ")[1].split(", ")[0] in (NIGHT, MORNING)


def test_a_summary_tells_where_a_run_is(make_run):
    folder = make_run(
        NOON,
        STARTED,
        MetricSet(0, ("Train/mean_reward",)),
        IterationFinished(41, 0, pack_values([2.5]), 96, 1.0),
        PhaseChanged("finished"),
    )
    summary = summarize(folder)
    assert (summary.status, summary.iteration, summary.reward, summary.problem) == ("finished", 41, 2.5, "")
    assert summary.spec == folder.read_spec()


def test_a_summary_counts_the_iterations_before_a_resume_too(make_run):
    resumed = make_run(NOON, STARTED, CheckpointLoaded(80, "model_79.pt"))
    assert summarize(resumed).iterations == 180
    assert summarize(make_run(MORNING)).iterations == 100


def test_a_run_without_an_end_and_without_a_trainer_was_killed(make_run):
    assert summarize(make_run(MORNING, STARTED, PhaseChanged("training"))).status == "killed"
    assert summarize(make_run(NOON)).status == "starting"


@pytest.mark.parametrize(
    "content", [b"", b"preset = ", b"\xff\xfe", b'preset = "x"\nunknown = 1\n', b"preset = 1\n", b"\x00"]
)
def test_a_run_that_can_not_be_read_is_a_problem_of_its_own(log_root, content):
    RunFolder(log_root / "cartpole" / NIGHT).spec_file.write_bytes(content)
    broken, *others = (summarize(folder) for folder in run_folders(log_root))
    assert broken.spec is None
    assert len(broken.problem.splitlines()) == 1
    assert "run.toml can't be read" in broken.problem
    assert [summary.problem for summary in others] == ["", ""]


def test_a_damaged_journal_is_a_problem_of_its_own(log_root):
    folder = RunFolder(log_root / "g1" / NOON)
    folder.journal.write_bytes(b"no frames at all")
    assert "damaged at byte 0" in summarize(folder).problem


def test_a_folder_that_is_no_run_says_so(tmp_path):
    with pytest.raises(RunFolderError, match=r"is no run: it has no run\.toml"):
        RunFolder(tmp_path).read_spec()
