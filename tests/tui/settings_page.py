"""The tables of docs/settings.md, from the program; `python -m tests.tui.settings_page` writes them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tui.keys.catalogue import key_actions
from tui.session.settings.settings_file import settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def settings_table():
    rows = ["| setting | default | takes | |", "| --- | --- | --- | --- |"]
    for setting in settings():
        setting_name, default = f"{setting.table}.{setting.name}", json.dumps(setting.default)
        rows.append(f"| `{setting_name}` | `{default}` | {setting.allowed} | {setting.text} |")
    return "\n".join(rows)


def keys_table():
    rows = ["| id | keys | |", "| --- | --- | --- |"]
    for action in key_actions():
        keys = ", ".join(f"`{key}`" for key in action.keys)
        rows.append(f"| `{action.id}` | {keys} | {action.tooltip} |")
    return "\n".join(rows)


def with_tables(page):
    """Return the page with its two tables as they should be."""
    for name, table in (("settings", settings_table()), ("keys", keys_table())):
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        page = re.sub(f"{begin}.*?{end}", lambda _, whole=begin + table + end: whole, page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
