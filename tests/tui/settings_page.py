"""The generated tables of docs/settings.md and docs/keys.md; `python -m tests.tui.settings_page` writes them again."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tui.keys.catalogue import key_actions
from tui.session.settings.settings_file import settings

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"settings": DOCS / "settings.md", "keys": DOCS / "keys.md"}
"""The page of each table; comments with its name enclose it there."""


def settings_table():
    rows = ["| setting | default | accepts | |", "| --- | --- | --- | --- |"]
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


TABLES = {"settings": settings_table, "keys": keys_table}


def with_table(page, name):
    """Return the text of a page with its table `name` as it should be."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    assert begin in page
    assert end in page
    return re.sub(f"{begin}.*?{end}", lambda _: begin + TABLES[name]() + end, page, flags=re.DOTALL)


if __name__ == "__main__":
    for name, path in PAGES.items():
        path.write_text(with_table(path.read_text(), name))
