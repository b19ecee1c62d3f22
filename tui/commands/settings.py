"""`settings`: show, explain and check the user's settings."""

from __future__ import annotations

import json
from typing import Any

import click
import msgspec
import tomli_w

from curricula.errors import UserError
from curricula.schema import Problem
from tui.commands.shared.output import json_option, say, show_result
from tui.session.settings.config import UserConfig, config_file, read_settings, schema
from tui.session.settings.keymap import KeyAction, checked_keymap
from tui.session.settings.settings_file import first_file, settings, toml_value

_SECRET = "set, not shown"


@click.command("settings")
@click.option("--schema", "as_schema", is_flag=True, help="Print the file's JSON Schema, for editors.")
@click.option("--keys", "list_keys", is_flag=True, help="List actions: id for [keys], keys, description.")
@click.option("--init", "make", is_flag=True, help="Write a commented settings file, if there is none.")
@json_option
def settings_command(as_schema: bool, list_keys: bool, make: bool, as_json: bool) -> None:
    """Show the current settings and their file.

    Exit with 1 if the file has errors.
    """
    if as_schema + list_keys + make > 1:
        raise click.UsageError("--schema, --keys and --init exclude each other")
    if as_schema:
        say(json.dumps(schema(), indent=2, ensure_ascii=False))
    elif make:
        _make_file(as_json)
    else:
        config, problems = read_settings()
        actions, keymap, key_problems = _keys(config)
        problems += key_problems
        if list_keys:
            _show_keys(actions, keymap, as_json)
        else:
            _show_settings(config, keymap, problems, as_json)
        if problems:
            if as_json:
                raise click.exceptions.Exit(1)
            raise UserError(f"{len(problems)} problem{'s' * (len(problems) != 1)} in {config_file()}")


def _keys(config: UserConfig) -> tuple[list[KeyAction], dict[str, tuple[str, ...]], list[Problem]]:
    from tui.keys.catalogue import key_actions

    actions = key_actions()
    return actions, *checked_keymap(config.keys, actions)


def _make_file(as_json: bool) -> None:
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(first_file())
    except FileExistsError:
        raise UserError(f"{path} exists", hint="humanoid-tui settings shows it") from None
    show_result(str(path), {"file": str(path)}, as_json)


def _show_keys(actions: list[KeyAction], keymap: dict[str, tuple[str, ...]], as_json: bool) -> None:
    keys = {action.id: ", ".join(keymap.get(action.id, action.keys)) for action in actions}
    ids_width, keys_width = max(map(len, keys)), max(map(len, keys.values()))
    lines = [
        f"{action.id:<{ids_width}}  {keys[action.id]:<{keys_width}}  {action.tooltip or action.description}"
        + (f" (default {', '.join(action.keys)})" if action.id in keymap else "")
        for action in actions
    ]
    values = [
        {
            "id": action.id,
            "keys": list(keymap.get(action.id, action.keys)),
            "default": list(action.keys),
            "description": action.description,
            "tooltip": action.tooltip,
        }
        for action in actions
    ]
    show_result("\n".join(lines), values, as_json)


def _show_settings(
    config: UserConfig, keymap: dict[str, tuple[str, ...]], problems: list[Problem], as_json: bool
) -> None:
    path = config_file()
    lines = [f"# {path}" + ("" if path.exists() else " (no file: all defaults)")]
    table = ""
    for setting in settings():
        if setting.is_of_named_table:
            continue
        if setting.table != table:
            table = setting.table
            lines += ["", f"[{table}]"]
        value: Any = config
        for part in (*setting.table.split("."), setting.name):
            value = getattr(value, part)
        lines.append(f"{setting.name} = {toml_value(_SECRET if setting.is_secret and value else value)}")
    for name, host in config.hosts.items():
        lines += ["", tomli_w.dumps({"hosts": {name: msgspec.to_builtins(host)}}).strip()]
    if keymap:
        lines += ["", "[keys]", *(f'"{id}" = {toml_value(", ".join(keys))}' for id, keys in keymap.items())]
    lines += [""] * bool(problems) + [f"! {problem}" for problem in problems]
    inforce = msgspec.to_builtins(msgspec.structs.replace(config, keys={id: ", ".join(k) for id, k in keymap.items()}))
    for setting in settings():
        if setting.is_secret and inforce[setting.table][setting.name]:
            inforce[setting.table][setting.name] = _SECRET
    value_ = {"file": str(path), "exists": path.exists(), "settings": inforce, "problems": list(map(str, problems))}
    show_result("\n".join(lines), value_, as_json)
