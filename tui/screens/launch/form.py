"""The form of the launch screen: what the chosen preset may be given besides its own values."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Label, Select, Static

from curricula.errors import UserError
from presets import Preset, load_preset
from presets.preset import LIBRARIES, PHYSICS
from tui.screens.launch.environments_field import NUM_ENVS, EnvironmentsField
from tui.session.launching.knob_values import parse_settings
from tui.session.launching.launch_list import ATTACH, CONTINUE
from tui.session.launching.launcher import Overrides, SpecError
from tui.session.launching.override_text import parse_override_value, parse_overrides
from tui.session.runs.checkpoints import checkpoint_to_start_from
from tui.session.text import plain, plain_lines
from tui.widgets.field import Field

START = "Start (Enter)"
_NO_EVALUATION = "every N iterations"
_FIELDS = (
    *(("device", "device"), ("num-envs", "environments"), ("iterations", "iterations"), ("seed", "seed")),
    *(("run-name", "name"), ("checkpoint", "checkpoint"), ("overrides", "overrides"), ("set", "knobs")),
    *(("evaluate-every", "evaluation"), ("fast", "fast mode")),
    ("preset-file", "own TOML"),
)
_ISAAC_LAB_FIELDS = (("task", "task"), ("physics", "physics"), ("library", "library"), ("arguments", "arguments"))
_PLACEHOLDERS = {
    "run-name": "optional; part of the folder name",
    "checkpoint": "file or run to start from",
    "overrides": "env.episode_length_s=10 agent.PATH=VALUE …",
    "evaluate-every": _NO_EVALUATION,
    "set": "reward/pose/weight=2 KNOB=LOW:HIGH …",
    "preset-file": "path of a preset file, instead of the chosen one",
    "task": "from the preset",
    "arguments": "env.sim.dt=0.002 presets=NAME …",
}
_CHOICES = {"physics": PHYSICS, "library": LIBRARIES, "fast": ("auto", "off")}
_NUMBERS = ("iterations", "seed")
_OF_SPEC = {"name": "run-name", "num_envs": "num-envs", "hydra": "arguments", "evaluation": "evaluate-every"}
"""Fields that `RunSpec` calls otherwise."""
_TYPED = ("set", "overrides", "arguments", "checkpoint", "task")
"""Fields whose words a trainer's refusal may quote."""
Parsed = TypeVar("Parsed")


