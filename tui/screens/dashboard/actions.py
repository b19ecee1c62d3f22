"""All keys of the dashboard, one row a key: key, handler, label, tooltip, id.

To add a key, add a row here and its handler in the module that the comment names. The keys of the charts are in
`tui/screens/chart_screen.py`; the keys of a focused panel stand at the head of that panel.
"""

from __future__ import annotations

from textual.binding import BindingType

from tui.screens.dashboard.agent_actions import AgentActions
from tui.screens.dashboard.curriculum_actions import CurriculumActions
from tui.screens.dashboard.export_actions import ExportActions
from tui.screens.dashboard.knob_actions import KnobActions
from tui.screens.dashboard.panel_actions import PanelActions
from tui.screens.dashboard.training_actions import TrainingActions
from tui.screens.dashboard.verify_actions import VerifyActions
from tui.widgets.key_table import action_names, key

KEYS: list[BindingType] = [
    # training_actions.py
    key("p", TrainingActions.action_pause_or_resume, "pause",
        "Pause the training after this iteration, or resume it", id="dashboard.pause", footer=True),
    key("e", ExportActions.action_export, "export",
        "Export the policy as ONNX, checked and timed", id="dashboard.export", footer=True),
    key("K", VerifyActions.action_verify, "verify",  # verify_actions.py
        "Verify the exported policy in MuJoCo, from its files alone", id="dashboard.verify"),
    key("E", TrainingActions.action_evaluations, "evaluations",
        "Show this run's evaluations, and evaluate its checkpoints", id="dashboard.evaluations"),
    key("R", TrainingActions.action_rollout, "rollout",
        "Play the rollout nearest to the crosshair, or the newest", id="dashboard.rollout"),
    key("x", TrainingActions.action_stop, "stop",
        "Save a checkpoint and stop the training", id="dashboard.stop", footer=True),
    key("C", TrainingActions.action_continue_run, "continue",
        "Start a new run from the checkpoint at the crosshair, or the newest", id="dashboard.continue"),
    key("G", TrainingActions.action_code, "code",
        "Show the code that this run was started with", id="dashboard.code"),
    key("s", TrainingActions.action_save, "save",
        "Save a checkpoint after this iteration", id="dashboard.save"),
    # panel_actions.py
    key("slash", PanelActions.action_filter, "filter",
        "Filter knobs by name; in the log, search lines", id="knobs.filter", footer=True, priority=True, display="/"),
    key("t", PanelActions.action_curricula, "curricula",
        "Switch between curricula and knobs", id="dashboard.curricula"),
    key("c", PanelActions.action_only_changed, "changed only",
        "Show only changed knobs, or all", id="knobs.changed-only"),
    key("l", PanelActions.action_log, "log",
        "Show the log full screen, or go back", id="dashboard.log"),
    key("g", PanelActions.action_machine, "machine",
        "Show or hide GPUs, CPU, memory and this run's processes", id="dashboard.machine"),
    key("v", PanelActions.action_robot, "robot",
        "Show or hide the robot of one environment, live", id="dashboard.robot"),
    key("V", PanelActions.action_robot_alone, "robot full screen",
        "Show the robot full screen, or beside the charts", id="dashboard.robot-alone"),
    # knob_actions.py
    key("u", KnobActions.action_undo, "undo",
        "Undo the latest change that is still in effect", id="dashboard.undo", footer=True),
    key("U", KnobActions.action_redo, "redo",
        "Redo the most recently undone change", id="dashboard.redo"),
    key("h", KnobActions.action_history, "history",
        "List all changes; undo or redo any of them", id="dashboard.history", footer=True),
    key("b", KnobActions.action_impact, "before/after",
        "Compare success, reward, KL and changed terms before and after a change", id="dashboard.impact"),
    key("d", KnobActions.action_default, "default",
        "Reset the selected knob to its default", id="knobs.default", priority=True),
    key("i", KnobActions.action_unpin, "unpin",
        "Return the selected knob to its competing writer", id="knobs.unpin", priority=True),
    key("m", KnobActions.action_stop_ramp, "stop ramp",
        "Stop the ramp of the selected knob at its current value", id="knobs.stop-ramp", priority=True),
    key("y", KnobActions.action_copy, "copy preset",
        "Copy this run's preset with all changes, as TOML", id="dashboard.copy-preset"),
    key("A", AgentActions.action_answer_agent, "answer agent",  # agent_actions.py
        "Accept or refuse the oldest request of an agent", id="dashboard.agent"),
    key("Y", TrainingActions.action_copy_link, "copy link",  # training_actions.py
        "Copy the link of this run at W&B, Neptune or MLflow", id="dashboard.copy-link"),
    # curriculum_actions.py
    key("plus", CurriculumActions.action_level, "level up",
        "Raise the curriculum by one level", id="curricula.level-up", arguments=(1,), display="+"),
    key("minus", CurriculumActions.action_level, "level down",
        "Lower the curriculum by one level", id="curricula.level-down", arguments=(-1,), display="-"),
    key("a", CurriculumActions.action_auto, "auto",
        "Return the curriculum to auto mode", id="curricula.auto"),
    # training_actions.py
    key("r", TrainingActions.action_runs, "runs",
        "List the runs; this training continues", id="dashboard.runs"),
    key("q", TrainingActions.action_leave, "quit",
        "Quit the program; the training continues", id="dashboard.leave", footer=True),
]  # fmt: skip

SIDE_PANEL_ACTIONS = action_names(
    PanelActions.action_filter,
    PanelActions.action_curricula,
    PanelActions.action_only_changed,
    PanelActions.action_log,
    PanelActions.action_robot,
    PanelActions.action_robot_alone,
    KnobActions.action_default,
    KnobActions.action_unpin,
    KnobActions.action_stop_ramp,
    CurriculumActions.action_level,
    CurriculumActions.action_auto,
)
"""Disabled while a maximised chart hides the panels that these work on."""
OWN_FILE_ACTIONS = action_names(
    TrainingActions.action_evaluations,
    TrainingActions.action_rollout,
    TrainingActions.action_continue_run,
    VerifyActions.action_verify,
    PanelActions.action_machine,
    AgentActions.action_answer_agent,
)
"""Disabled for a run on a host: they work with its files, or look at this machine."""
TYPED_ACTIONS = action_names(
    PanelActions.action_filter,
    KnobActions.action_default,
    KnobActions.action_unpin,
    KnobActions.action_stop_ramp,
)
"""Disabled while the user types in a field: with priority, their keys would take the letters."""
