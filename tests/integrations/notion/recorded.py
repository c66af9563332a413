"""Answers of the real API, recorded (see the README beside them)."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

FOLDER = Path("/work/shared/notion")

needs_recordings = pytest.mark.skipif(
    not FOLDER.exists(), reason="The recorded answers of Notion are not on this machine."
)


def pages() -> list[dict[str, Any]]:
    return _read("recorded_pages.jsonl")


def data_sources() -> list[dict[str, Any]]:
    return _read("recorded_data_sources.jsonl")


@cache
def validator(name: str) -> Draft202012Validator:
    """Return the check of one definition (``XCreatePageParameters``); the document goes under the key ``v``."""
    schema = json.loads((FOLDER / "notion_api_schema.json").read_text())
    return Draft202012Validator({"definitions": schema["definitions"], "$ref": f"#/definitions/{name}"})


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]
