"""The command that tells what a change did."""

from __future__ import annotations

from pathlib import Path

RECORDINGS = Path(__file__).parents[1] / "recordings"
LEVELS = str(RECORDINGS / "g1-levels")


def test_what_a_change_did_is_printed(prints):
    text = prints("impact", LEVELS, "4")
    assert "50 iterations before (1226–1275), 50 after (1276–1325)" in text
    (success,) = [line for line in text.splitlines() if line.startswith("success rate")]
    assert success.endswith("fell")


def test_as_many_iterations_as_wanted_are_compared(prints):
    assert "30 iterations before (1246–1275)" in prints("impact", LEVELS, "4", "--iterations", "30")


def test_scripts_get_the_numbers(prints):
    value = prints("impact", LEVELS, "4", "--json")
    assert (value["intervention"], value["iteration"], value["origin"]) == (4, 1276, "person")
    success = value["metrics"][0]
    assert success["metric"] == "Train/success_rate"
    assert success["interval"][0] < success["change"] < success["interval"][1] < 0
    assert success["verdict"] == "fell"


def test_what_isn_t_known_is_null_in_json(prints):
    value = prints("impact", LEVELS, "8", "--json")
    assert value["metrics"][0]["interval"] is None
    assert value["metrics"][0]["before"]["half_width"] is None
    assert value["limits"] == ["before-window limited by #7 (iteration 1401)"]


def test_without_a_number_it_is_the_newest(prints):
    assert prints("impact", LEVELS, "--json")["intervention"] == 9


def test_what_was_never_applied_is_refused(fails):
    assert fails(1, "impact", LEVELS, "99") == "no applied change #99; there are #1 to #9"
    assert fails(1, "impact", LEVELS, "99", "--json") == "no applied change #99; there are #1 to #9"
    assert "is not in the range" in fails(2, "impact", LEVELS, "--iterations", "0")
    assert "not a valid integer" in fails(2, "impact", LEVELS, "four")