class LaunchForm(VerticalScroll, can_focus=False):
    """Fields with the values of a preset; reads them as `Overrides`."""

    def compose(self) -> ComposeResult:
        yield Static(id="description", markup=False)
        with Vertical(id="fields"):
            yield Vertical(id="needs")
            for field, label in _FIELDS:
                if field == NUM_ENVS:
                    yield EnvironmentsField()
                else:
                    yield Horizontal(Label(label), self._widget_for(field), classes="field")
            with Vertical(id="isaac-lab"):
                for field, label in _ISAAC_LAB_FIELDS:
                    yield Horizontal(Label(label), self._widget_for(field), classes="field")
        with Vertical(id="start-row"):
            yield Button(START, variant="primary", id="start")
            yield Static(id="progress", markup=False)
            yield Static(id="problem", classes="problem", markup=False)

    def _widget_for(self, field: str) -> Select[str] | Input:
        if field == "device":
            return Select([("detecting devices…", "")], allow_blank=False, id=field, compact=True)
        if field in _CHOICES:
            return Select([(choice, choice) for choice in _CHOICES[field]], prompt="", id=field, compact=True)
        if field in _NUMBERS:
            return Field("42" if field == "seed" else "", type="integer", id=field, compact=True)
        if field == "evaluate-every":
            return Field(placeholder=_PLACEHOLDERS[field], type="integer", id=field, compact=True)
        return Field(placeholder=_PLACEHOLDERS[field], id=field, compact=True)

    # --- what is shown ---

    def describe(self, text: str, with_fields: bool = True) -> None:
        """Show a description; without fields, there is nothing to fill in."""
        self.query_one("#description", Static).update(plain_lines(text))
        self.query_one("#fields").display = with_fields

    async def show_preset(self, preset: Preset) -> None:
        """Show the description and the values of a preset, all but its number of environments."""
        needs = preset.needs_text()
        where = f"task {preset.task} on {preset.backend}" + (f"\nneeds {needs}" if needs else "")
        self.describe(f"{preset.title}\n\n{preset.description}\n\n{where}")
        await self.show_required(
            {path: what for path, what in preset.needs.overrides.items() if path not in preset.overrides}
        )
        self.query_one("#iterations", Input).value = str(preset.iterations)
        self._show_evaluation(preset)
        self._show_fast(preset)
        self._show_isaac_lab(preset)

    async def show_required(self, needed: Mapping[str, str]) -> None:
        """Show a field for each required override; `needed` describes each by its path."""
        rows = self.query_one("#needs", Vertical)
        await rows.remove_children()
        for path, what in needed.items():
            label = Label(plain(path.rpartition(".")[2].replace("_", " ")), markup=False)
            field = Field(placeholder=plain(what), name=path, compact=True)
            await rows.mount(Horizontal(label, field, classes="field"))

    def _show_isaac_lab(self, preset: Preset) -> None:
        """Show the options of Isaac Lab with the choice of the preset; clear what was typed before."""
        self.query_one("#isaac-lab").display = preset.backend == "isaaclab"
        self.query_one("#task", Input).placeholder = preset.task
        for field, own, default in (
            ("physics", preset.physics, "default of the task"),
            ("library", preset.library, "rsl_rl (default)"),
        ):
            self._show_choice(field, own, default)
        for field in ("task", "arguments"):
            self.query_one(f"#{field}", Input).value = ""

    def _show_evaluation(self, preset: Preset) -> None:
        """Show how often the preset evaluates the policy, which a number in the field replaces."""
        every = preset.evaluation.get("every")
        placeholder = _NO_EVALUATION if every is None else f"{every} from the preset; 0: none"
        self.query_one("#evaluate-every", Input).placeholder = placeholder

    def _show_fast(self, preset: Preset) -> None:
        """Show whether the preset has its step captured in CUDA graphs; clear what was chosen before."""
        self._show_choice("fast", preset.fast.get("mode", ""), "auto: on GPUs (default)")

    def _show_choice(self, field: str, own: str, default: str) -> None:
        """Have nothing chosen, which means the preset's `own` choice; empty for the default."""
        select = self.query_one(f"#{field}", Select)
        select.prompt = f"{own} (from the preset)" if own else default
        select.clear()

    def show_problem(self, problem: str, field: str = "") -> None:
        """Show a problem; its field, as `RunSpec` names it or by its path, gets the focus with its text selected."""
        self.query_one("#problem", Static).update(plain(problem))
        if not problem:
            return
        wrong = self._widget_of(field)
        if wrong is None:
            self.call_after_refresh(self.scroll_end, animate=False)  # it may be below the end of a low screen
            return
        wrong.focus()
        if isinstance(wrong, Input):
            wrong.action_select_all()
        self.call_after_refresh(self.query_one("#problem").scroll_visible, animate=False)

    def _widget_of(self, field: str) -> Input | Select[str] | None:
        for required in self.query("#needs Input").results(Input):
            if field and required.name == field:
                return required
        if not field or "." in field:
            return None
        found = self.query(f"#{_OF_SPEC.get(field, field)}").results()
        return next((widget for widget in found if isinstance(widget, Input | Select)), None)

    def show_progress(self, text: str) -> None:
        """Show what is done before the training starts; an empty text ends that."""
        progress = self.query_one("#progress", Static)
        progress.update(plain(text))
        progress.display = bool(text)
        if text:
            self.call_after_refresh(progress.scroll_visible, animate=False)

    # --- what is typed ---

    def text(self, field: str) -> str:
        """Return what is typed in a field."""
        return self.query_one(f"#{field}", Input).value.strip()

    def choice(self, field: str) -> str | None:
        """Return what is chosen of a list; None for nothing."""
        value = self.query_one(f"#{field}", Select).value
        return value if isinstance(value, str) else None

    def preset_file(self) -> Preset | None:
        """Return the preset of the user's own file; None if the field is empty. Raises `SpecError`."""
        return self._parsed("preset-file", lambda text: load_preset(str(Path(text).expanduser()))) or None

    def overrides(self, log_root: Path) -> Overrides:
        """Return what the fields say; a run that is a checkpoint is looked for in `log_root`. Raises `SpecError`."""
        typed = self._parsed("overrides", lambda text: parse_overrides(shlex.split(text))) or {}
        checkpoint = self._parsed("checkpoint", lambda text: str(checkpoint_to_start_from(text, log_root)))
        is_auto = self.query_one(EnvironmentsField).is_auto
        return Overrides(
            num_envs=None if is_auto else self._whole_number(NUM_ENVS, "environments"),
            iterations=self._whole_number("iterations", "iterations"),
            device=self.choice("device") or "",
            seed=self._whole_number("seed", "seed"),
            name=self.text("run-name"),
            checkpoint=checkpoint or "",
            overrides=self._required() | typed,
            set=self._parsed("set", lambda text: parse_settings(shlex.split(text))) or {},
            task=self.text("task"),
            physics=self.choice("physics"),
            library=self.choice("library"),
            fast={"auto": True, "off": False}.get(self.choice("fast") or ""),
            evaluate_every=self._whole_number("evaluate-every", "evaluation") if self.text("evaluate-every") else None,
            arguments=self._parsed("arguments", lambda text: tuple(shlex.split(text))) or (),
        )

    def quoted_field(self, problem: str) -> str:
        """Return the field of which a trainer's refusal quotes a word; empty if there is none."""
        for field in _TYPED:
            words = [word.partition("=")[0] for word in self.text(field).split()]
            if any(word in problem for word in words):
                return field
        return ""

    def _required(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field in self.query("#needs Input").results(Input):
            if field.value.strip():
                try:
                    values[field.name or ""] = parse_override_value(field.value)
                except UserError as error:
                    raise SpecError(str(error), field=field.name or "") from error
        return values

    def _parsed(self, field: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        """Return the parsed text of a field; None for an empty one. Raises `SpecError`."""
        text = self.text(field)
        try:
            return parse(text) if text else None
        except UserError as error:
            raise SpecError(str(error), field=field) from error
        except ValueError as error:  # of `shlex`
            raise SpecError(f"cannot parse the {field}: {error}", field=field) from error

    def _whole_number(self, field: str, label: str) -> int:
        text = self.query_one(f"#{field}", Input).value
        try:
            return int(text)
        except ValueError:
            raise SpecError(f"{label}: expected a whole number, got {text!r}", field=field) from None


def label_of(row: str) -> str:
    """Return the label of the button for a row of the list."""
    return "Attach (Enter)" if row.startswith(ATTACH) else "Continue (Enter)" if row.startswith(CONTINUE) else START
