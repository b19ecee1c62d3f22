"""The page on bundles has every field of `policy.json`, in the words of the code."""

from __future__ import annotations

from typing import get_args

from tests.bundle_page import PAGE, structs, with_tables
from trainer_proc.contract.bundle.card import PolicyCard
from trainer_proc.contract.bundle.description import FORMAT, PolicyDescription, Quantity


def test_the_tables_are_those_of_the_code():
    assert PAGE.read_text() == with_tables(PAGE.read_text()), "python -m tests.bundle_page writes the tables again"


def test_every_field_has_its_row():
    found = structs()
    described = {name for name, *_ in found["PolicyDescription"]}
    assert described == set(PolicyDescription.__struct_fields__)
    assert described | {name for name, *_ in found["PolicyCard"]} == set(PolicyCard.__struct_fields__)
    assert [name for name, kind, text in found["PolicyDescription"] if not text] == []


def test_all_quantities_and_the_format_are_on_the_page():
    page = PAGE.read_text()
    assert [one for one in get_args(Quantity) if f"| `{one}` |" not in page and one] == []
    assert f"This page describes format {FORMAT}." in page
