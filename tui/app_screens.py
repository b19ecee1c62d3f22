"""The screens of the app, by the message that asks for each."""

from __future__ import annotations

from pathlib import Path

from textual.screen import Screen

from tui.app_hosts import HostApp
from tui.navigation import (
    OpenRun,
    ScreenMessage,
    ShowCompare,
    ShowEvaluations,
    ShowExperiment,
    ShowLaunch,
    ShowRollouts,
    ShowRuns,
    ShowWatch,
)


def make_screen(app: HostApp, log_root: Path, wanted: ScreenMessage) -> Screen[None]:
    """Return a new screen. Imports it only now: the first paint must not wait for numpy."""
    match wanted:
        case ShowRuns():
            from tui.screens.runs.screen import RunsScreen

            return RunsScreen(log_root, app.watched_hosts())
        case OpenRun(folder, journal):
            from tui.session.board.plans import may_be_on_default_board
            from tui.session.metrics.early_reader import EarlyReader

            journal = journal or EarlyReader(folder.journal, may_be_on_default_board)
            from tui.screens.dashboard.screen import DashboardScreen

            dashboard = DashboardScreen(folder)
            dashboard.journal = journal
            dashboard.mirror = app.mirror_of(folder)
            return dashboard
        case ShowCompare(folders):
            from tui.screens.compare.screen import CompareScreen

            return CompareScreen(log_root, folders)
        case ShowEvaluations(folder):
            from tui.screens.evaluation.screen import EvaluationScreen

            return EvaluationScreen(folder)
        case ShowExperiment(path):
            from tui.screens.experiment.screen import ExperimentScreen
            from tui.session.experiments.experiment import ExperimentFolder

            return ExperimentScreen(ExperimentFolder(path))
        case ShowWatch(logs, names):
            from tui.screens.watch.screen import WatchScreen

            return WatchScreen(logs, names)
        case ShowRollouts(files, run):
            from tui.screens.robot.screen import RolloutScreen

            return RolloutScreen(files, run)
        case ShowLaunch(preset):
            from tui.screens.launch.screen import LaunchScreen

            return LaunchScreen(log_root, preset)
