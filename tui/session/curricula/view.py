"""Text of the curricula panel: levels, modes, thresholds, next steps, success by level and task."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from curricula.curriculum import SUCCESS_RATE, Curriculum
from curricula.curriculum_knobs import level_knob, mode_knob
from curricula.needs import Need
from curricula.terrain import HIGHEST_LEVEL
from trainer_proc.contract.knob import Value, value_text
from tui.session.bars import Bar, BarGroup, bar_lines, progress_bar
from tui.session.board.plans import DEFAULT_BOARD, NOISE_FREE_ENVIRONMENTS, SUCCESS_EPISODES, SUCCESS_WINDOW
from tui.session.curricula.reconstruct import conditions, moved_at, needs, outlook
from tui.session.numbers import UNKNOWN, number
from tui.session.state import RunState
from tui.session.text import plain, shortened, shortened_name

SHARE_AT_LEVEL, OF_TERRAIN, OF_TASK = "Terrain/share_at_level_", "Success/terrain/", "Success/task/"
OF_PART = "Success/part/"
_WIDEST_NAME, _WIDEST_BAR = 24, 10
_INDENT = "  "
_LEAST_FOR_BARS = 32
"""With fewer cells, text says what is needed."""
_SMALLEST_BAR, _LARGEST_BAR = 6, 16
_GAP = "   "
_LEAST_FOR_LEVEL_TEXT = 24
"""With fewer cells after the mode, the level's text moves to the line below."""


@dataclass(frozen=True)
class CurriculumText:
    """Lines of a curriculum: name, level and mode; below, the next step and bars for what is needed for it."""

    name: str
    head: str
    body: tuple[str, ...]


@dataclass(frozen=True)
class PanelText:
    """Lines of the panel."""

    success: tuple[str, ...]
    curricula: tuple[CurriculumText, ...]
    bars: tuple[str, ...]


def has_panel(state: RunState, curricula: Sequence[Curriculum]) -> bool:
    """Return whether the panel has content."""
    return bool(curricula or bar_groups(state))


def panel_text(
    state: RunState, curricula: Sequence[Curriculum], width: int, wanted: Mapping[str, int] | None = None
) -> PanelText:
    """Return the panel's lines, at most `width` cells each; `wanted` are levels not requested yet."""
    heads = [_head(curriculum, state, wanted or {}) for curriculum in curricula]
    widths = [max(map(len, column)) for column in zip(*heads, strict=True)]
    texts = [
        _text(one, state, "  ".join(f"{cell:<{size}}" for cell, size in zip(head, widths, strict=True)), width)
        for one, head in zip(curricula, heads, strict=True)
    ]
    return PanelText(
        tuple(textwrap.wrap(success_text(state), max(width, 1))),
        tuple(texts),
        tuple(bar_lines(bar_groups(state), width)),
    )


def success_text(state: RunState) -> str:
    """Return the success rate with its window, the count of episodes in it, and whether the policy acts with noise."""
    kind = "time-out" if state.started is None else plain(str(state.started.success.get("kind", "time-out")))
    if state.latest.get(NOISE_FREE_ENVIRONMENTS) == 0:
        kind += ", with exploration noise"
    rate = state.latest.get(SUCCESS_RATE)
    if rate is None:
        return f"success rate: no finished episodes ({kind})"
    text = f"success rate {rate:.2f}"
    episodes, window = state.latest.get(SUCCESS_EPISODES), state.latest.get(SUCCESS_WINDOW)
    if episodes is None or window is None:
        return f"{text} ({kind})"
    of_window = f"/{window:.0f}" if episodes < window else ""  # the window may hold more: all that ended at once
    return f"{text} ({episodes:.0f}{of_window} episodes, {kind})"


def levels_text(curricula: Sequence[Curriculum]) -> str:
    """Return name, level and mode of each, in one line."""
    return ", ".join(f"{plain(one.name)} {one.level}/{one.top} {one.mode}" for one in curricula)


