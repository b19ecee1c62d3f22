"""The generated tables of docs/bundle.md; `python -m tests.bundle_page` writes them again.

They are made of the structs' own docstrings, so that page and code can't differ.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "bundle.md"
_MODULES = [ROOT / "trainer_proc" / "contract" / "bundle" / f"{name}.py" for name in ("description", "card")]
_TYPES = {
    "dict": "object",
    "tuple": "list",
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "None": "null",
    "Any": "any value",
}


def structs():
    """Return the fields of each struct: name, type and text."""
    classes = [node for path in _MODULES for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    return {cls.name: list(_fields(cls)) for cls in classes}


def _fields(cls):
    for node, after in zip(cls.body, [*cls.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign):
            text = after.value.value if isinstance(after, ast.Expr) else ""
            yield node.target.id, _type(ast.unparse(node.annotation)), " ".join(text.split())


def _type(annotation):
    return re.sub(r"\w+", lambda word: _TYPES.get(word[0], word[0]), annotation).replace("|", "\\|")


def table(name):
    rows = ["| field | type | |", "| --- | --- | --- |"]
    for field, kind, text in structs()[name]:
        rows.append(f"| `{field}` | {kind} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def with_tables(page):
    """Return the text of the page with all its tables as they should be; every struct must have its place."""
    for name in structs():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        assert begin in page, name
        assert end in page, name
        made = begin + table(name) + end
        page = re.sub(f"{begin}.*?{end}", lambda _, made=made: made, page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
