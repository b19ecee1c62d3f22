"""The OpenAPI document of the routes, and a page of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from tui.http.messages import POLICY_TYPES, Launch, Problem
from tui.http.route import Route
from tui.http.routes import ROUTES

_REFUSALS = (400, 401, 403, 404, 408, 409, 413, 415, 416, 422, 429, 503)
_PLACE = "#/components/schemas/{name}"
_TASKS = ("humanoid_walk", "g1-run", "cartpole")
"""Names of the user's own presets are for clients with the token."""
_NUMBERS = {"type": "integer", "minimum": 0, "maximum": 2**53}


def document(address: str = "") -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a server at `address`."""
    types = [Problem, *(one for route in ROUTES for one in (route.body, route.result) if one is not None)]
    unique = list(dict.fromkeys(types))
    schemas, components = msgspec.json.schema_components(unique, ref_template=_PLACE)
    by_type = dict(zip(unique, schemas, strict=True))
    launch = components[Launch.__name__]["properties"]
    launch["task"]["examples"] = list(_TASKS)
    launch["policy_type"]["examples"] = list(POLICY_TYPES)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "humanoid-tui",
            "version": version("humanoid-tui"),
            "description": "Start, follow and steer trainings. Every request needs the server's bearer token.",
        },
        "servers": [{"url": address or "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def page() -> str:
    """Return the document as a page of HTML, which loads nothing."""
    content = document()
    operations = "".join(
        _operation_html(method, path, operation)
        for path, methods in content["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(
        f"<h3 id='{name}'>{name}</h3><p>{html.escape(schema.get('description', ''))}</p>{_table(schema)}"
        for name, schema in content["components"]["schemas"].items()
    )
    return _PAGE.format(description=html.escape(content["info"]["description"]), operations=operations, schemas=schemas)


def _operation(route: Route, by_type: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    success = {
        "description": route.summary,
        "content": {route.media_type: {"schema": by_type[route.result]}},
    }
    problem = {"application/json": {"schema": by_type[Problem]}}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _operation_id(route),
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {str(route.status): success}
        | ({"206": success} if route.media_type == "text/plain" else {})
        | {str(status): {"description": HTTPStatus(status).phrase, "content": problem} for status in _REFUSALS},
    }
    if route.body is not None:
        required = any(one.required for one in msgspec.structs.fields(route.body))
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": by_type[route.body]}},
        }
    return operation


def _operation_id(route: Route) -> str:
    return "_".join([route.method.lower(), *re.findall(r"[a-z]+", route.path)])


def _path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        schema = _NUMBERS if name == "number" else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> Iterable[dict[str, Any]]:
    if route.query is None:
        return
    schema = msgspec.json.schema(route.query)["$defs"][route.query.__name__]
    for name, described in schema["properties"].items():
        described = {key: value for key, value in described.items() if key != "default" or value is not None}
        yield {"name": name, "in": "query", "description": described.pop("description", ""), "schema": described}


def _header_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name, description in route.headers:
        yield {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


def _operation_html(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        (f"{one['name']} ({one['in']})", _type_html(one["schema"]), html.escape(one.get("description", "")))
        for one in operation["parameters"]
    ]
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            rows += [
                (status, _type_html(media["schema"]), html.escape(kind)) for kind, media in response["content"].items()
            ]
    if body := operation.get("requestBody"):
        rows.insert(0, ("body", _type_html(body["content"]["application/json"]["schema"]), ""))
    return f"<h3><code>{method.upper()} {path}</code></h3><p>{operation['summary']}</p>{_rows(rows)}"


def _table(schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    return _rows(
        [
            (name + " *" * (name in required), _type_html(one), html.escape(one.get("description", "")))
            for name, one in schema.get("properties", {}).items()
        ]
    )


def _rows(rows: Sequence[tuple[str, str, str]]) -> str:
    return (
        "<table>"
        + "".join(f"<tr><td><code>{name}</code><td>{kind}<td>{text}</tr>" for name, kind, text in rows)
        + "</table>"
    )


def _type_html(schema: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"<a href='#{name}'>{name}</a>"
    if options := schema.get("anyOf"):
        return " or ".join(map(_type_html, options))
    if items := schema.get("items"):
        return f"list of {_type_html(items)}"
    if choices := schema.get("enum"):
        return html.escape(", ".join(map(str, choices)))
    return html.escape(str(schema.get("type", "any")))


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>humanoid-tui</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} 
td {{ border-top: 1px solid #ccc; padding: .2rem .8rem .2rem 0; vertical-align: top }}
h3 {{ margin: 2rem 0 0 }} p {{ margin: .2rem 0 .6rem }}
</style>
<h1>humanoid-tui</h1>
<p>{description}</p>
<p>For programs: <a href="/openapi.json">openapi.json</a></p>
<h2>Requests</h2>{operations}
<h2>Bodies</h2><p>Fields with * are required.</p>{schemas}
</html>
"""