def bar_groups(state: RunState) -> list[BarGroup]:
    """Return success by part of the command, terrain levels, success by terrain and by task, as the run has them."""
    groups = (_parts(state), _terrain_levels(state), _terrain_types(state), _tasks(state))
    return [group for group in groups if group is not None]


def _head(curriculum: Curriculum, state: RunState, wanted: Mapping[str, int]) -> tuple[str, str, str, str]:
    name = plain(curriculum.name) + f" ({curriculum.kind})" * (curriculum.kind != curriculum.name)
    following = wanted.get(curriculum.name, _pending(level_knob(curriculum.name), state))
    level = str(curriculum.level) if following is None else f"{curriculum.level}→{value_text(following)}"
    mode = _pending(mode_knob(curriculum.name), state)
    cells = min(curriculum.top, _WIDEST_BAR)
    filled = round(cells * curriculum.level / curriculum.top) if curriculum.top else 0
    level_bar = "█" * filled + "░" * (cells - filled)
    modes = curriculum.mode if mode is None else f"{curriculum.mode}→{value_text(mode)}"
    return shortened(name, _WIDEST_NAME), f"{level}/{curriculum.top}", level_bar, modes


def _pending(knob: str, state: RunState) -> Value | None:
    """Return the queued value of a knob."""
    return state.knobs[knob].pending if knob in state.knobs else None


def _text(curriculum: Curriculum, state: RunState, head: str, width: int) -> CurriculumText:
    level, since = plain(curriculum.level_text(curriculum.level)), moved_at(curriculum, state)
    ways = [level] if since is None else [f"{level}, since iteration {since}", level]
    needed = needs(curriculum, state) if curriculum.mode == "auto" and width >= _LEAST_FOR_BARS else []
    outlook_text = _in_words_of_charts(conditions(curriculum, state)) if needed else _next(curriculum, state)
    room = width - len(head) - 2
    if room >= min(len(level), _LEAST_FOR_LEVEL_TEXT):
        head = f"{head}  {next((way for way in ways if len(way) <= room), shortened(level, room))}"
    elif level:
        outlook_text = f"{level}; {outlook_text}"
    body = textwrap.wrap(outlook_text, max(width, 8), initial_indent=_INDENT, subsequent_indent=_INDENT)
    body += _need_lines(needed, width)
    return CurriculumText(curriculum.name, shortened(head.rstrip(), max(width, 1)), tuple(body))


def _next(curriculum: Curriculum, state: RunState) -> str:
    """Return the next step, with metrics named as on their charts."""
    text = _in_words_of_charts(outlook(curriculum, state))
    match curriculum.mode:
        case "manual":
            return f"level set by the user; in auto: {text}"
        case "hold":
            return f"on hold, knobs set by the user; in auto: {text}"
        case _:
            return text


def _in_words_of_charts(text: str) -> str:
    text = plain(text)
    for plan in DEFAULT_BOARD:
        for title, metric in plan.curves:
            text = text.replace(metric, title)
    return text.replace(OF_TASK, "success of ").replace(OF_PART, "success of ")


