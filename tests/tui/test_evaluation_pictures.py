"""Pictures beside a stored evaluation, when they can't be written."""

from __future__ import annotations

import pytest

from tests.trainer.full_disk import largest_file
from tests.tui.evaluations import quick
from tui.charts.files.evaluation_pictures import write_pictures


def test_pictures_that_can_not_be_written_are_reported_and_those_of_an_earlier_result_removed(tmp_path):
    result = tmp_path / "quick.json"
    assert write_pictures(quick(), result) == ""
    pictures = {path.suffix: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(pictures) == {".svg", ".png"}
    with largest_file(min(pictures.values()) - 1):
        problem = write_pictures(quick(), result)
    assert problem.startswith("the pictures can't be written: ")
    assert "quick." in problem
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["gone", "a file"])
def test_a_folder_that_is_gone_is_reported(tmp_path, place):
    (tmp_path / "a file").touch()
    assert str(tmp_path / place) in write_pictures(quick(), tmp_path / place / "quick.json")
