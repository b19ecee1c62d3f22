"""The OpenAPI document: schemathesis asks the server for all that the document promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.http.served import ServedDoor
from tests.tui.screens.recorded import make_run
from tests.waiting import TRAINING_SECONDS
from tui.http.openapi import document
from tui.http.routes import ROUTES

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)
"""Not `positive_data_acceptance`: no schema knows which metrics, knobs and checkpoints a run has."""


def test_every_route_is_in_the_document():
    paths = document()["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == {
        (route.method, route.path) for route in ROUTES
    }
    identifiers = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(set(identifiers)) == len(identifiers)


@pytest.fixture
def door(tmp_path):
    door = ServedDoor(tmp_path, "--most", "0")  # a launch is refused with 409
    yield door
    door.close()


@pytest.mark.real
def test_the_server_does_what_the_document_says(door, tmp_path):
    run = make_run(tmp_path / "logs", "g1-steered")
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(
        f'[parameters]\n"path.job_id" = "{run.path.parent.name}:{run.name}"\n"path.number" = 1\n', encoding="utf-8"
    )
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings), "run"]
    options = {
        "--header": f"Authorization: Bearer {door.token}",
        "--checks": ",".join(CHECKS),
        "--phases": "coverage,fuzzing",
        "--max-examples": "3",
        "--rate-limit": "90/s",
        "--seed": "1",
        "--generation-database": "none",
    }
    command += [f"{door.address}/openapi.json", "--no-color", *(word for pair in options.items() for word in pair)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=TRAINING_SECONDS)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert f"Tested: {len(ROUTES)}" in done.stdout
    assert list((tmp_path / "logs").glob("*/*")) == [run.path]