def _need_lines(found: Sequence[Need], width: int) -> list[str]:
    """Return a bar for each need with its numbers: all in one line, or one below the other where that is too wide."""
    names = [_in_words_of_charts(need.what) for need in found]
    values = [f"{UNKNOWN if need.have is None else number(need.have)} of {number(need.needed)}" for need in found]
    texts = [f"{name} {value} " for name, value in zip(names, values, strict=True)]
    room = width - len(_INDENT) - len(_GAP) * (len(found) - 1) - sum(map(len, texts))
    if found and (each := min(room // len(found), _LARGEST_BAR)) >= _SMALLEST_BAR:
        cells = [text + progress_bar(need.share, each) for text, need in zip(texts, found, strict=True)]
        return [_INDENT + _GAP.join(cells)]
    value_width = max(map(len, values), default=0)
    name_width = min(max(map(len, names), default=0), max(width - len(_INDENT) - value_width - 2 - _SMALLEST_BAR, 1))
    each = min(max(width - len(_INDENT) - name_width - value_width - 2, 0), _LARGEST_BAR)
    return [
        shortened(
            f"{_INDENT}{shortened_name(name, name_width):<{name_width}} {value:>{value_width}} "
            f"{progress_bar(need.share, each)}".rstrip(),
            width,
        )
        for name, value, need in zip(names, values, found, strict=True)
    ]


# --- bars ---


def _parts(state: RunState) -> BarGroup | None:
    names = _names(state, OF_PART)
    bars = [_success_bar(name, state.latest[OF_PART + name], {}) for name in names]
    return BarGroup("success by part of the command", tuple(bars)) if bars else None


def _terrain_levels(state: RunState) -> BarGroup | None:
    rows = (name for name in _names(state, SHARE_AT_LEVEL) if name.isdecimal())
    shares = {int(row): state.latest[SHARE_AT_LEVEL + row] for row in rows}
    if not shares:
        return None
    bars: list[Bar] = []
    for is_empty, group in groupby(range(max(shares) + 1), key=lambda level: not shares.get(level)):
        bars += _level_bars([*group], shares, is_empty)
    if (shift := state.knobs.get("terrain/shift")) is not None and shift.value:
        bars.append(Bar("shifted by", None, f"{shift.value:+g}"))
    highest = max((level for level, share in shares.items() if share > 0), default=0)
    facts = [f"mean {state.latest.get('Terrain/mean_level', 0.0):.2f}", f"max {highest}"]
    if (cap := state.knobs.get(HIGHEST_LEVEL)) is not None:
        facts.append(f"cap {value_text(cap.value)}")
    return BarGroup(f"terrain: {', '.join(facts)}", tuple(bars))


def _level_bars(levels: list[int], shares: Mapping[int, float], is_empty: bool) -> list[Bar]:
    """Return a bar for each level; consecutive levels without environments share a line."""
    if is_empty and len(levels) > 1:
        return [Bar(f"levels {levels[0]}–{levels[-1]}", 0.0, "0%")]
    values = [(level, shares.get(level, 0.0)) for level in levels]
    return [Bar(f"level {level}", share, "<1%" if 0 < share < 0.005 else f"{share:.0%}") for level, share in values]


def _terrain_types(state: RunState) -> BarGroup | None:
    names = _names(state, "Terrain/share/", OF_TERRAIN)
    if not names:
        return None
    levels = {name: state.latest.get(f"Terrain/mean_level/{name}") for name in names}
    notes = {name: f"{level:.1f}" for name, level in levels.items() if level is not None}
    bars = [_success_bar(name, state.latest.get(OF_TERRAIN + name), notes) for name in names]
    return BarGroup("success by terrain" + ", mean level" * bool(notes), tuple(bars))


def _tasks(state: RunState) -> BarGroup | None:
    weights = {
        name.rpartition("/")[2]: value_text(knob.value)
        for name, knob in state.knobs.items()
        if re.fullmatch(r"command/[^/]+/weights/[^/]+", name)
    }
    names = list(dict.fromkeys([*weights, *_names(state, OF_TASK)]))
    if not names:
        return None
    bars = [_success_bar(name, state.latest.get(OF_TASK + name), weights) for name in names]
    return BarGroup("success by task" + ", weight" * bool(weights), tuple(bars))


def _names(state: RunState, *prefixes: str) -> list[str]:
    """Return the metrics' names with one of the prefixes, without it, each once."""
    found = (name.removeprefix(prefix) for prefix in prefixes for name in state.latest if name.startswith(prefix))
    return list(dict.fromkeys(found))


def _success_bar(name: str, rate: float | None, notes: Mapping[str, str]) -> Bar:
    return Bar(name, rate, "–" if rate is None else f"{rate:.2f}", notes.get(name, ""))
