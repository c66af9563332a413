"""Answers of the real API, recorded (see the README beside them)."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path("/work/shared/notion")

needs_recordings = pytest.mark.skipif(
    not FOLDER.exists(), reason="The recorded answers of Notion are not on this machine."
)


def pages() -> list[dict[str, Any]]:
    return _read("recorded_pages.jsonl")


def data_sources() -> list[dict[str, Any]]:
    return _read("recorded_data_sources.jsonl")


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]
