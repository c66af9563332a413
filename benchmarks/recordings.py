"""Answers that the real Notion has sent, and the JSON schema of the official SDK's types, to hold others against."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.protocols import Validator

FOLDER = Path("/work/shared/notion")


def are_here() -> bool:
    return FOLDER.is_dir()


@cache
def _definitions() -> dict[str, Any]:
    schema = json.loads((FOLDER / "notion_api_schema.json").read_text())
    definitions: dict[str, Any] = schema["definitions"]
    for definition in definitions.values():
        _let_go_of_archived(definition)
    return definitions


def _let_go_of_archived(node: Any) -> None:
    """The schema demands ``archived``, which version 2026-03-11 no longer sends."""
    if isinstance(node, dict):
        if "archived" in node.get("required", ()):
            node["required"] = [key for key in node["required"] if key != "archived"]
        for value in node.values():
            _let_go_of_archived(value)
    elif isinstance(node, list):
        for value in node:
            _let_go_of_archived(value)


@cache
def validator(name: str) -> Validator:
    schema = {"$ref": f"#/definitions/X{name}", "definitions": _definitions()}
    return jsonschema.Draft7Validator(schema)


def problems(name: str, document: Any) -> list[str]:
    """Return what keeps a document from being one of these, the deepest reason first."""
    errors = validator(name).iter_errors({"v": document})
    return [f"{error.json_path}: {_deepest(error).message[:300]}" for error in errors]


def _deepest(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    deepest: jsonschema.ValidationError = jsonschema.exceptions.best_match([error])
    return deepest


def recorded(kind: str) -> list[dict[str, Any]]:
    """Return the recorded answers (``pages``, ``data_sources``) at version 2026-03-11: those without ``archived``."""
    return [answer for answer in _lines(kind) if "archived" not in answer]


def recorded_before(kind: str) -> list[dict[str, Any]]:
    """Return those at 2025-09-03 without the ``archived`` that the later version leaves out."""
    before = [answer for answer in _lines(kind) if "archived" in answer]
    return [{key: value for key, value in answer.items() if key != "archived"} for answer in before]


def _lines(kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"recorded_{kind}.jsonl").read_text().splitlines()]
