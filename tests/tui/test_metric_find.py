"""Finding a metric by letters of its name."""

from __future__ import annotations

import pytest

from tui.session.board.chart_source import ChartSource
from tui.session.board.layout import BoardLayout
from tui.session.board.metric_find import find_metrics
from tui.session.board.plans import plan_of_metrics
from tui.session.metrics.history import MetricHistory

NAMES = ("Loss/value", "Loss/surrogate", "Policy/kl", "Perf/total_fps")


@pytest.fixture
def sources():
    first, second = MetricHistory(), MetricHistory()
    first.series["Loss/value"].extend([0, 1], [3.0, 2.5])
    second.series["Loss/value"].append(0, 9.0)
    second.series["Policy/kl"].append(0, 0.5)
    return [ChartSource("a", first), ChartSource("b", second)]


def names(found):
    return [metric.name for metric in found]


def test_without_letters_all_are_listed_in_their_order(sources):
    assert names(find_metrics("  ", NAMES, sources, layout=BoardLayout())) == list(NAMES)


def test_letters_find_the_best_match_first(sources):
    assert names(find_metrics("val", NAMES, sources, layout=BoardLayout())) == ["Loss/value"]
    assert names(find_metrics("los", NAMES, sources, layout=BoardLayout()))[:2] == ["Loss/value", "Loss/surrogate"]
    assert find_metrics("qq", NAMES, sources, layout=BoardLayout()) == []


def test_the_newest_value_is_that_of_the_first_run_that_has_one(sources):
    found = {metric.name: metric.value for metric in find_metrics("", NAMES, sources, layout=BoardLayout())}
    assert found == {"Loss/value": 2.5, "Loss/surrogate": None, "Policy/kl": 0.5, "Perf/total_fps": None}
    assert "Loss/surrogate" not in sources[0].history.series  # looking makes no metric


def test_where_a_metric_already_is_is_told(sources):
    layout = BoardLayout(pins=(("Loss/value",), ("Policy/kl", "Perf/total_fps")))
    chosen = plan_of_metrics("Loss/surrogate")
    found = {metric.name: metric.where for metric in find_metrics("", NAMES, sources, layout=layout, chosen=chosen)}
    assert found == {
        "Loss/value": "pinned",
        "Loss/surrogate": "on the chosen chart",
        "Policy/kl": "pinned with others",
        "Perf/total_fps": "pinned with others",
    }
