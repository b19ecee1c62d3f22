"""A journal that is left in its file: the charts of a page read it once, not each by itself."""

import pytest

from tests.tui.screens.recorded import RECORDINGS, make_run, until
from tests.tui.test_stored_series import short_is_long
from trainer_proc.contract.run_folder import RunFolder
from tui.app import HumanoidTui
from tui.screens.dashboard.run_screen import FramesArrived
from tui.session.board.plans import may_be_on_default_board
from tui.session.metrics import stored_series
from tui.session.metrics.column_reader import ColumnReader
from tui.widgets.chart import Chart

__all__ = ["short_is_long"]


@pytest.fixture
def passes(monkeypatch):
    """Tables that were read in each pass over a journal."""
    passes, read_each = [], stored_series.read_each

    def counted(read, tables):
        passes.append(len(list(tables)))
        return read_each(read, tables)

    monkeypatch.setattr(stored_series, "read_each", counted)
    return passes


@pytest.mark.parametrize(("at_once", "expected"), [(None, 1), (may_be_on_default_board, 0)])
async def test_charts_that_are_painted_before_the_page_is_drawn_read_a_journal_once(
    log_root, passes, at_once, expected
):
    folder = make_run(log_root, "g1-steered", bodies=[])
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(lambda: app.screen.query(Chart), "the charts")
        await pilot.pause()
        for frames in ColumnReader(RunFolder(RECORDINGS / "g1-steered").journal, at_once).read_pieces():
            app.screen.post_message(FramesArrived(frames, False, has_more=True))
            await pilot.pause()
        await pilot.resize_terminal(140, 40)  # paints all charts
        assert len([tables for tables in passes if tables]) == expected
