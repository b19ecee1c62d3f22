"""The tables in the documentation have all keys, with the defaults that they have."""

from __future__ import annotations

import re
import tomllib

import msgspec
import pytest

from curricula.load import KINDS, make_curricula
from tests.scripts import ROOT

TEXT = (ROOT / "docs" / "curricula.md").read_text()
BLOCKS = [tomllib.loads(block) for block in re.findall(r"```toml\n(\[curriculum\..*?)```", TEXT, re.DOTALL)]
TABLES = {table["kind"]: table for block in BLOCKS for table in block["curriculum"].values()}
EXAMPLES = {"stages", "ranges", "points", "tasks", "steps"}
LEFT_OUT = {"growth": {"down"}, "tasks": {"start"}}


def test_every_kind_has_a_table():
    assert TABLES.keys() == KINDS.keys()
    assert all(table.keys() == {"curriculum"} for table in BLOCKS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_has_all_keys_with_their_defaults(kind):
    table = TABLES[kind]
    fields = {field.encode_name: field for field in msgspec.structs.fields(KINDS[kind][0])}
    assert table.keys() == fields.keys() - LEFT_OUT.get(kind, set()) | {"kind"}
    for name in table.keys() - {"kind"}:
        if fields[name].required:
            assert name in EXAMPLES
        else:
            assert msgspec.convert(table[name], fields[name].type) == fields[name].default, name
    assert all(f"# {name} = " in TEXT for name in LEFT_OUT.get(kind, ()))
    make_curricula({"c": table})
